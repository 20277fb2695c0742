/** What applies to a question: settings, a document's own choice and a question's wishes, put together here alone; and as the engine wants it. */
import { defaultRocketOptions, type Sampler } from '../../contract/method.ts';
import {
  type DocumentChoice,
  type MethodChoice,
  methodChoiceSchema,
  type OwnChoice,
  type Settings,
} from '../../contract/settings.ts';
import type { App } from '../app.ts';

const names = methodChoiceSchema.keyof().options;
type Wishes = { [Name in keyof MethodChoice]?: MethodChoice[Name] | undefined };

export function choiceFor(app: App, documentId: string, wishes: Wishes = {}): MethodChoice {
  return withChanges(app.settings.get(), app.documents.choice(documentId), wishes);
}

/** The later ones win, point by point. */
export function withChanges(choice: MethodChoice, ...changes: Wishes[]): MethodChoice {
  const layers: Wishes[] = [choice, ...changes];
  const last = (name: keyof MethodChoice) => layers.findLast((layer) => layer[name] !== undefined)?.[name];
  return Object.fromEntries(names.map((name) => [name, last(name)])) as MethodChoice;
}

export function documentChoice(app: App, documentId: string): DocumentChoice {
  const own = app.documents.choice(documentId);
  return { own, choice: withChanges(app.settings.get(), own) };
}

export function changeDocumentChoice(app: App, documentId: string, changes: OwnChoice): DocumentChoice {
  app.documents.setChoice(documentId, { ...app.documents.choice(documentId), ...changes });
  return documentChoice(app, documentId);
}

/** As in the settings again, in these points or in all. */
export function clearDocumentChoice(
  app: App,
  documentId: string,
  cleared: readonly (keyof MethodChoice)[] = names,
): DocumentChoice {
  const kept = Object.entries(app.documents.choice(documentId)).filter(
    ([name]) => !cleared.includes(name as keyof MethodChoice),
  );
  app.documents.setChoice(documentId, Object.fromEntries(kept));
  return documentChoice(app, documentId);
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
