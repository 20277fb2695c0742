/** A person's choice as the engine wants it. */
import type { MethodChoice } from '../contract/app-types.ts';
import { defaultRocketOptions, presets } from '../contract/method.ts';

export function engineOptions({ mode, preset, tokenBudget, maxNew }: MethodChoice) {
  return { mode, rocket: { ...defaultRocketOptions, ...presets[preset], tokenBudget }, maxNew };
}

/** Stands for any short question when a plan is made before one was typed. */
export const typicalQuestion = 'What does the document say about this?';
export const typicalQuestionTokens = 32;
/** Our words around document and question; the engine counts them exactly when it reads. */
export const wordingTokens = 96;
