/**
 * Where a passage of our text stands on a printed page. Our text has paragraphs put together and hyphens resolved, the page has
 * lines: letters and digits are the same in both, so only these are compared. Pure.
 */
import type { PdfPageGeometry, PdfTextRun, Rect } from '@embedpdf/models';

/** Letters and digits in lower case, and the place that each came from. */
export function lettersOf(text: string): { letters: string; places: number[] } {
  let letters = '';
  const places: number[] = [];
  let at = 0;
  for (const character of text) {
    for (const letter of character.normalize('NFKC').toLowerCase()) {
      if (!/[\p{L}\p{N}]/u.test(letter)) continue;
      letters += letter;
      for (let i = 0; i < letter.length; i++) places.push(at);
    }
    at += character.length;
  }
  return { letters, places };
}

/** First and last character of the passage, as PDFium counts the page's; `before`: the page's text up to it. */
export function passageCharacters(
  runs: readonly Pick<PdfTextRun, 'text' | 'charIndex' | 'charCount'>[],
  passage: string,
  before: string,
): { from: number; to: number } | undefined {
  const wanted = lettersOf(passage).letters;
  if (wanted === '') return undefined;
  let printed = '';
  const characters: number[] = [];
  for (const { text, charIndex, charCount } of runs) {
    const { letters, places } = lettersOf(text);
    printed += letters;
    for (const place of places) characters.push(charIndex + Math.min(place, charCount - 1));
  }
  // The same words may stand on the page more than once.
  const nth = occurrences(lettersOf(before).letters, wanted);
  const found = positions(printed, wanted);
  const at = found[Math.min(nth, found.length - 1)];
  if (at === undefined) return undefined;
  return { from: characters[at] ?? 0, to: characters[at + wanted.length - 1] ?? 0 };
}

const occurrences = (text: string, wanted: string) => positions(text, wanted).length;

function positions(text: string, wanted: string): number[] {
  const found: number[] = [];
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) found.push(at);
  return found;
}

/** One rectangle for each printed line, in the page's points. */
export function passageRects(geometry: PdfPageGeometry, from: number, to: number): Rect[] {
  const lines: { left: number; top: number; right: number; bottom: number }[] = [];
  for (const { charStart, glyphs } of geometry.runs) {
    for (const [i, glyph] of glyphs.entries()) {
      const index = charStart + i;
      if (index < from || index > to || glyph.width <= 0 || glyph.height <= 0) continue;
      const box = { left: glyph.x, top: glyph.y, right: glyph.x + glyph.width, bottom: glyph.y + glyph.height };
      const line = lines.at(-1);
      const middle = (box.top + box.bottom) / 2;
      if (line && middle > line.top && middle < line.bottom && box.left > line.left - 1) {
        line.right = Math.max(line.right, box.right);
        line.top = Math.min(line.top, box.top);
        line.bottom = Math.max(line.bottom, box.bottom);
      } else lines.push(box);
    }
  }
  return lines.map(({ left, top, right, bottom }) => ({
    origin: { x: left, y: top },
    size: { width: right - left, height: bottom - top },
  }));
}
