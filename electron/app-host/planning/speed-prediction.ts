/**
 * Predicts the speed of the next question or reading from earlier ones on this machine. Each time is modelled as the weighted sum of two
 * parts, whose weights minimise the squared relative errors. null: too little was measured, the model does not fit the measurements, or the
 * asked value is far outside of them.
 */
import type { AnswerSpeed, ReadingSpeed } from '../library/speed-store.ts';

const fewestAnswers = 3;
/** Shorter answers say little about the speed of a token. */
const fewestTokens = 8;
/** Only so many of the newest measurements count, since the machine may have changed. */
const newest = 30;
const largestError = 0.25;

interface Measured {
  parts: readonly [first: number, second: number];
  ms: number;
}

/** Time of a token: a constant part, and a part for the bytes of the cache that it reads. */
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

/**
 * Time to the first token of a typical question: a part for the question's tokens, and a part for their attention to the rows before them.
 */
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

/** Time of a reading: a part for its tokens, and a part for the attention of each to those before it. One measured reading is enough. */
export function readingMs(readings: readonly ReadingSpeed[], tokens: number): number | null {
  const usable = readings.filter((reading) => reading.tokens > 0 && reading.ms > 0).slice(0, newest);
  const weights = weightsOf(usable.map(({ tokens, ms }) => ({ parts: [tokens, tokens * tokens], ms })));
  return weights && tokens * (weights[0] + weights[1] * tokens);
}

/**
 * Whether a value is near the measured ones: measurements at a single value allow no extrapolation, those over a wider range allow some.
 */
function isNear(value: number, measured: readonly number[]): boolean {
  const least = Math.min(...measured);
  const most = Math.max(...measured);
  const reach = most >= 2 * least ? 4 : 1.25;
  return value >= least / reach && value <= most * reach;
}

/** The two weights, not negative. If the measurements cannot separate the parts, everything is attributed to the first. */
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
