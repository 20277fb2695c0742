/** Measured rows as they are shown: budgets from small to large, full KV behind them. */
import type { TuningRow } from '../../../electron/contract/tuning.ts';

export const inOrder = (rows: readonly TuningRow[]): TuningRow[] =>
  [...rows].sort((a, b) => (a.budget ?? Number.POSITIVE_INFINITY) - (b.budget ?? Number.POSITIVE_INFINITY));
