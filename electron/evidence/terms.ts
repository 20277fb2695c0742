/**
 * Words, numbers and names of a text in a form in which two texts can be compared: lower case, digits without separators, small number
 * words as digits. Stop words are left out.
 */
import * as stopword from 'stopword';
import { wordsIn } from '../contract/words.ts';

export interface Term {
  /** The form that is compared. */
  key: string;
  /** number: also a word with digits in it, such as 400A and X12. */
  kind: 'word' | 'number' | 'name';
  /** UTF-16 units in the text. */
  start: number;
  end: number;
}

/** The package's lists by language; `_123` and the exported functions are not such lists. */
const stopLists = Object.entries(stopword).flatMap(([language, words]) =>
  Array.isArray(words) && language !== '_123' ? [{ language, words: new Set(words as string[]) }] : [],
);
/** Question words and auxiliaries that the package's English list lacks, and words with which an answer refers to itself. */
const furtherEnglish =
  'when why whom whose does done every each there according s t per says say state stated states mentioned mention mentions document text passage answer question'.split(
    ' ',
  );
const english = new Set([...stopword.eng, ...furtherEnglish]);

const languageSample = 40_000;

/**
 * The stop words of the language whose stop words are most frequent at the text's beginning. English ones are always included, since
 * questions are often English.
 */
export function stopWordsOf(text: string): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const { word } of wordsIn(text.slice(0, languageSample))) counts.set(word, (counts.get(word) ?? 0) + 1);
  let best: { words: Set<string>; hits: number } = { words: english, hits: 0 };
  for (const { language, words } of stopLists) {
    const list = language === 'eng' ? english : words;
    let hits = 0;
    for (const [word, count] of counts) if (list.has(word)) hits += count;
    if (hits > best.hits) best = { words: list, hits };
  }
  return best.words === english ? english : new Set([...english, ...best.words]);
}

const small =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen';
const tens = 'twenty thirty forty fifty sixty seventy eighty ninety';
const numberWords = new Map<string, number>([
  ...small.split(' ').map((word, i): [string, number] => [word, i]),
  ...tens.split(' ').map((word, i): [string, number] => [word, 20 + 10 * i]),
]);

/** Digits with separators of thousands and decimals: 1,388; 27.4; 218 000; 1.73. */
const numberPattern = /\p{Nd}+(?:[,.'’ {3}]\p{Nd}{3}(?!\p{Nd}))*(?:[.,]\p{Nd}+)?/gu;

function numberKey(text: string): string {
  const plain = text
    .normalize('NFKC')
    .replace(/[,.'’\s](?=\d{3}(?!\d))/g, '')
    .replace(',', '.');
  return plain
    .replace(/^0+(?=\d)/, '')
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
}

const hasDigit = /\p{Nd}/u;
const isLetter = /\p{L}/u;
const upper = /^\p{Lu}/u;
/**
 * What may come before the first word of a sentence: a sentence's end, a quotation mark, marks of a list or of emphasis, a table's cell
 * border.
 */
const opens = /(?:^[\s>#*_+-]*|[.!?:…"“”„«(|\t])$/u;

/** Whether a word is the first of a sentence or a line, where a capital does not show a name. */
function isFirst(text: string, start: number): boolean {
  return opens.test(text.slice(text.lastIndexOf('\n', start - 1) + 1, start).trimEnd());
}

/** Every number, and every word that is not in `stopWords`. A name is a word inside a sentence that begins with a capital. */
export function termsOf(text: string, stopWords: ReadonlySet<string>): Term[] {
  const terms: Term[] = [];
  for (const match of text.matchAll(numberPattern)) {
    const [shown] = match;
    const before = text[match.index - 1] ?? '';
    const after = text[match.index + shown.length] ?? '';
    // Numbers next to letters, as in B12 and 3rd, are part of a word.
    if (isLetter.test(before) || isLetter.test(after)) continue;
    terms.push({ key: numberKey(shown), kind: 'number', start: match.index, end: match.index + shown.length });
  }
  const numbers = [...terms];
  let at = 0;
  for (const { word, start, end } of wordsIn(text)) {
    while ((numbers[at]?.end ?? Number.POSITIVE_INFINITY) <= start) at++;
    const number = numbers[at];
    if (number && start >= number.start) continue;
    const value = numberWords.get(word);
    if (value !== undefined) {
      // "One" is more often a pronoun than a number.
      terms.push({ key: `${value}`, kind: value > 1 ? 'number' : 'word', start, end });
      continue;
    }
    if (stopWords.has(word)) continue;
    const isName = upper.test(text.slice(start, end)) && !isFirst(text, start);
    terms.push({ key: folded(word), kind: hasDigit.test(word) ? 'number' : isName ? 'name' : 'word', start, end });
  }
  return terms.sort((a, b) => a.start - b.start);
}

/** Removes diacritics, since people leave them out. */
function folded(word: string): string {
  return word.normalize('NFD').replace(/\p{M}+/gu, '');
}

/** A shorter word is compared as it is, without other forms. */
export const leastStem = 4;
/** The longest ending after a stem: -ed, -ing, -tion. */
const longestEnding = 4;

/** Whether two words are equal or forms of one word: employ and employed, painted and painting. Numbers must be equal. */
export function isSameWord(a: string, b: string): boolean {
  if (a === b) return true;
  if (a.length < leastStem || b.length < leastStem || /\d/.test(a) || /\d/.test(b)) return false;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  const stem = stemOf(short);
  return long.length - stem.length <= longestEnding && long.startsWith(stem);
}

const leastPart = 5;

/** Whether one word is the last part of the other, which may name the same thing: glassworks and works, Straßenlaterne and Laterne. */
export function isPartOf(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return short.length >= leastPart && long.endsWith(short);
}

/** The beginning that a word's other forms share. */
function stemOf(word: string): string {
  const ending = word.length > 5 ? 2 : word.length > leastStem ? 1 : 0;
  return word.slice(0, word.length - ending);
}

/** A prefix for searching: all forms of the word begin with it, and some other words too. */
export function beginningOf(word: string): string {
  return word.slice(0, Math.max(leastStem, word.length - longestEnding));
}
