/** Tables, CSV, and JSON fields that several commands print. */
import type { Budgets, ModelInfo } from '../contract/engine-reports.ts';
import { count } from '../contract/number-words.ts';

/** Field names are an interface of `ask --json` and `inspect --json`. */
export function budgetsJson(budgets: Budgets) {
  return {
    token_budget: budgets.tokenBudget,
    capacity: budgets.capacity,
    prompt_budget: budgets.promptBudget,
    page: budgets.page,
    r: budgets.r,
    k: budgets.k,
    window: budgets.window,
    kernel: budgets.kernel,
  };
}

/** How many of a token's matrix products a GPU computes with our own kernels, and how many with ggml's. */
export function gpuProductsText({ gpuProducts }: ModelInfo): string {
  if (!gpuProducts) return 'not known';
  const { all, ours } = gpuProducts;
  const left = all - ours;
  return left === 0
    ? `all ${count(all)} by RocketDoc's kernels`
    : `${count(ours)} of ${count(all)} by RocketDoc's kernels, ${count(left)} by ggml's`;
}

/** Rounds to `digits` decimals. */
export function rounded(value: number, digits = 6): number {
  return Number(value.toFixed(digits));
}

export type Cell = string | number | null;

/** RFC 4180: quotes only where needed; null and NaN are empty. */
export function csvLine(cells: readonly Cell[]): string {
  return cells
    .map((cell) => {
      if (cell === null || Number.isNaN(cell)) return '';
      const text = String(cell);
      return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    })
    .join(',');
}

/** A table whose columns are as wide as their content, with numbers aligned to the right. */
export function textTable(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => row.map((cell) => (cell === null || Number.isNaN(cell) ? '-' : String(cell))));
  const widths = header.map((name, i) => Math.max(name.length, ...texts.map((row) => row[i]?.length ?? 0)));
  const isNumeric = header.map((_, i) => rows.every((row) => typeof row[i] !== 'string'));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (isNumeric[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(header), ...texts.map(line)].join('\n');
}

/** Middle value; the mean of the two middle ones for an even count; NaN of nothing. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The q-quantile, with linear interpolation between neighbours. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}
