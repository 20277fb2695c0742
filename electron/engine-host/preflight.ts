/**
 * A prompt that does not fit the model's context is refused before anything is computed, with both numbers and what to do. Nothing is ever
 * cut silently. The addon checks whether it fits the machine's memory.
 */

import { AppError } from '../contract/errors.ts';
import { minMaxNew } from '../contract/method.ts';
import { count } from '../contract/number-words.ts';

export interface ContextUse {
  modelName: string;
  /** Tokens that the model can attend to. */
  context: number;
  /** Tokens that are read already: document and earlier turns. */
  held: number;
  question: number;
  maxNew: number;
}

/** How long the answer may be, with a notice when that is less than was asked for. */
export function fitAnswer(use: ContextUse): { maxNew: number; notice?: string } {
  const prompt = use.held + use.question;
  const room = use.context - prompt;
  const least = Math.min(use.maxNew, minMaxNew);
  if (room < least) {
    throw new AppError(
      'CTX_OVERFLOW',
      `The document and the question have ${count(prompt)} tokens, and an answer needs at least ${least} more; ` +
        `${use.modelName} reads at most ${count(use.context)}. Ask about fewer or shorter files.`,
      { advice: 'choose-model-with-longer-context' },
    );
  }
  if (room >= use.maxNew) return { maxNew: use.maxNew };
  return {
    maxNew: room,
    notice:
      `The answer can have at most ${count(room)} tokens instead of ${count(use.maxNew)}: document and question fill ` +
      `${count(prompt)} of the model's ${count(use.context)}.`,
  };
}
