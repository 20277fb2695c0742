/** Converts the character code that PDFium gives for a glyph to text. Pure. */

/** Replaces a glyph that the page shows but whose meaning the file does not give: a mark is better than an unnoticed gap. */
export const unknownGlyph = '\uFFFD';

/** Windows-1252 for the codes of the C1 control characters, which no font draws: some producers confuse the two. */
const windows1252 = '€�‚ƒ„…†‡ˆ‰Š‹Œ�Ž��‘’“”•–—˜™š›œ�žŸ';

/** Adobe's private-use letters: old-style digits, small capitals, and the ligatures of its expert fonts. */
function adobePrivate(code: number): string | undefined {
  if (code >= 0xf730 && code <= 0xf739) return String.fromCharCode(code - 0xf700);
  if (code >= 0xf761 && code <= 0xf77a) return String.fromCharCode(code - 0xf700);
  if (code >= 0xf7e0 && code <= 0xf7fe && code !== 0xf7f7) return String.fromCharCode(code - 0xf700);
  const others: Record<number, string> = { 63166: 'j', 63177: '´', 63193: '©', 63194: '®', 63195: '™', 63196: '1' };
  return others[code];
}

/** Bullets and ticks of Symbol and Wingdings, which word processors write as U+F000 plus the font's code. */
const symbolPrivate: Record<number, string> = {
  61485: '−',
  61623: '•',
  61607: '▪',
  61550: '■',
  61551: '□',
  61608: '□',
  61553: '❑',
  61558: '❖',
  61656: '➢',
  61692: '✓',
  61691: '✗',
  61694: '☑',
  61693: '☒',
  61664: '→',
  61672: '➔',
  61614: '→',
  61612: '←',
  61616: '°',
  61617: '±',
  61620: '×',
  61624: '÷',
  61603: '≤',
  61619: '≥',
  61625: '≠',
  61627: '≈',
  61605: '∞',
  61669: '∑',
  61654: '√',
  61549: 'µ',
  61537: 'α',
  61538: 'β',
  61543: 'γ',
  61540: 'δ',
  61541: 'ε',
  61548: 'λ',
  61552: 'π',
  61555: 'σ',
  61508: 'Δ',
  61523: 'Σ',
  61527: 'Ω',
  61472: ' ',
  61600: ' ',
};

/** The text of one glyph; undefined: the code has no meaning. `unmapped`: the font names no letter, and the code is the glyph's number. */
export function glyphText(code: number, unmapped: boolean): string | undefined {
  if (code === 0x09 || code === 0xa0) return ' ';
  if (code >= 0x20 && code < 0x7f) return String.fromCharCode(code);
  if (code < 0x20 || code === 0x7f) return undefined;
  if (code < 0xa0) return unmapped ? undefined : known(windows1252[code - 0x80]);
  if (code >= 0xe000 && code <= 0xf8ff) return adobePrivate(code) ?? symbolPrivate[code];
  if (code >= 0xf0000 || code === 0xfffd || (code & 0xfffe) === 0xfffe) return undefined;
  return String.fromCodePoint(code);
}

function known(character: string | undefined): string | undefined {
  return character === unknownGlyph ? undefined : character;
}

export function isRightToLeft(code: number): boolean {
  return (code >= 0x590 && code <= 0x8ff) || (code >= 0xfb1d && code <= 0xfdff) || (code >= 0xfe70 && code <= 0xfeff);
}
