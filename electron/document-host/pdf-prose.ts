/** How much segments that stand together look like running text. Pure. */
import type { Segment } from './pdf-segments.ts';

/** A side's text: how much it looks like lines of paragraphs. */
export interface Side {
  words: number; // a segment, on the average
  continued: number; // share of the lines that plainly go on in the line below
  numbers: number; // share of the segments that begin with a number and hold at most two words
}

/** Most lines are many words, and many of them go on in the line below. */
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
    if (/^[\p{Ll}\p{Lo}(]/u.test(b.text) && !/[.!?:;]["”’)]?$/u.test(a.text)) continued++;
  }
  const n = Math.max(1, segments.length);
  return { words: words / n, continued: continued / Math.max(1, pairs), numbers: numbers / n };
}

/** Chinese and Japanese have no spaces: two characters count as a word. */
function wordsOf(text: string): number {
  const wide = text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu)?.length ?? 0;
  // Dots that lead to a page number are no words.
  return (text.match(/\S*[\p{L}\p{N}]\S*/gu)?.length ?? 0) + wide / 2;
}

function isBelow(upper: Segment, lower: Segment): boolean {
  const step = upper.base - lower.base;
  const overlap = Math.min(upper.right, lower.right) - Math.max(upper.left, lower.left);
  return (
    step > 0.5 * upper.size &&
    step < 1.9 * upper.size &&
    overlap > 0.5 * Math.min(upper.right - upper.left, lower.right - lower.left)
  );
}
