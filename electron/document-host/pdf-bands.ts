/**
 * Bands: stretches of a page down which white space runs between text on its left and text on its right, as between two
 * columns or between the columns of a table. Pure.
 */
import { isRunningText } from './pdf-prose.ts';
import type { Segment } from './pdf-segments.ts';

export interface Band {
  above: Segment[];
  left: Segment[];
  right: Segment[];
  below: Segment[];
  /** The x of every white stretch inside the band, from the left; one of them parts `left` from `right`. */
  gutters: number[];
}

interface Gutter {
  low: number; // x
  high: number;
  scans: number[]; // numbers of the scans with text on both sides
}

/** A level of the page: what of the text lies on it. */
interface Scan {
  y: number;
  size: number; // of the segment that lies on it
  free: [low: number, high: number, inner: boolean][];
}

const leastWidth = 0.7; // of a gutter, in sizes
const mostRivals = 8; // gutters that are compared

const middle = ({ base, size }: Segment): number => base + 0.3 * size;

/** The band with the most lines beside each other, or undefined. */
export function findBand(segments: readonly Segment[]): Band | undefined {
  const byHeight = [...segments].sort((a, b) => middle(b) - middle(a));
  const scans = scansOf(byHeight);
  const gutters = guttersOf(scans).filter(isWideEnough(scans, byHeight));
  let best: Gutter | undefined;
  for (const gutter of gutters) {
    const more = gutter.scans.length - (best?.scans.length ?? 0);
    if (!best || more > 0 || (more === 0 && gutter.high - gutter.low > best.high - best.low)) best = gutter;
  }
  return best && bandOf(betweenColumns(best, gutters, scans, byHeight), gutters, scans, byHeight);
}

/**
 * A table or a table of contents that fills one column of the page has gutters of its own, with as many lines beside each
 * other. The gutter between the page's columns comes first: what stands on its two sides is drawn one after the other,
 * and one of them is running text.
 */
function betweenColumns(
  best: Gutter,
  gutters: readonly Gutter[],
  scans: readonly Scan[],
  byHeight: readonly Segment[],
): Gutter {
  const rivals = gutters
    .filter((gutter) => gutter === best || gutter.scans.length >= 0.5 * best.scans.length)
    .sort((a, b) => b.scans.length - a.scans.length)
    .slice(0, mostRivals);
  if (rivals.length < 2 || isDrawnApart(best, scans, byHeight)) return best;
  return rivals.find((gutter) => gutter !== best && isDrawnApart(gutter, scans, byHeight)) ?? best;
}

function isDrawnApart(gutter: Gutter, scans: readonly Scan[], byHeight: readonly Segment[]): boolean {
  const { left, right } = sidesOf(gutter, scans, byHeight);
  if (Math.min(left.length, right.length) < 6) return false;
  const lastLeft = left.reduce((most, { order }) => Math.max(most, order), -1);
  if (right.some(({ order }) => order < lastLeft)) return false;
  return [left, right].some(isRunningText);
}

/** What stands beside the gutter. */
function sidesOf(
  { low, high, scans: both }: Gutter,
  scans: readonly Scan[],
  byHeight: readonly Segment[],
): Pick<Band, 'left' | 'right'> {
  const top = (scans[both[0] as number] as Scan).y;
  const bottom = (scans[both.at(-1) as number] as Scan).y;
  const x = (low + high) / 2;
  const left: Segment[] = [];
  const right: Segment[] = [];
  for (const segment of byHeight) {
    const y = middle(segment);
    if (y > top + 0.2 * segment.size || y < bottom - 0.2 * segment.size) continue;
    ((segment.left + segment.right) / 2 < x ? left : right).push(segment);
  }
  return { left, right };
}

function scansOf(byHeight: readonly Segment[]): Scan[] {
  const scans: Scan[] = [];
  const largest = byHeight.reduce((most, { size }) => Math.max(most, size), 0);
  let first = 0;
  for (const segment of byHeight) {
    const y = middle(segment);
    const before = scans.at(-1);
    if (before && before.y - y < 0.12 * segment.size) continue; // the same line
    while (middle(byHeight[first] as Segment) > y + largest) first++;
    const crossing: Segment[] = [];
    for (let i = first; i < byHeight.length; i++) {
      const other = byHeight[i] as Segment;
      if (middle(other) < y - largest) break;
      if (other.base - 0.25 * other.size <= y && y <= other.base + 0.9 * other.size) crossing.push(other);
    }
    crossing.sort((a, b) => a.left - b.left);
    let right = Number.NEGATIVE_INFINITY;
    const free: Scan['free'] = [];
    for (const other of crossing) {
      if (other.left - right >= leastWidth * segment.size)
        free.push([right, other.left, right > Number.NEGATIVE_INFINITY]);
      right = Math.max(right, other.right);
    }
    free.push([right, Number.POSITIVE_INFINITY, false]);
    scans.push({ y, size: segment.size, free });
  }
  return scans;
}

function guttersOf(scans: readonly Scan[]): Gutter[] {
  const closed: Gutter[] = [];
  let open: Gutter[] = [];
  for (const [i, { free, size }] of scans.entries()) {
    const taken = new Set<Scan['free'][number]>();
    const still: Gutter[] = [];
    for (const gutter of open) {
      let widest = 0;
      let inside: Scan['free'][number] | undefined;
      for (const stretch of free) {
        const width = Math.min(gutter.high, stretch[1]) - Math.max(gutter.low, stretch[0]);
        if (width > widest) {
          widest = width;
          inside = stretch;
        }
      }
      if (!inside || widest < leastWidth * size) {
        closed.push(gutter);
        continue;
      }
      gutter.low = Math.max(gutter.low, inside[0]);
      gutter.high = Math.min(gutter.high, inside[1]);
      if (inside[2]) {
        gutter.scans.push(i);
        taken.add(inside);
      }
      still.push(gutter);
    }
    open = still;
    for (const stretch of free) {
      if (stretch[2] && !taken.has(stretch)) open.push({ low: stretch[0], high: stretch[1], scans: [i] });
    }
  }
  return [...closed, ...open];
}

