/**
 * Converts characters of the fonts Symbol, Wingdings and Webdings, whose letters are drawn as signs, to the Unicode characters of these
 * signs.
 */
import { codePoint } from 'dingbat-to-unicode';

const symbolFonts: Record<string, string> = {
  symbol: 'Symbol',
  wingdings: 'Wingdings',
  'wingdings 2': 'Wingdings 2',
  'wingdings 3': 'Wingdings 3',
  webdings: 'Webdings',
  // Free fonts that replace Symbol.
  'standard symbols l': 'Symbol',
  'standard symbols ps': 'Symbol',
};

export function isSymbolFont(font: string): boolean {
  return symbolFonts[font.trim().toLowerCase()] !== undefined;
}

/** Common signs in place of newer ones that few fonts and models know. */
const plainer: Record<string, string> = {
  '🗹': '☑',
  '🗵': '☒',
  '🗷': '☒',
  '🞎': '□',
  '🞏': '□',
  '🗸': '✓',
  '🗶': '✗',
  '🡨': '←',
  '🡪': '→',
  '🡩': '↑',
  '🡫': '↓',
};

/** `code`: the font's code, 0x20 to 0xFF, or in the private area F020 to F0FF. undefined: the sign is not known. */
export function symbolCharacter(font: string, code: number): string | undefined {
  if (!Number.isInteger(code) || code < 0x20 || code > 0x10ffff) return undefined;
  const inFont = code >= 0xf000 && code <= 0xf0ff ? code - 0xf000 : code;
  const typeface = symbolFonts[font.trim().toLowerCase()];
  if (typeface) {
    const sign = inFont === 0x20 ? ' ' : codePoint(typeface, inFont)?.string;
    return sign && (plainer[sign] ?? sign);
  }
  // An ordinary font may have its letters in the private area.
  if (code < 0xe000 || code > 0xf8ff) return String.fromCodePoint(code);
  return code >= 0xf020 && code <= 0xf07e ? String.fromCodePoint(inFont) : undefined;
}

/** Converts the text of a run. In any other font Latin letters stay as they are. */
export function symbolText(text: string, font: string | undefined): string {
  const isSymbols = font !== undefined && isSymbolFont(font);
  if (!isSymbols && !/[\uF020-\uF0FF]/.test(text)) return text;
  return [...text]
    .map((char) => {
      const code = char.codePointAt(0) as number;
      const isPrivate = code >= 0xf020 && code <= 0xf0ff;
      if (!isPrivate && !(isSymbols && code > 0x20 && code <= 0xff)) return char;
      // A bullet or tick of an unknown font is most often Wingdings.
      return symbolCharacter(isSymbols ? font : 'Wingdings', code) ?? '\uFFFD';
    })
    .join('');
}
