/**
 * Words that are broken at the end of a line, and soft hyphens. "extra|ordinary" over two lines may be "extraordinary" or
 * "extra-ordinary": the form the document uses elsewhere wins, else the word is joined, for typeset text breaks words far
 * more often than it breaks at a real hyphen. Pure.
 */

/** Stands for the line end inside a broken word; a soft hyphen stays before it. resolveHyphens replaces every one. */
const brokenWordMark = '\uFFFE';
const softHyphen = '\u00AD';

/** The line's last word may go on in the next line. */
export function endsBroken(text: string): boolean {
  return /[\p{L}\p{M}\d'’)][-\u00AD\u2010]$/u.test(text);
}

/** Of a text that ends broken: without its hyphen, so that the rest of the word can follow. */
export function breakWord(text: string): string {
  return text.slice(0, -1) + (text.endsWith(softHyphen) ? softHyphen : '') + brokenWordMark;
}

const wordParts = /([\p{L}\p{M}\d'’-]*)(\u00AD?)\uFFFE([\p{L}\p{M}\d'’]*)/gu;
const softInside = /([\p{L}\p{M}\d'’-]*)\u00AD([\p{L}\p{M}\d'’]*)/gu;
/** "Ein- und Ausgang": the hyphen stands for the rest of the second word. */
const ellipsis = /^(und|oder|bzw|sowie|bis|and|or|to|et|ou|en|of|och|og|y|e|i)$/u;

/** Takes and returns one text per page. */
export function resolveHyphens(pages: readonly string[]): string[] {
  if (!pages.some((page) => page.includes(brokenWordMark) || page.includes(softHyphen))) return [...pages];
  const words = new WordForms(pages);
  const isReal = softHyphensAreReal(pages);
  return pages.map((page) =>
    page
      .replace(wordParts, (_match, a: string, soft: string, b: string) => joined(a, b, soft !== '' && !isReal, words))
      .replace(softInside, (_match, a: string, b: string) => {
        const isHyphen = isReal || a === '' || b === '' || words.prefersHyphen(a, b);
        return `${a}${isHyphen ? '-' : ''}${b}`;
      }),
  );
}

function joined(a: string, b: string, isSoft: boolean, words: WordForms): string {
  const hyphenated = `${a}-${b}`;
  if (words.has(`${a}${b}`)) return `${a}${b}`;
  if (words.has(hyphenated)) return hyphenated;
  if (isSoft) return `${a}${b}`;
  if (ellipsis.test(b)) return `${a}- ${b}`;
  // Of a word with a hyphen the last part is looked for: "self-edu|cated".
  const lastPart = /[^-]*$/.exec(a)?.[0] ?? '';
  if (lastPart !== a) return words.has(`${lastPart}${b}`) ? `${a}${b}` : hyphenated;
  const isJoined = /^[\p{Ll}\p{Lo}]/u.test(b) && /[\p{L}\p{M}'’]$/u.test(a);
  return isJoined ? `${a}${b}` : hyphenated;
}

/** Which of the forms that are in question the pages hold whole. */
class WordForms {
  readonly #seen = new Set<string>();

  constructor(pages: readonly string[]) {
    const wanted = new Set<string>();
    for (const page of pages) {
      for (const [, a = '', , b = ''] of page.matchAll(wordParts)) this.#want(wanted, a, b);
      for (const [, a = '', b = ''] of page.matchAll(softInside)) this.#want(wanted, a, b);
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

  #want(wanted: Set<string>, a: string, b: string): void {
    const lastPart = /[^-]*$/.exec(a)?.[0] ?? '';
    for (const form of [`${a}${b}`, `${a}-${b}`, `${lastPart}${b}`]) wanted.add(form.toLowerCase());
  }
}

/**
 * Some programs say "soft hyphen" for every hyphen. They give themselves away where no word can be broken: beside a space,
 * between digits, before a capital.
 */
function softHyphensAreReal(pages: readonly string[]): boolean {
  return pages.some((page) => /(^|[ \d(])\u00AD(?!\uFFFE)|\u00AD[ \d)]|\p{Ll}\u00AD\p{Lu}/u.test(page));
}
