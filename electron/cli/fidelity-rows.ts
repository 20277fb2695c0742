/** Measured answers as the rows of `fidelity --csv`. The column names are an interface. */
import type { Agreement, Counters } from '../contract/engine-reports.ts';
import type { AnswerMode, RocketOptions } from '../contract/method.ts';
import { type Cell, mean, median, quantile, rounded } from './format.ts';
import { usedChoosing } from './method-flags.ts';

/** Of variantCells. */
export const variantColumns = ['mode', 'budget', 'selector', 'pooling'] as const;

/** Of agreementCells. */
export const agreementColumns = ['positions', 'kl_mean', 'kl_median', 'kl_p90', 'top1', 'mass_kept'] as const;

export const fidelityColumns = [
  'file',
  ...variantColumns,
  ...agreementColumns,
  'recall',
  'questions',
  'full_right',
  'right',
  'right_of_full',
  'read_bytes',
  'stored_bytes',
  'capacity',
  'page',
  'k',
] as const;

/** A measured variant: a mode with a budget, and with a selector and a pooling where the mode has the stage that uses them. */
export interface Variant {
  mode: AnswerMode;
  rocket: RocketOptions;
}

/** What names a variant (variantColumns). */
export function variantCells({ mode, rocket }: Variant): Cell[] {
  const { selector, pooling } = usedChoosing(mode, rocket);
  return [mode, rocket.tokenBudget, selector ?? null, pooling ?? null];
}

/** One question under one mode and budget. */
export interface MeasuredAnswer {
  fullRight: boolean;
  /** null if the mode did not answer freely. */
  right: boolean | null;
  /** Empty in a chat's second turn, where only answers are compared. */
  positions: Agreement[];
  counters: Counters;
}

const present = (values: (number | null)[]) => values.filter((value) => value !== null);

/** Attention mass on the rows that stage 2 reads; for modes without stage 2, on the rows that stage 1 kept. */
function massKept(answers: readonly Pick<MeasuredAnswer, 'positions' | 'counters'>[]): number {
  const measured = present(answers.flatMap((answer) => answer.positions.map((position) => position.mass)));
  return mean(measured.length > 0 ? measured : answers.flatMap((answer) => answer.counters.keptMass));
}

const round = (value: number, digits: number) => (Number.isNaN(value) ? null : rounded(value, digits));

/** How close the answers' positions are to full KV (agreementColumns). */
export function agreementCells(answers: readonly Pick<MeasuredAnswer, 'positions' | 'counters'>[]): Cell[] {
  const positions = answers.flatMap((answer) => answer.positions);
  const kl = positions.map((position) => position.kl);
  const top1 = mean(positions.map((position) => (position.sameTop1 ? 1 : 0)));
  return [
    positions.length,
    round(mean(kl), 6),
    round(median(kl), 6),
    round(quantile(kl, 0.9), 6),
    round(top1, 4),
    round(massKept(answers), 4),
  ];
}

export function fidelityRow(file: string, variant: Variant, answers: readonly MeasuredAnswer[]): Cell[] {
  const positions = answers.flatMap((answer) => answer.positions);
  const recall = mean(present(positions.map((position) => position.recall)));
  const budgets = answers.map((answer) => answer.counters.budgets);
  const answered = answers.some((answer) => answer.right !== null);
  return [
    file,
    ...variantCells(variant),
    ...agreementCells(answers),
    round(recall, 4),
    answers.length,
    answers.filter((answer) => answer.fullRight).length,
    answered ? answers.filter((answer) => answer.right).length : null,
    answered ? answers.filter((answer) => answer.fullRight && answer.right).length : null,
    round(mean(answers.map((answer) => answer.counters.readBytesPerStep)), 0),
    round(mean(answers.map((answer) => answer.counters.storedBytesPerHead)), 0),
    round(mean(budgets.map(({ capacity }) => capacity)), 0),
    round(mean(budgets.map(({ page }) => page)), 1),
    round(mean(budgets.map(({ k }) => k)), 0),
  ];
}
