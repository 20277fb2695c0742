/** Compares two answers word by word: which words of each the other does not have. Pure. */
import { diffArrays } from 'diff';
import { type ComparedWord, wordsIn } from '../../../electron/contract/words.ts';

export interface DifferingWords {
  left: ComparedWord[];
  right: ComparedWord[];
  /** How many words stand on one side only, and how many words both sides have together. */
  differing: number;
  total: number;
}

const longestMs = 500;

export function differingWords(left: string, right: string): DifferingWords {
  const words = (text: string) => Array.from(wordsIn(text), ({ word }) => word);
  const [ofLeft, ofRight] = [words(left), words(right)];
  // Comparing two long answers with little in common takes long: after the timeout every word counts as different.
  const changes = diffArrays(ofLeft, ofRight, { timeout: longestMs }) ?? [
    { value: ofLeft, removed: true, added: false },
    { value: ofRight, removed: false, added: true },
  ];
  const sides: DifferingWords = { left: [], right: [], differing: 0, total: ofLeft.length + ofRight.length };
  for (const { value, added, removed } of changes) {
    if (!added) sides.left.push(...value.map((word) => ({ word, differs: removed })));
    if (!removed) sides.right.push(...value.map((word) => ({ word, differs: added })));
    if (added || removed) sides.differing += value.length;
  }
  return sides;
}
