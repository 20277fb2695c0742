/** Pools rows of `fidelity --csv` over several texts: means are weighted by positions, answers are summed. */
import { type Row, readRows } from '../../native/bench/line-chart.ts';

export interface Pooled {
  texts: number;
  positions: number;
  klMean: number;
  /** Share of positions with full KV's best token. */
  top1: number;
  /** Answers over all texts: full KV's right ones, and how many of them stay right. */
  fullRight: number;
  kept: number;
  /** Bytes per KV head: read per step, and stored. */
  readBytes: number;
  storedBytes: number;
}

export function pool(rows: readonly Row[]): Pooled {
  const sum = (column: string) => rows.reduce((total, row) => total + Number(row[column] ?? 0), 0);
  const positions = sum('positions');
  const mean = (column: string) =>
    rows.reduce((total, row) => total + Number(row[column]) * Number(row.positions), 0) / positions;
  return {
    texts: rows.length,
    positions,
    klMean: mean('kl_mean'),
    top1: mean('top1'),
    fullRight: sum('full_right'),
    kept: sum('right_of_full'),
    readBytes: mean('read_bytes'),
    storedBytes: mean('stored_bytes'),
  };
}

const folder = new URL('./', import.meta.url);
export const gateRows = readRows(new URL('gate.csv', folder));
export const modelRows = readRows(new URL('fidelity-models.csv', folder));
export const extractionRows = readRows(new URL('extraction.csv', folder));
export const ablationRows = readRows(new URL('ablation.csv', folder));

/** The selectors of stage 2 that the ablation compares. Where `--page 1` was not given, pages had two or three tokens in these runs. */
export const ablationWays = [
  { name: 'pages', is: (row: Row) => row.selector === 'pages' && row.page !== '1' },
  { name: 'pages of 1', is: (row: Row) => row.selector === 'pages' && row.page === '1' },
  { name: 'codes', is: (row: Row) => row.selector === 'codes' },
  { name: 'codes + residual', is: (row: Row) => row.selector === 'codes-residual' },
] as const;

export const ablationBudgets = [128, 256, 512, 1024];
