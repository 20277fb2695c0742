/**
 * What kind of character a code is. The regular expressions of Unicode's properties are asked once for each character: a long document
 * would ask them some million times. Pure.
 */

/** Flags of a character. */
export const isLetter = 1;
export const isMark = 2; // above or below a letter
export const isFormat = 4; // draws nothing
export const isDigit = 8; // of a decimal number
export const isNumber = 16; // of any kind
export const isWide = 32; // Chinese or Japanese
export const isSpace = 64;
export const isToTheLeft = 128; // of a script that runs to the left

const isKnown = 256;
const flags = new Uint16Array(0x10000); // by code, of the basic plane

export function kindOfCode(code: number): number {
  if (code >= flags.length) return measured(code);
  if (flags[code] === 0) flags[code] = measured(code) | isKnown;
  return flags[code] as number;
}

const kinds: readonly [pattern: RegExp, flag: number][] = [
  [/\p{L}/u, isLetter],
  [/\p{M}/u, isMark],
  [/\p{Cf}/u, isFormat],
  [/\p{Nd}/u, isDigit],
  [/\p{N}/u, isNumber],
  [/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u, isWide],
  [/\s/u, isSpace],
  [/[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u, isToTheLeft],
];

function measured(code: number): number {
  const character = String.fromCodePoint(code);
  return kinds.reduce((sum, [pattern, flag]) => (pattern.test(character) ? sum | flag : sum), 0);
}
