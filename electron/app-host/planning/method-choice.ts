/**
 * The choice of the method that applies to a question: only this file combines settings, the document's own choice and the question's
 * own choice. It also converts the choice for the engine.
 */
import { defaultEffort, type Effort, rocketOptionsFor, type Sampler } from '../../contract/method.ts';
import {
  type DocumentChoice,
  type MethodChoice,
  methodChoiceSchema,
  type OwnChoice,
  type Settings,
} from '../../contract/settings.ts';
import type { PlanningNeeds } from './needs.ts';

const names = methodChoiceSchema.keyof().options;
type MethodChanges = { [Name in keyof MethodChoice]?: MethodChoice[Name] | undefined };

export function choiceFor(rooms: PlanningNeeds, documentId: string, changes: MethodChanges = {}): MethodChoice {
  return withChanges(rooms.settings.get(), rooms.documents.choice(documentId), changes);
}

/** For each name the last given value counts. */
export function withChanges(choice: MethodChoice, ...changes: MethodChanges[]): MethodChoice {
  const layers: MethodChanges[] = [choice, ...changes];
  const last = (name: keyof MethodChoice) => layers.findLast((layer) => layer[name] !== undefined)?.[name];
  return Object.fromEntries(names.map((name) => [name, last(name)])) as MethodChoice;
}

/** The effort that a document is read with: the usual one where the model's template takes none. */
export const effortOf = ({ supervisor }: Pick<PlanningNeeds, 'supervisor'>, { effort }: MethodChoice): Effort =>
  supervisor.model?.hasEffort ? effort : defaultEffort;

export function documentChoice(rooms: PlanningNeeds, documentId: string): DocumentChoice {
  const own = rooms.documents.choice(documentId);
  return { own, choice: withChanges(rooms.settings.get(), own) };
}

export function changeDocumentChoice(rooms: PlanningNeeds, documentId: string, changes: OwnChoice): DocumentChoice {
  rooms.documents.setChoice(documentId, { ...rooms.documents.choice(documentId), ...changes });
  return documentChoice(rooms, documentId);
}

/** Takes the document's own choice back, for these names or for all. */
export function clearDocumentChoice(
  rooms: PlanningNeeds,
  documentId: string,
  cleared: readonly (keyof MethodChoice)[] = names,
): DocumentChoice {
  const kept = Object.entries(rooms.documents.choice(documentId)).filter(
    ([name]) => !cleared.includes(name as keyof MethodChoice),
  );
  rooms.documents.setChoice(documentId, Object.fromEntries(kept));
  return documentChoice(rooms, documentId);
}

/** What nobody chose gets its default here, after all choices were put together: it depends on them. */
export function engineOptions(choice: MethodChoice) {
  const { mode, maxNew, tokenBudget, pooling, selector, window, kernel, decomposition, nDenseLayers } = choice;
  const chosen = { tokenBudget, pooling, selector, window, kernel, decomposition, nDenseLayers };
  return { mode, rocket: rocketOptionsFor({ mode, maxNew }, chosen), maxNew };
}

/** A temperature for another answer where the settings would always give the same one. */
const drawn = { temperature: 0.7, topP: 0.95 };

/** `seed`: for an answer that should differ from the one before; undefined: the sampler of the settings. */
export function samplerFor({ sampler }: Settings, seed: number | undefined): Sampler {
  if (seed === undefined) return sampler;
  return { ...sampler, ...(sampler.temperature > 0 ? {} : drawn), seed };
}

/** Stands for any short question when a plan is made before one was typed. */
export const typicalQuestion = 'What does the document say about this?';
export const typicalQuestionTokens = 32;
/** About how many tokens the wording around document and question has; the engine counts them exactly when it reads. */
export const wordingTokens = 96;
