/**
 * Finds bands: parts of a page in which vertical white space separates text on its left from text on its right, as between two columns or
 * between the columns of a table. Pure.
 */
import { shareToTheLeft } from './pdf-direction.ts';
import {
  type DividingGutter,
  dividingGutters,
  drawnRanges,
  type Gutter,
  guttersOf,
  middle,
  type Range,
  type Scan,
  type Sides,
  scansOf,
} from './pdf-gutters.ts';
import { isRunningText } from './pdf-prose.ts';
import { rowsOf } from './pdf-rows.ts';
import type { Segment } from './pdf-segments.ts';

export interface Band {
  above: Segment[];
  left: Segment[];
  right: Segment[];
  below: Segment[];
  /** The x of every gutter inside the band, from the left; one of them separates `left` from `right`. */
  gutters: number[];
}

const mostCandidates = 8; // gutters that are compared
const nextLine = 1.3; // of the size, from one line of a column to the next
const farthest = 10; // sizes between a line of a column and the next, with a picture in between

/** The band with the most lines that have text on both sides; undefined: there is none. */
export function findBand(segments: readonly Segment[]): Band | undefined {
  const byHeight = [...segments].sort((a, b) => middle(b) - middle(a));
  const scans = scansOf(byHeight);
  const gutters = dividingGutters(guttersOf(scans), scans, byHeight);
  let best: DividingGutter | undefined;
  for (const gutter of gutters) {
    const more = gutter.scans.length - (best?.scans.length ?? 0);
    if (!best || more > 0 || (more === 0 && gutter.high - gutter.low > best.high - best.low)) best = gutter;
  }
  return best && bandOf(betweenColumns(best, gutters), gutters, scans, byHeight);
}

/**
 * A table or a table of contents that fills one column of the page has gutters of its own, with as many lines beside each other. The gutter
 * between the page's columns is preferred: its two sides are drawn one after the other, and one of them is running text.
 */
function betweenColumns(best: DividingGutter, gutters: readonly DividingGutter[]): DividingGutter {
  const candidates = gutters
    .filter((gutter) => gutter === best || gutter.scans.length >= 0.5 * best.scans.length)
    .sort((a, b) => b.scans.length - a.scans.length)
    .slice(0, mostCandidates);
  if (candidates.length < 2 || isDrawnApart(best)) return best;
  return candidates.find((gutter) => gutter !== best && isDrawnApart(gutter)) ?? best;
}

function isDrawnApart({ left, right }: Sides): boolean {
  if (Math.min(left.length, right.length) < 6) return false;
  const lastLeft = left.reduce((most, { order }) => Math.max(most, order), -1);
  if (right.some(({ order }) => order < lastLeft)) return false;
  return [left, right].some(isRunningText);
}

/**
 * Excludes a page's header and footer, which may have text on both sides too: the first and last line do not belong to the band if much
 * white space separates them from the others. Lines on one side count as text in between, since lines of two columns need not be level.
 */
function withoutHeaderAndFooter(
  both: readonly number[],
  scans: readonly Scan[],
  byHeight: readonly Segment[],
): { first: number; last: number } {
  const step = (from: number, to: number): number => (scans[from] as Scan).y - (scans[to] as Scan).y;
  const steps = both
    .slice(1)
    .map((scan, i) => step(both[i] as number, scan))
    .sort((a, b) => a - b);
  const usual = steps[steps.length >> 1] ?? 0;
  const isFar = (i: number): boolean => {
    const { size } = scans[both[i] as number] as Scan;
    for (let scan = both[i] as number; scan < (both[i + 1] as number); scan++)
      if (step(scan, scan + 1) > Math.max(2.5 * Math.min(size, (scans[scan] as Scan).size), 1.8 * usual)) return true;
    return false;
  };
  let from = 0;
  let to = both.length - 1;
  if (to >= 3 && isFar(0)) from++;
  // One that goes on from a line above it ends a column, such as one beside a formula that ends the other column.
  if (to - from >= 3 && isFar(to - 1) && !goesOn((scans[both[to] as number] as Scan).y, byHeight)) to--;
  return { first: both[from] as number, last: both[to] as number };
}

/** Whether a line at this height begins below the beginning of the line above it, of the same size. */
function goesOn(y: number, byHeight: readonly Segment[]): boolean {
  const isAt = (line: Segment): boolean => Math.abs(middle(line) - y) < 0.2 * line.size;
  return byHeight.filter(isAt).some((line) =>
    byHeight.some(({ base, left, size }) => {
      const step = base - line.base;
      return (
        step > 0.5 * size &&
        step < nextLine * size &&
        Math.abs(left - line.left) < 0.2 * size &&
        Math.abs(size / line.size - 1) < 0.05
      );
    }),
  );
}

