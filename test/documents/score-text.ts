/** How much of one text of a file another text of it has: words, and sequences of three words. Pure. */

export interface Score {
  words: number; // share of pdftotext's words that were found
  trigrams: number;
  hits: number; // trigrams found
  all: number; // trigrams of pdftotext
  found: ReadonlyMap<string, number>; // how often each word was found
}

const wideScripts = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}';
const word = new RegExp(`[${wideScripts}]|(?:(?![${wideScripts}])[\\p{L}\\p{M}])+|\\p{N}+`, 'gu');

/**
 * Words in a form that both texts share. Letters and digits are separated, so that the mark of a note right behind a word does not
 * change the word; a mark right behind a digit belongs to the number, as pdftotext has it; each Chinese or Japanese character is a
 * word. Characters that only set direction or joining are left out, because pdftotext adds and drops them, and Arabic
 * vowel signs without a letter before them: it writes many apart from their letters. It writes a dotless i and an accent where others
 * write one letter.
 */
export function wordsOf(text: string): string[] {
  return (
    text
      .replace(/(?<=\p{N})\[(\d+)\]/gu, '$1')
      .normalize('NFKC')
      .replace(/\p{Cf}/gu, '')
      .replace(/(?<![\p{L}\p{M}])[\u064B-\u065F\u0670]+/gu, '')
      .replace(/ı(?=\p{M})/gu, 'i')
      .normalize('NFKC')
      .toLowerCase()
      .match(word) ?? []
  );
}

export function scoreOf(reference: readonly string[], text: string): Score {
  const ours = wordsOf(text);
  const vocabulary = new Set(ours);
  // pdftotext leaves a word that is hyphenated at a line's end in two parts.
  const theirs: string[] = [];
  for (let i = 0; i < reference.length; i++) {
    const a = reference[i] as string;
    const b = reference[i + 1];
    const isBroken = b !== undefined && !(vocabulary.has(a) && vocabulary.has(b)) && vocabulary.has(a + b);
    theirs.push(isBroken ? a + b : a);
    if (isBroken) i++;
  }
  const trigrams = (words: readonly string[]): string[] =>
    words.slice(2).map((word, i) => `${words[i]} ${words[i + 1]} ${word}`);
  const wanted = trigrams(theirs);
  const hits = total(inBoth(wanted, trigrams(ours)));
  const found = inBoth(theirs, ours);
  return {
    words: total(found) / theirs.length,
    trigrams: hits / Math.max(1, wanted.length),
    hits,
    all: wanted.length,
    found,
  };
}

/** The words that one text has and the other has less often, with how much less often. */
export function wordsLost(before: Score, now: Score): [word: string, times: number][] {
  return [...before.found]
    .map(([word, n]): [string, number] => [word, n - (now.found.get(word) ?? 0)])
    .filter(([, times]) => times > 0)
    .sort(([, a], [, b]) => b - a);
}

/** Which of `wanted` are in `have`, each as often as it is there. */
function inBoth(wanted: readonly string[], have: readonly string[]): Map<string, number> {
  const left = new Map<string, number>();
  for (const each of have) left.set(each, (left.get(each) ?? 0) + 1);
  const found = new Map<string, number>();
  for (const each of wanted) {
    const n = left.get(each) ?? 0;
    if (n === 0) continue;
    left.set(each, n - 1);
    found.set(each, (found.get(each) ?? 0) + 1);
  }
  return found;
}

const total = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((sum, n) => sum + n, 0);
