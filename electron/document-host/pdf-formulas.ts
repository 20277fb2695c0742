/**
 * Formulas of several lines: fractions, sums with limits, large brackets. Their parts stand on several levels and look like cells of a table,
 * or are divided at the white space between two columns. A formula is drawn part by part, so its parts are joined in the order of drawing to
 * one segment. Pure.
 */
import type { Segment } from './pdf-segments.ts';

const mostParts = 80;
const mostGap = 2; // of the size, between two parts beside each other
const mostStep = 0.35; // of the size, between two parts above each other
const hangs = 2.4; // of the size, how far a large bracket or a sum reaches below its base line
const prose = /\p{L}{4,}\s.*\p{L}{4,}|^[\p{L}\s.,:;-]*\p{L}{4,}[\p{L}\s.,:;-]*$|\p{Lo}{4}/u;
const sign = /[=<>+−±×·∗∝≈≡≠≤≥→∼∈√∑∏∫∂⁰¹²³⁴-⁹]|\p{Script=Greek}/u;
const mostLooked = 200; // characters of a part: the pattern takes quadratic time for an endless word

/** The segments, in the order of drawing, with each formula of several lines as one of them. */
export function withFormulas(segments: readonly Segment[]): Segment[] {
  if (!segments.some(({ text }) => sign.test(text))) return [...segments];
  const isProse = segments.map(({ text }) => prose.test(text.slice(0, mostLooked)));
  const shows = segments.map((part, i) => !isProse[i] && (isHanging(part) || isAboveAnother(segments, i)));
  const result: Segment[] = [];
  const end = shows.lastIndexOf(true) + 1;
  let next = 0; // the next part that may show a formula
  for (let i = 0; i < segments.length; ) {
    if (i < end && next <= i) next = shows.indexOf(true, i);
    const isNear = i < end && next - i < mostParts && !isProse[i];
    const parts = isNear ? partsFrom(segments, i, isProse) : [];
    const formula = parts.length > Math.max(1, next - i) ? joined(parts) : undefined;
    result.push(formula ?? (segments[i] as Segment));
    i += formula ? parts.length : 1;
  }
  return result.length === segments.length ? result : result.map((segment, order) => ({ ...segment, order }));
}

const nearby = 4; // a fraction's lower part is one of the next segments

function isAboveAnother(segments: readonly Segment[], i: number): boolean {
  for (let k = i + 1; k <= i + nearby && k < segments.length; k++)
    if (isFraction(segments[i] as Segment, segments[k] as Segment)) return true;
  return false;
}

/** A large sign of TeX's fonts hangs from its base line. */
const isHanging = ({ text, base, bottom, size }: Segment): boolean => text.length <= 4 && base - bottom > 1.5 * size;

const lowest = (part: Segment): number => part.base - (isHanging(part) ? hangs : 0.25) * part.size;
const highest = (part: Segment): number => part.base + (isHanging(part) ? 0 : 0.75) * part.size;

/** The parts that are drawn one after the other from `start` on, each near those before it. */
function partsFrom(segments: readonly Segment[], start: number, isProse: readonly boolean[]): Segment[] {
  const parts: Segment[] = [];
  let [left, right, top, bottom, size] = [0, 0, 0, 0, 0];
  for (let i = start; i < segments.length && parts.length < mostParts; i++) {
    const part = segments[i] as Segment;
    if (isProse[i]) break;
    if (parts.length > 0) {
      if (part.size > 1.3 * size || part.size < 0.4 * size) break;
      if (part.left > right + mostGap * size || part.left < left - 0.5 * size) break;
      if (lowest(part) > top + mostStep * size || highest(part) < bottom - mostStep * size) break;
    }
    parts.push(part);
    left = parts.length === 1 ? part.left : Math.min(left, part.left);
    right = parts.length === 1 ? part.right : Math.max(right, part.right);
    top = parts.length === 1 ? highest(part) : Math.max(top, highest(part));
    bottom = parts.length === 1 ? lowest(part) : Math.min(bottom, lowest(part));
    size = Math.max(size, part.size);
  }
  return parts;
}

/** undefined: the parts are no formula of several lines. */
function joined(parts: readonly Segment[]): Segment | undefined {
  if (!parts.some(({ text }) => sign.test(text))) return undefined;
  const main = mainPart(parts);
  if (!main) return undefined;
  return {
    ...main,
    text: parts.map(({ text }) => text).join(' '),
    left: Math.min(...parts.map(({ left }) => left)),
    right: Math.max(...parts.map(({ right }) => right)),
    order: (parts[0] as Segment).order,
    widestGap: Math.max(...parts.map(({ widestGap }) => widestGap)),
  };
}

/** The first part on the formula's own level: beside a fraction, or beside a large sign that reaches above and below it. */
function mainPart(parts: readonly Segment[]): Segment | undefined {
  const size = Math.max(...parts.map((part) => part.size));
  const level = parts.filter((part) => !isHanging(part) && part.size > 0.85 * size);
  const fractions: [upper: Segment, lower: Segment][] = [];
  for (const [i, upper] of level.entries()) {
    const lower = level[i + 1];
    if (lower && isFraction(upper, lower)) fractions.push([upper, lower]);
  }
  const inFraction = new Set(fractions.flat());
  return level.find(
    (part) =>
      !inFraction.has(part) &&
      (parts.some((other) => isHanging(other) && reachesAround(other, part)) ||
        fractions.some(([upper, lower]) => isBetween(part, upper, lower))),
  );
}

function isFraction(upper: Segment, lower: Segment): boolean {
  const size = Math.max(upper.size, lower.size);
  const step = upper.base - lower.base;
  const shared = Math.min(upper.right, lower.right) - Math.max(upper.left, lower.left);
  const width = Math.min(upper.right - upper.left, lower.right - lower.left);
  return step > 0.9 * size && step < 1.8 * size && shared > 0.5 * width;
}

const reachesAround = (sign: Segment, { base, size }: Segment): boolean =>
  base < sign.base - 0.3 * size && base > sign.base - hangs * size;

/** Whether a part stands beside a fraction, on a level between its two parts. */
function isBetween({ base, size, left, right }: Segment, upper: Segment, lower: Segment): boolean {
  if (upper.base - base < 0.3 * size || base - lower.base < 0.3 * size) return false;
  const gap = Math.max(Math.min(upper.left, lower.left) - right, left - Math.max(upper.right, lower.right));
  return gap > -0.5 * size && gap < mostGap * size;
}
