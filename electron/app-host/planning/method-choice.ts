/** What applies to a question: settings, a document's own choice and a question's wishes, put together here alone; and as the engine wants it. */
import { defaultRocketOptions, type Sampler } from '../../contract/method.ts';
import {
  type DocumentChoice,
  type MethodChoice,
  methodChoiceSchema,
  type OwnChoice,
  type Settings,
} from '../../contract/settings.ts';
import type { PlanningNeeds } from './needs.ts';

const names = methodChoiceSchema.keyof().options;
type Wishes = { [Name in keyof MethodChoice]?: MethodChoice[Name] | undefined };

export function choiceFor(rooms: PlanningNeeds, documentId: string, wishes: Wishes = {}): MethodChoice {
  return withChanges(rooms.settings.get(), rooms.documents.choice(documentId), wishes);
}

/** The later ones win, point by point. */
export function withChanges(choice: MethodChoice, ...changes: Wishes[]): MethodChoice {
  const layers: Wishes[] = [choice, ...changes];
  const last = (name: keyof MethodChoice) => layers.findLast((layer) => layer[name] !== undefined)?.[name];
  return Object.fromEntries(names.map((name) => [name, last(name)])) as MethodChoice;
}

export function documentChoice(rooms: PlanningNeeds, documentId: string): DocumentChoice {
  const own = rooms.documents.choice(documentId);
  return { own, choice: withChanges(rooms.settings.get(), own) };
}

export function changeDocumentChoice(rooms: PlanningNeeds, documentId: string, changes: OwnChoice): DocumentChoice {
  rooms.documents.setChoice(documentId, { ...rooms.documents.choice(documentId), ...changes });
  return documentChoice(rooms, documentId);
}

/** As in the settings again, in these points or in all. */
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

export function engineOptions(choice: MethodChoice) {
  const { mode, maxNew, tokenBudget, pooling, selector, window, kernel, decomposition, nDenseLayers } = choice;
  const chosen = { tokenBudget, pooling, selector, window, kernel, decomposition, nDenseLayers };
  return { mode, rocket: { ...defaultRocketOptions, ...chosen }, maxNew };
}

/** Warm enough for another answer where the settings would always give the same. */
const drawn = { temperature: 0.7, topP: 0.95 };

/** `seed`: of an answer that is to be another one than before; undefined: as set. */
export function samplerFor({ sampler }: Settings, seed: number | undefined): Sampler {
  if (seed === undefined) return sampler;
  return { ...sampler, ...(sampler.temperature > 0 ? {} : drawn), seed };
}

/** Stands for any short question when a plan is made before one was typed. */
export const typicalQuestion = 'What does the document say about this?';
export const typicalQuestionTokens = 32;
/** Our words around document and question; the engine counts them exactly when it reads. */
export const wordingTokens = 96;
