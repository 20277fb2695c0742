/** Measures how much segments look like running text. Pure. */
import { isLetter, isNumber, isSpace, isWide, kindOfCode } from './pdf-characters.ts';
import type { Segment } from './pdf-segments.ts';

/** Measures of the text on one side. */
export interface Side {
  words: number; // mean number of words in a segment
  continued: number; // share of the lines that clearly continue in the line below
  numbers: number; // share of the segments that begin with a number and hold at most two words
}

/** Whether lines have many words, and many of them continue in the line below. */
export function isRunningText(segments: readonly Segment[]): boolean {
  const { words, continued } = sideOf(segments);
  return words >= 4 && continued >= 0.2;
}

export function sideOf(segments: readonly Segment[]): Side {
  let words = 0;
  let numbers = 0;
  let pairs = 0;
  let continued = 0;
  const byBase = [...segments].sort((a, b) => b.base - a.base);
  for (const [i, a] of byBase.entries()) {
    const n = wordsOf(a.text);
    words += n;
    if (n <= 2 && /^(\p{Lu}{1,3}\s?|[^\p{L}\d]*)\d/u.test(a.text)) numbers++; // not "reshape 13" of an index
    const b = lineBelow(byBase, i);
    if (!b) continue;
    pairs++;
    const goesOn = /^[\p{Ll}\p{Lo}(]/u.test(b.text) && !/[.!?:;]["”’)]?$/u.test(a.text);
    if (goesOn && isFull(a, b, edgeAround(byBase, i))) continued++;
  }
  const n = Math.max(1, segments.length);
  return { words: words / n, continued: continued / Math.max(1, pairs), numbers: numbers / n };
}

/** Chinese and Japanese have no spaces: two characters count as a word. Dots that lead to a page number do not count. */
function wordsOf(text: string): number {
  let words = 0;
  let wide = 0;
  let isWord = false; // what follows the last space has a letter or a digit
  for (let unit = 0; unit < text.length; unit++) {
    const code = text.codePointAt(unit) as number;
    if (code > 0xffff) unit++;
    const kind = kindOfCode(code);
    if ((kind & isWide) !== 0) wide++;
    if ((kind & isSpace) !== 0) isWord = false;
    else if (!isWord && (kind & (isLetter | isNumber)) !== 0) {
      isWord = true;
      words++;
    }
  }
  return words + wide / 2;
}

const around = 12; // segments above and below a line that show how wide its column is

/** The right edge of the lines above and below that overlap this one. */
function edgeAround(byBase: readonly Segment[], i: number): number {
  const line = byBase[i] as Segment;
  let edge = Number.NEGATIVE_INFINITY;
  for (let k = Math.max(0, i - around); k < Math.min(byBase.length, i + around); k++) {
    const other = byBase[k] as Segment;
    if (other.right > edge && overlaps(line, other)) edge = other.right;
  }
  return edge;
}

/**
 * Whether the next line's first word would not have fitted into this line, whose column ends at `edge`. Entries of a table end anywhere, even
 * if the one below begins with a small letter.
 */
function isFull(line: Segment, next: Segment, edge: number): boolean {
  const charWidth = (next.right - next.left) / Math.max(1, next.text.length);
  const firstWord = /^\S*/.exec(next.text)?.[0].length ?? 0;
  return line.right + (firstWord + 1) * charWidth > edge;
}

/** The next line, among the eleven segments that follow. */
function lineBelow(byBase: readonly Segment[], i: number): Segment | undefined {
  const line = byBase[i] as Segment;
  for (let k = i + 1; k < Math.min(byBase.length, i + around); k++)
    if (isBelow(line, byBase[k] as Segment)) return byBase[k];
  return undefined;
}

function isBelow(upper: Segment, lower: Segment): boolean {
  const step = upper.base - lower.base;
  return step > 0.5 * upper.size && step < 1.9 * upper.size && overlaps(upper, lower);
}

function overlaps(a: Segment, b: Segment): boolean {
  const shared = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  return shared > 0.5 * Math.min(a.right - a.left, b.right - b.left);
}
