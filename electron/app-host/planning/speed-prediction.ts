/**
 * How fast the next question or reading will be, from what earlier ones took on this machine. Each time is the sum of two parts
 * with a meaning, whose weights are the least squares of the relative errors; null where too little was measured, where what was
 * measured is not explained by it, or where it would be a guess far outside of it.
 */
import type { AnswerSpeed, ReadingSpeed } from '../library/speed-store.ts';

const fewestAnswers = 3;
/** The first tokens of an answer say little about its speed. */
const fewestTokens = 8;
/** The machine of today, not of last month. */
const newest = 30;
const largestError = 0.25;

interface Measured {
  parts: readonly [first: number, second: number];
  ms: number;
}

/** A token: something that every token costs, and the bytes of the cache that it reads. */
export function tokenMs(answers: readonly AnswerSpeed[], bytes: number): number | null {
  const usable = answers
    .filter(({ generated, decodeMs }) => generated >= fewestTokens && decodeMs > 0)
    .slice(0, newest);
  if (usable.length < fewestAnswers || bytes <= 0) return null;
  const read = usable.map((answer) => answer.bytes);
  if (!isNear(bytes, read)) return null;
  const weights = weightsOf(
    usable.map(({ generated, decodeMs, bytes }) => ({ parts: [1, bytes], ms: decodeMs / generated })),
  );
  return weights && weights[0] + weights[1] * bytes;
}

/** The first token: the question's tokens through the model, and each of them over the rows before it. For a usual question. */
export function firstTokenMs(answers: readonly AnswerSpeed[], rows: number): number | null {
  const usable = answers.filter((answer) => answer.firstTokenMs > 0 && answer.question > 0).slice(0, newest);
  if (usable.length < fewestAnswers || rows <= 0) return null;
  const seen = usable.map((answer) => answer.rows);
  if (!isNear(rows, seen)) return null;
  const weights = weightsOf(
    usable.map(({ question, rows, firstTokenMs }) => ({ parts: [question, question * rows], ms: firstTokenMs })),
  );
  const question = median(usable.map((answer) => answer.question));
  return weights && question * (weights[0] + weights[1] * rows);
}

/** A reading: each token through the model, and over those before it. One reading is enough to go by. */
export function readingMs(readings: readonly ReadingSpeed[], tokens: number): number | null {
  const usable = readings.filter((reading) => reading.tokens > 0 && reading.ms > 0).slice(0, newest);
  const weights = weightsOf(usable.map(({ tokens, ms }) => ({ parts: [tokens, tokens * tokens], ms })));
  return weights && tokens * (weights[0] + weights[1] * tokens);
}

/** What was measured at one place says nothing about a place far away; at several, a line through them does. */
function isNear(value: number, measured: readonly number[]): boolean {
  const least = Math.min(...measured);
  const most = Math.max(...measured);
  const reach = most >= 2 * least ? 4 : 1.25;
  return value >= least / reach && value <= most * reach;
}

/** Weights of at least 0. Measurements that do not tell the two parts apart are put down to the first. */
export function weightsOf(measured: readonly Measured[]): [number, number] | null {
  if (measured.length === 0) return null;
  let [s00, s01, s11, s0, s1] = [0, 0, 0, 0, 0];
  for (const { parts, ms } of measured) {
    const [a, b] = [parts[0] / ms, parts[1] / ms];
    s00 += a * a;
    s01 += a * b;
    s11 += b * b;
    s0 += a;
    s1 += b;
  }
  const determinant = s00 * s11 - s01 * s01;
  const isOne = determinant <= 1e-3 * s00 * s11;
  const both: [number, number] = [(s0 * s11 - s1 * s01) / determinant, (s1 * s00 - s0 * s01) / determinant];
  const alone: [number, number][] =
    s11 > 0 && !isOne
      ? [
          [s0 / s00, 0],
          [0, s1 / s11],
        ]
      : [[s0 / s00, 0]];
  const possible = !isOne && both[0] >= 0 && both[1] >= 0 ? [both] : alone;
  const errorOf = (weights: readonly [number, number]) =>
    median(measured.map(({ parts, ms }) => Math.abs((weights[0] * parts[0] + weights[1] * parts[1]) / ms - 1)));
  const best = possible.reduce((least, weights) => (errorOf(weights) < errorOf(least) ? weights : least));
  return errorOf(best) <= largestError ? best : null;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
}