function bandOf(best: Gutter, gutters: readonly Gutter[], scans: readonly Scan[], byHeight: readonly Segment[]): Band {
  const { first: firstScan, last: lastScan } = withoutHeaderAndFooter(best.scans, scans, byHeight);
  let top = (scans[firstScan] as Scan).y;
  let bottom = (scans[lastScan] as Scan).y;
  const x = (best.low + best.high) / 2;
  const isLeft = ({ left, right }: Segment): boolean => (left + right) / 2 < x;
  const within = byHeight.filter(
    (segment) => middle(segment) <= top + 0.2 * segment.size && middle(segment) >= bottom - 0.2 * segment.size,
  );
  const left = within.filter(isLeft);
  const right = within.filter((segment) => !isLeft(segment));
  const sides = { left, right };
  const drawn = drawnRanges(sides);
  const isAlone = (segment: Segment): boolean =>
    byHeight.every((other) => other === segment || Math.abs(middle(other) - middle(segment)) > 0.5 * segment.size);
  const isOf = (side: keyof typeof sides, segment: Segment): boolean =>
    (side === 'left' ? segment.right <= best.high : segment.left >= best.low) && isDrawnWith(side, segment, drawn);
  // A column may continue below the other one, and the column that is read second may begin above the first.
  const lowest = { left: left.at(-1), right: right.at(-1) };
  for (const segment of byHeight) {
    if (middle(segment) >= bottom - 0.2 * segment.size) continue;
    const side = isLeft(segment) ? 'left' : 'right';
    if (!isOf(side, segment) || !isAlone(segment)) break;
    const goesOn =
      isNextTo(lowest[side], segment) ||
      isDrawnBetween(side, lowest[side], segment, drawn) ||
      sides[side].some((last) => last.order === segment.order - 1 && isNextTo(last, segment)); // in a cell
    if (!goesOn) break;
    bottom = middle(segment);
    sides[side].push(segment);
    lowest[side] = segment;
  }
  const second = shareToTheLeft(byHeight) > 0.5 ? 'left' : 'right';
  let highest = sides[second][0];
  for (const segment of [...byHeight].reverse()) {
    if (middle(segment) <= top + 0.2 * segment.size) continue;
    const isSecond = isLeft(segment) === (second === 'left');
    if (!isSecond || !isOf(second, segment) || !isAlone(segment)) break;
    if (!isNextTo(segment, highest) && !isDrawnBetween(second, highest, segment, drawn)) break;
    top = middle(segment);
    sides[second].unshift(segment);
    highest = segment;
  }
  const taken = new Set([...left, ...right]);
  const rest = byHeight.filter((segment) => !taken.has(segment));
  return {
    above: rest.filter((segment) => middle(segment) > bottom),
    left,
    right,
    below: rest.filter((segment) => middle(segment) <= bottom),
    gutters: gutters
      .filter(({ scans: both }) => both.some((i) => i >= firstScan && i <= lastScan))
      .filter(({ scans: both }) => both.length >= 0.3 * best.scans.length)
      .map(({ low, high }) => (low + high) / 2)
      .sort((a, b) => a - b),
  };
}

/** If one side is drawn before the other, a further line of it must be too. */
function isDrawnWith(side: 'left' | 'right', { order }: Segment, drawn: Record<'left' | 'right', Range>): boolean {
  const own = drawn[side];
  const other = drawn[side === 'left' ? 'right' : 'left'];
  if (own[1] < other[0]) return order < other[0];
  return own[0] <= other[1] || order > other[1];
}

/** For a heading or a formula of a column: it is not far from the column's last line, and drawn between that column and the other one. */
function isDrawnBetween(
  side: 'left' | 'right',
  last: Segment | undefined,
  { order, base, size }: Segment,
  drawn: Record<'left' | 'right', Range>,
): boolean {
  if (!last || Math.abs(last.base - base) > farthest * Math.max(last.size, size)) return false;
  const [first, end] = drawn[side];
  const [otherFirst, otherEnd] = drawn[side === 'left' ? 'right' : 'left'];
  return (order > end && order < otherFirst) || (order > otherEnd && order < first);
}

/** Whether `lower` is the line after `upper` in the same column. */
function isNextTo(upper: Segment | undefined, lower: Segment | undefined): boolean {
  if (!upper || !lower) return false; // a side may consist of one large letter, whose middle is outside the band
  const step = upper.base - lower.base;
  const overlap = Math.min(upper.right, lower.right) - Math.max(upper.left, lower.left);
  return (
    step < 2 * Math.max(upper.size, lower.size) &&
    step > 0 &&
    overlap > 0 &&
    Math.abs(upper.size / lower.size - 1) < 0.1
  );
}

const leastLines = 4;

/**
 * A column of text and one of a single line, with which the text ends: the line is level with the first line of the other column, but drawn
 * after its last one. undefined: there is no such line.
 */
export function columnAndLine(segments: readonly Segment[]): [column: Segment[], line: Segment[]] | undefined {
  const isToTheLeft = shareToTheLeft(segments) > 0.5;
  const from = ({ left, right }: Segment): number => (isToTheLeft ? -right : left);
  const to = ({ left, right }: Segment): number => (isToTheLeft ? -left : right);
  const inReadingDirection = [...segments].sort((a, b) => from(a) - from(b));
  let edge = Number.NEGATIVE_INFINITY;
  for (const [i, segment] of inReadingDirection.entries()) {
    if (i > 0 && from(segment) - edge >= 2 * segment.size) {
      const column = inReadingDirection.slice(0, i);
      const line = inReadingDirection.slice(i);
      if (isLineAfter(column, line)) return [column, line];
    }
    edge = Math.max(edge, to(segment));
  }
  return undefined;
}

function isLineAfter(column: readonly Segment[], line: readonly Segment[]): boolean {
  const bases = line.map(({ base }) => base);
  const highest = Math.max(...bases);
  const { size } = line[0] as Segment;
  if (highest - Math.min(...bases) > 0.35 * size) return false;
  const orders = (some: readonly Segment[]): number[] => some.map(({ order }) => order);
  if (Math.max(...orders(column)) > Math.min(...orders(line))) return false;
  const rows = rowsOf(column);
  const [first, last] = [rows[0], rows.at(-1)];
  if (!first || !last || rows.length < leastLines || Math.abs((first[0] as Segment).base - highest) > 0.5 * size)
    return false;
  // The number in a page's header, which is drawn after the text, is not a column.
  return Math.max(...orders(first)) < Math.min(...orders(last));
}
