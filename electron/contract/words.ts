/** A text's words. Both sides cut alike: words that one finds in the document, the other finds in the answer that is shown. */

export interface Word {
  /** Lower case, ligatures and full-width letters resolved. */
  word: string;
  start: number;
  end: number;
}

/** A word of one of two texts; the other does not have it there. */
export interface ComparedWord {
  word: string;
  differs: boolean;
}

/** Scripts without spaces: each character is a word of its own. */
const unspaced = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}';
const wordPattern = new RegExp(`[${unspaced}]|(?:(?![${unspaced}])[\\p{L}\\p{N}\\p{M}])+`, 'gu');

export function* wordsIn(text: string): Generator<Word, void, void> {
  for (const match of text.matchAll(wordPattern)) {
    const [word] = match;
    yield { word: word.normalize('NFKC').toLowerCase(), start: match.index, end: match.index + word.length };
  }
}
