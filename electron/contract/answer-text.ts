/** Puts an answer's stream of events together into its text so far. */
import type { AnswerText } from './engine-reports.ts';

export interface SaidSoFar {
  thinking: string;
  answer: string;
}

export function withText(said: SaidSoFar, event: AnswerText): SaidSoFar {
  if (event.type === 'restated') return { thinking: event.thinking, answer: event.answer };
  if (event.type === 'thinking') return { ...said, thinking: said.thinking + event.text };
  return { ...said, answer: said.answer + event.text };
}
