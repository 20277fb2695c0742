/** Puts an answer's stream of events together into its text so far. */
import type { AnswerText } from './engine-reports.ts';

export interface AnswerSoFar {
  thinking: string;
  answer: string;
}

export function withText(soFar: AnswerSoFar, event: AnswerText): AnswerSoFar {
  if (event.type === 'restated') return { thinking: event.thinking, answer: event.answer };
  if (event.type === 'thinking') return { ...soFar, thinking: soFar.thinking + event.text };
  return { ...soFar, answer: soFar.answer + event.text };
}
