/** Measures how much segments look like running text. Pure. */
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
    const b = byBase.slice(i + 1, i + 12).find((other) => isBelow(a, other));
    if (!b) continue;
    pairs++;
    const goesOn = /^[\p{Ll}\p{Lo}(]/u.test(b.text) && !/[.!?:;]["”’)]?$/u.test(a.text);
    if (goesOn && isFull(a, b, byBase.slice(Math.max(0, i - around), i + around))) continued++;
  }
  const n = Math.max(1, segments.length);
  return { words: words / n, continued: continued / Math.max(1, pairs), numbers: numbers / n };
}

/** Chinese and Japanese have no spaces: two characters count as a word. */
function wordsOf(text: string): number {
  const wide = text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu)?.length ?? 0;
  // Dots that lead to a page number do not count as words.
  return (text.match(/\S*[\p{L}\p{N}]\S*/gu)?.length ?? 0) + wide / 2;
}

const around = 12; // segments above and below a line that show how wide its column is

/**
 * Whether the next line's first word would not have fitted into this line. Entries of a table end anywhere, even if the one below begins
 * with a small letter.
 */
function isFull(line: Segment, next: Segment, near: readonly Segment[]): boolean {
  const edge = Math.max(...near.filter((other) => overlaps(line, other)).map(({ right }) => right));
  const charWidth = (next.right - next.left) / Math.max(1, next.text.length);
  const firstWord = /^\S*/.exec(next.text)?.[0].length ?? 0;
  return line.right + (firstWord + 1) * charWidth > edge;
}

function isBelow(upper: Segment, lower: Segment): boolean {
  const step = upper.base - lower.base;
  return step > 0.5 * upper.size && step < 1.9 * upper.size && overlaps(upper, lower);
}

function overlaps(a: Segment, b: Segment): boolean {
  const shared = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  return shared > 0.5 * Math.min(a.right - a.left, b.right - b.left);
}
