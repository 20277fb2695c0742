/** Two answers word by word: which pieces of each the other does not have. Pure. */
import { diffWords } from 'diff';

export interface Piece {
  text: string;
  differs: boolean;
}

export interface DifferingWords {
  left: Piece[];
  right: Piece[];
  /** Words of both sides that only one has, and all words of both. */
  differing: number;
  total: number;
}

const longestMs = 500;

export function differingWords(left: string, right: string): DifferingWords {
  // Two long answers with nothing in common take long to compare, and everything differs.
  const changes = diffWords(left, right, { timeout: longestMs }) ?? [
    { value: left, removed: true, added: false },
    { value: right, removed: false, added: true },
  ];
  const sides: DifferingWords = { left: [], right: [], differing: 0, total: 0 };
  for (const { value, added, removed } of changes) {
    const words = countWords(value);
    if (!added) sides.left.push({ text: value, differs: removed });
    if (!removed) sides.right.push({ text: value, differs: added });
    if (added || removed) sides.differing += words;
    sides.total += added || removed ? words : 2 * words;
  }
  return sides;
}

function countWords(text: string): number {
  return text.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
}