/** Of few lines the white space between two words may stand one above the other: then it must be wider. */
const isWideEnough =
  (scans: readonly Scan[], byHeight: readonly Segment[]) =>
  (gutter: Gutter): boolean => {
    const { low, high, scans: both } = gutter;
    if (both.length < 2) return false;
    const sides = sidesOf(gutter, scans, byHeight);
    // Signs in the margin belong to the lines beside which they stand.
    if (!sides.left.some(({ text }) => /[\p{L}\p{N}]/u.test(text))) return false;
    // The usual size: one heading beside a line that is too long must not join the columns of a whole page.
    const all = both.map((i) => (scans[i] as Scan).size).sort((a, b) => a - b);
    const size = all[all.length >> 1] as number;
    const sizes = both.length >= 6 ? leastWidth : both.length >= 3 ? 1 : 2;
    if (high - low < leastWidth * size) return false;
    // Two lines of a caption beside the text: the words of a paragraph's lines are not drawn so.
    return high - low >= sizes * size || areDrawnInTurn(sides);
  };

/** All that stands on one side is drawn before all that stands on the other. */
function areDrawnInTurn({ left, right }: Pick<Band, 'left' | 'right'>): boolean {
  if (left.length === 0 || right.length === 0) return false;
  const [ofLeft, ofRight] = [left, right].map((side) => side.map(({ order }) => order)) as [number[], number[]];
  return Math.max(...ofLeft) < Math.min(...ofRight) || Math.max(...ofRight) < Math.min(...ofLeft);
}

/**
 * A page's head and foot may have text on both sides too: lines with much white space between them and the others are none
 * of the band's. Lines of one side in between are no white space: the columns' lines need not stand beside each other.
 */
function withoutStrays(both: readonly number[], scans: readonly Scan[]): { first: number; last: number } {
  const step = (from: number, to: number): number => (scans[from] as Scan).y - (scans[to] as Scan).y;
  const steps = both
    .slice(1)
    .map((scan, i) => step(both[i] as number, scan))
    .sort((a, b) => a - b);
  const usual = steps[steps.length >> 1] ?? 0;
  const isFar = (i: number): boolean => {
    const least = Math.max(2.5 * (scans[both[i] as number] as Scan).size, 1.8 * usual);
    for (let scan = both[i] as number; scan < (both[i + 1] as number); scan++)
      if (step(scan, scan + 1) > least) return true;
    return false;
  };
  let from = 0;
  let to = both.length - 1;
  if (to >= 3 && isFar(0)) from++;
  if (to - from >= 3 && isFar(to - 1)) to--;
  return { first: both[from] as number, last: both[to] as number };
}

function bandOf(best: Gutter, gutters: readonly Gutter[], scans: readonly Scan[], byHeight: readonly Segment[]): Band {
  const { first: firstScan, last: lastScan } = withoutStrays(best.scans, scans);
  let top = (scans[firstScan] as Scan).y;
  let bottom = (scans[lastScan] as Scan).y;
  const x = (best.low + best.high) / 2;
  const isLeft = ({ left, right }: Segment): boolean => (left + right) / 2 < x;
  const within = byHeight.filter(
    (segment) => middle(segment) <= top + 0.2 * segment.size && middle(segment) >= bottom - 0.2 * segment.size,
  );
  const left = within.filter(isLeft);
  const right = within.filter((segment) => !isLeft(segment));
  const lastLeft = left.reduce((most, { order }) => Math.max(most, order), -1);
  const firstRight = right.reduce((least, { order }) => Math.min(least, order), Number.POSITIVE_INFINITY);
  const byColumns = lastLeft < firstRight;
  const isAlone = (segment: Segment): boolean =>
    byHeight.every((other) => other === segment || Math.abs(middle(other) - middle(segment)) > 0.5 * segment.size);
  // A column may go on below the other one, and the right one may begin above the left one.
  const lowest = { left: left.at(-1) as Segment, right: right.at(-1) as Segment };
  for (const segment of byHeight) {
    if (middle(segment) >= bottom - 0.2 * segment.size) continue;
    const side = isLeft(segment) ? 'left' : 'right';
    if (side === 'left' ? segment.right > best.high : segment.left < best.low) break;
    if (
      !isNextTo(lowest[side], segment) ||
      !isAlone(segment) ||
      (side === 'left' && byColumns && segment.order > firstRight)
    )
      break;
    bottom = middle(segment);
    (side === 'left' ? left : right).push(segment);
    lowest[side] = segment;
  }
  let highest = right[0] as Segment;
  for (const segment of [...byHeight].reverse()) {
    if (middle(segment) <= top + 0.2 * segment.size) continue;
    if (segment.left < best.low || isLeft(segment) || !isNextTo(segment, highest) || !isAlone(segment)) break;
    if (byColumns && segment.order < lastLeft) break;
    top = middle(segment);
    right.unshift(segment);
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

/** `lower` is the next line of the column in which `upper` stands. */
function isNextTo(upper: Segment, lower: Segment): boolean {
  const step = upper.base - lower.base;
  const overlap = Math.min(upper.right, lower.right) - Math.max(upper.left, lower.left);
  return (
    step < 2 * Math.max(upper.size, lower.size) &&
    step > 0 &&
    overlap > 0 &&
    Math.abs(upper.size / lower.size - 1) < 0.1
  );
}
