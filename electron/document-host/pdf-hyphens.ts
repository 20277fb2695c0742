/**
 * Words that are broken at the end of a line, and soft hyphens. "extra|ordinary" over two lines may be "extraordinary" or
 * "extra-ordinary": the form the document uses elsewhere wins, else the word is joined, for typeset text breaks words far
 * more often than it breaks at a real hyphen. Pure.
 */

/** Marks the line end inside a broken word; a soft hyphen stays before it. resolveHyphens replaces every mark. */
const brokenWordMark = '\uFFFE';
const softHyphen = '\u00AD';

/** Whether the line's last word may continue in the next line. */
export function endsBroken(text: string): boolean {
  return /[\p{L}\p{M}\d'’)][-\u00AD\u2010]$/u.test(text);
}

/** Replaces the hyphen at the end of a broken line by the mark, so that the rest of the word can follow. */
export function breakWord(text: string): string {
  return text.slice(0, -1) + (text.endsWith(softHyphen) ? softHyphen : '') + brokenWordMark;
}

/** A place at which a word is divided: a line end inside it, a soft hyphen, or both. */
interface WordBreak {
  at: number; // of the mark
  next: number; // where the word after it begins
  before: string;
  after: string;
  isSoft: boolean;
  isLineEnd: boolean;
}

const longestWord = 80; // UTF-16 units that are looked at on each side

/** The divisions in the order of the text. A word that is divided twice has two. */
function* wordBreaks(page: string): Generator<WordBreak> {
  for (let at = nextMark(page, 0); at >= 0; ) {
    const isSoft = page[at] === softHyphen;
    const isLineEnd = !isSoft || page[at + 1] === brokenWordMark;
    const next = at + (isSoft && isLineEnd ? 2 : 1);
    const before = /[\p{L}\p{M}\d'’-]*$/u.exec(page.slice(Math.max(0, at - longestWord), at))?.[0] ?? '';
    const after = /^[\p{L}\p{M}\d'’]*/u.exec(page.slice(next, next + longestWord))?.[0] ?? '';
    yield { at, next, before, after, isSoft, isLineEnd };
    at = nextMark(page, next);
  }
}

function nextMark(page: string, from: number): number {
  const soft = page.indexOf(softHyphen, from);
  const lineEnd = page.indexOf(brokenWordMark, from);
  return soft < 0 || lineEnd < 0 ? Math.max(soft, lineEnd) : Math.min(soft, lineEnd);
}

/** Words after a hyphen that stands for the rest of the second word: "Ein- und Ausgang". */
const ellipsis = /^(und|oder|bzw|sowie|bis|and|or|to|et|ou|en|of|och|og|y|e|i)$/u;

/** Takes and returns one text per page. */
export function resolveHyphens(pages: readonly string[]): string[] {
  if (!pages.some((page) => page.includes(brokenWordMark) || page.includes(softHyphen))) return [...pages];
  const words = new WordForms(pages);
  const isReal = softHyphensAreReal(pages);
  return pages.map((page) => resolvePage(page, isReal, words));
}

function resolvePage(page: string, isReal: boolean, words: WordForms): string {
  const parts: string[] = [];
  let tail = ''; // text that a second division of its last word may still change
  let done = 0; // of the page
  for (const { at, next, before, after, isSoft, isLineEnd } of wordBreaks(page)) {
    // If a word is divided twice, its middle part is in `tail` already.
    tail += page.slice(done, at);
    if (tail.length > 10 * longestWord) {
      parts.push(tail.slice(0, -2 * longestWord));
      tail = tail.slice(-2 * longestWord);
    }
    const isHyphen = isReal || before === '' || after === '' || words.prefersHyphen(before, after);
    if (isLineEnd) tail = tail.slice(0, tail.length - before.length) + joined(before, after, isSoft && !isReal, words);
    else tail += (isHyphen ? '-' : '') + after;
    done = next + after.length;
  }
  return parts.join('') + tail + page.slice(done);
}

function joined(a: string, b: string, isSoft: boolean, words: WordForms): string {
  const hyphenated = `${a}-${b}`;
  if (words.has(`${a}${b}`)) return `${a}${b}`;
  if (words.has(hyphenated)) return hyphenated;
  if (isSoft) return `${a}${b}`;
  if (ellipsis.test(b)) return `${a}- ${b}`;
  // In a word with a hyphen only the last part is looked up: "self-edu|cated".
  const lastPart = /[^-]*$/.exec(a)?.[0] ?? '';
  if (lastPart !== a) return words.has(`${lastPart}${b}`) ? `${a}${b}` : hyphenated;
  const isJoined = /^[\p{Ll}\p{Lo}]/u.test(b) && /[\p{L}\p{M}'’]$/u.test(a);
  return isJoined ? `${a}${b}` : hyphenated;
}

/** Which of the possible forms of divided words occur undivided in the pages. */
class WordForms {
  readonly #seen = new Set<string>();

  constructor(pages: readonly string[]) {
    const wanted = new Set<string>();
    for (const page of pages) {
      for (const { before, after } of wordBreaks(page)) {
        const lastPart = /[^-]*$/.exec(before)?.[0] ?? '';
        for (const form of [`${before}${after}`, `${before}-${after}`, `${lastPart}${after}`])
          wanted.add(form.toLowerCase());
      }
    }
    for (const page of pages) {
      for (const [word] of page.matchAll(/[\p{L}\p{M}\d'’-]+/gu)) {
        const lower = word.toLowerCase();
        if (wanted.has(lower)) this.#seen.add(lower);
      }
    }
  }

  has(word: string): boolean {
    return this.#seen.has(word.toLowerCase());
  }

  prefersHyphen(a: string, b: string): boolean {
    return this.has(`${a}-${b}`) && !this.has(`${a}${b}`);
  }
}

/**
 * Some programs write a soft hyphen for every hyphen. This shows where no word can be divided: beside a space, between digits, before a
 * capital.
 */
function softHyphensAreReal(pages: readonly string[]): boolean {
  return pages.some((page) => /(^|[ \d(])\u00AD(?!\uFFFE)|\u00AD[ \d)]|\p{Ll}\u00AD\p{Lu}/u.test(page));
}
