/**
 * A text's words. App host and window split texts with the same code, so that words found in the document are found in the shown answer.
 */

export interface Word {
  /** The word in lower case, with ligatures and full-width letters resolved. */
  word: string;
  start: number;
  end: number;
}

/** A word of one of two compared texts; `differs`: the other text does not have it at this place. */
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
