/** Finds gutters: vertical white space between text on its left and text on its right. Pure. */
import type { Segment } from './pdf-segments.ts';

export type Sides = Record<'left' | 'right', Segment[]>;

export interface Gutter {
  low: number; // x
  high: number;
  scans: number[]; // indexes of the scans with text on both sides
}

/** A gutter and the segments on its sides. */
export type DividingGutter = Gutter & Sides;

/** A horizontal line through the page, and the white space on it. */
export interface Scan {
  y: number;
  size: number; // of the segment that it crosses
  free: [low: number, high: number, inner: boolean][];
}

const leastWidth = 0.7; // of a gutter, in sizes
const nearLine = 0.8; // of the size, from a line's middle: half of the largest usual distance between lines
const mostLooked = 200; // characters of a line: the pattern takes quadratic time for an endless word
/** Two words, in contrast to the parts of a formula. */
const words = /\p{L}{4,}\P{L}.*\p{L}{4,}|\p{Lo}{6}/u;

export const middle = ({ base, size }: Segment): number => base + 0.3 * size;

export function scansOf(byHeight: readonly Segment[]): Scan[] {
  const scans: Scan[] = [];
  const largest = byHeight.reduce((most, { size }) => Math.max(most, size), 0);
  let first = 0;
  for (const segment of byHeight) {
    const y = middle(segment);
    const before = scans.at(-1);
    if (before && before.y - y < 0.12 * segment.size) continue; // the same line
    while (middle(byHeight[first] as Segment) > y + largest) first++;
    const crossing: Segment[] = [];
    const near: Segment[] = [];
    for (let i = first; i < byHeight.length; i++) {
      const other = byHeight[i] as Segment;
      if (middle(other) < y - largest) break;
      if (other.base - 0.25 * other.size <= y && y <= other.base + 0.9 * other.size) crossing.push(other);
      else if (Math.abs(middle(other) - y) < nearLine * other.size) near.push(other);
    }
    // Lines of two columns may be offset by half a line: then none of them is on the level of another.
    if (near.length > 0) crossing.push(...near.filter((other) => isBesideAll(other, crossing) && hasWords(other)));
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

const isBesideAll = (other: Segment, crossing: readonly Segment[]): boolean =>
  crossing.every((one) => one.right <= other.left || other.right <= one.left);

const hasWords = ({ text }: Segment): boolean => words.test(text.slice(0, mostLooked));

export function guttersOf(scans: readonly Scan[]): Gutter[] {
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

/**
 * The gutters that are wide enough. In a few lines the spaces between words may be above each other by chance: then a gutter must be wider.
 */
export function dividingGutters(
  gutters: readonly Gutter[],
  scans: readonly Scan[],
  byHeight: readonly Segment[],
): DividingGutter[] {
  const dividing: DividingGutter[] = [];
  for (const gutter of gutters) {
    const { low, high, scans: both } = gutter;
    if (both.length < 2) continue;
    // The median size: one heading beside an overlong line must not join the columns of a whole page.
    const all = both.map((i) => (scans[i] as Scan).size).sort((a, b) => a - b);
    const size = all[all.length >> 1] as number;
    if (high - low < leastWidth * size) continue;
    const sides = sidesOf(gutter, scans, byHeight);
    // Signs in the margin belong to the lines beside them.
    if (!sides.left.some(({ text }) => /[\p{L}\p{N}]/u.test(text))) continue;
    const sizes = both.length >= 6 ? leastWidth : both.length >= 3 ? 1 : 2;
    // For example two lines of a caption beside the text: the words of a paragraph are not drawn in this order.
    if (high - low >= sizes * size || areDrawnInTurn(sides)) dividing.push({ ...gutter, ...sides });
  }
  return dividing;
}

/** The segments on both sides of the gutter. */
function sidesOf({ low, high, scans: both }: Gutter, scans: readonly Scan[], byHeight: readonly Segment[]): Sides {
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

/** Whether everything on one side is drawn before everything on the other. */
function areDrawnInTurn(sides: Sides): boolean {
  const { left, right } = drawnRanges(sides);
  return left[1] >= 0 && right[1] >= 0 && (left[1] < right[0] || right[1] < left[0]);
}

export type Range = [first: number, last: number]; // in the order of drawing

export function drawnRanges({ left, right }: Sides): Record<'left' | 'right', Range> {
  const range = (side: readonly Segment[]): Range =>
    side.reduce<Range>(
      ([first, last], { order }) => [Math.min(first, order), Math.max(last, order)],
      [Number.POSITIVE_INFINITY, -1],
    );
  return { left: range(left), right: range(right) };
}
