/** The line of numbers under an answer, and the few words that tell two answers to one question apart. */
import type { AskChoice, Turn, TurnReport } from '../../../electron/contract/app-types.ts';
import { count, plural, seconds, speed } from '../../format.ts';
import { modeNames } from '../../mode-names.ts';

/** Whether the answer could read every row: then full KV could do no better. */
export const readsAll = ({ mode, counters }: TurnReport) => mode === 'full' || counters.budgets.dense;

/** The parts of the line; none of them is broken over two lines. */
export function statsParts(report: TurnReport, choice: AskChoice): string[] {
  const { timings, counters, generatedTokens, thinkingTokens, finishReason, maxNew, mode } = report;
  const reads = readsAll(report);
  const parts = [
    timings.decodeMs > 0 ? speed((generatedTokens / timings.decodeMs) * 1000) : null,
    `first token ${seconds(timings.firstTokenMs / 1000)}`,
    plural(generatedTokens, 'token'),
    timings.drafted > 0 ? `${count(timings.accepted)} of ${plural(timings.drafted, 'draft')} right` : null,
    thinkingTokens > 0 ? `${count(thinkingTokens)} of them thinking` : null,
    reads ? modeNames[mode] : `${modeNames[mode]} ${count(counters.budgets.tokenBudget)}`,
    reads
      ? `all ${count(counters.rowsTotal)} rows`
      : `kept ${count(counters.rowsKept)} of ${count(counters.rowsTotal)} rows`,
    choice.sampled ? 'drawn by chance' : null,
    finishReason === 'length' ? `cut at ${count(maxNew)} tokens` : 'ended by itself',
  ];
  return parts.filter((part) => part !== null);
}

/** What an answer was made with; until the engine has reported, what was asked for. */
export function answerTitle({ report, choice }: Turn): string {
  const mode = report?.mode ?? choice.mode;
  const budget = report?.counters.budgets.tokenBudget ?? choice.tokenBudget;
  const name = mode === undefined ? 'Answer' : modeNames[mode];
  const title = mode === 'full' || budget === undefined ? name : `${name}, budget ${count(budget)}`;
  return choice.sampled ? `${title}, drawn by chance` : title;
}
