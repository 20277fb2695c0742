/** Text that runs to the left in a PDF: words and lines are in the order of reading, whatever the order of drawing. */
import { describe, expect, it } from 'vitest';
import { facingBrackets, stretchesOf } from '../../../electron/document-host/pdf-direction.ts';
import { at, onePagePdf, toUnicode } from '../../fixtures/documents/pdf-pages.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { parse } from './parsing.ts';

const write = temporaryFiles();
let files = 0;

const hebrew = 'אבגדהוזחטיךכלםמןנסעףפץצקרשת';
const signs = '\u064E\u0651'; // above a letter: fatha and shadda
const arabic = `ابتجدرسعلمنهوية٠١٢٣٤٥٦٧٨٩٫٪،${signs}`;
const others = [...hebrew, ...arabic];
const ligature = 'لا';
const firstCode = 0xa1;
const ligatureCode = firstCode + others.length;

const hexOf = (text: string): string =>
  [...text].map((character) => character.charCodeAt(0).toString(16).padStart(4, '0')).join('');
const map = toUnicode([
  ...others.map((character, i): [number, string] => [firstCode + i, hexOf(character)]),
  [ligatureCode, hexOf(ligature)],
]);
const font =
  '<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding/ToUnicode 6 0 R' +
  `/FirstChar 32/LastChar 255/Widths[${'500 '.repeat(224)}]>>`;

/** The bytes of a line as it is drawn, from left to right; ≬ stands for the ligature. */
const drawn = (visual: string): string =>
  [...visual]
    .map((character) => {
      const code = character === '≬' ? ligatureCode : firstCode + others.indexOf(character);
      if (code >= firstCode) return `\\${code.toString(8)}`;
      return /[()\\]/.test(character) ? `\\${character}` : character;
    })
    .join('');

/** What right-to-left print looks like from the left: everything turned round, but numbers and Latin runs. */
const turned = (logical: string): string => {
  const swap: Record<string, string> = { '(': ')', ')': '(' };
  const parts = logical.match(/[A-Za-z]+(?: [A-Za-z]+)*|\d+(?:[.,/]\d+)*%?|[٠-٩]+(?:٫[٠-٩]+)*|./gsu) ?? [];
  return parts
    .reverse()
    .map((part) => swap[part] ?? part)
    .join('');
};

async function textOf(content: string): Promise<string> {
  return (await parse(write(`left-${files++}.pdf`, onePagePdf(content, { font, objects: [map] })))).text;
}

describe('text that runs to the left', () => {
  it.each([
    'הקרן נוסדה בשנת 1887 על ידי יוסיה',
    'הקרן של (Josiah Penhallow), והיא של North Sea Ltd בעיר',
    'הסכום 1,250,000 לפי סעיף 3.2(א) של 15/03/2024.',
    'היא 12.5% מהם',
    'بدر ١٢٫٥٪ من دار، وهو',
  ])('is read as it is written: %s', async (logical) => {
    expect(await textOf(at(60, 700, drawn(turned(logical))))).toBe(logical);
  });

  it('is read in whatever order its words are drawn', async () => {
    const words = ['שלום', 'לכל', 'אנשי', 'הים'];
    const places = words.map((word, i) => at(400 - 60 * i, 700, drawn(turned(word))));
    expect((await textOf(places.join(''))).replaceAll('\t', ' ')).toBe(words.join(' '));
    expect((await textOf(places.reverse().join(''))).replaceAll('\t', ' ')).toBe(words.join(' '));
  });

  it('keeps the letters of a ligature in order', async () => {
    expect(await textOf(at(60, 700, drawn('مالس دب≬')))).toBe('لابد سلام');
  });

  it.each(['صلى الله عليه وسلم', 'جل جلاله'])('keeps the words of one glyph in order: %s', (words) => {
    // PDFium gives all letters of such a glyph, which is 20 points wide, one place.
    const [left, right] = [100, 120];
    const run = {
      text: words,
      lefts: words.split('').map((letter) => (letter === ' ' ? right : left)),
      rights: words.split('').map(() => right),
      left,
      right,
      base: 700,
      size: 12,
      rise: 9,
      fall: 3,
      turn: 0 as const,
      line: 0,
      spaced: false,
      flow: 'left' as const,
    };
    expect(stretchesOf([run], 12, 'left').map(({ text }) => text)).toEqual([words]);
  });

  it('tells a note mark from the words beside it', async () => {
    const [first, second] = ['בשנת הים', 'אנשי דגים.']; // 48 and 60 points wide
    const mark = at(127, 705, '3', 7);
    const content = at(60, 700, drawn(turned(second))) + mark + at(131, 700, drawn(turned(first)));
    expect(await textOf(content)).toBe('בשנת הים[3] אנשי דגים.');
  });

  it('keeps its order inside a line that runs to the right', async () => {
    const content = at(
      60,
      700,
      drawn(`The word ${turned('שלום')} and the words ${turned('בית ספר גדול')} mean (${turned('בית ספר')}), 1948.`),
    );
    expect(await textOf(content)).toBe('The word שלום and the words בית ספר גדול mean (בית ספר), 1948.');
  });

  it('leaves words as they are that run to the right beside it, with raised endings and hyphens', async () => {
    // Each letter is 6 points wide, and 4 in the endings.
    const ending = (x: number, text: string): string => at(x, 704, text, 8);
    const content =
      at(60, 700, drawn(`${turned('שלום')} nas`)) +
      ending(108, 'a') +
      at(118, 700, 'kaffat') +
      ending(154, 'an') +
      at(168, 700, 'min muhatab-hi ahad') +
      ending(282, 'un') +
      at(296, 700, 'bi-sayid');
    expect(await textOf(content)).toBe('שלום nasᵃ kaffatan min muhatab-hi ahadun bi-sayid');
  });

  it('keeps a word whole that is drawn in pieces, with a sign above it, beside words that run to the right', async () => {
    // In the last piece the words after it follow, as where PDFium begins a new line at the sign.
    const pieces =
      at(60, 700, drawn('They write   رد')) + at(144, 704, drawn('\u0651')) + at(132, 700, drawn('ا   or so, and'));
    const text = await textOf(pieces + at(60, 680, drawn('it is said as it stands here in this line of words.')));
    expect(text.replaceAll(/\s+/g, ' ')).toBe(
      'They write دّرا or so, and it is said as it stands here in this line of words.',
    );
  });

  it('does not go on in the line below at a hyphen', async () => {
    const lines = [
      'The signs above letters, as in סלע, are written too, and here with respec-',
      'tive words of סלע beside them.',
    ];
    const text = await textOf(lines.map((line, i) => at(60, 700 - 14 * i, drawn(line.replace('סלע', 'עלס')))).join(''));
    expect(text).toBe(
      'The signs above letters, as in סלע, are written too, and here with respective words of סלע beside them.',
    );
  });

  it('is in a line to the right where a name with a full stop before it begins that line', async () => {
    const text = await textOf(at(60, 700, drawn(`.hay ${turned('אבא')} said, .sal ${turned('ספר')} read and hid`)));
    expect(text).toBe('.hay אבא said, .sal ספר read and hid');
  });

  it('is joined to paragraphs whose lines end at the left, and stays a table', async () => {
    const lines = [
      'הקרן נוסדה על ידי סוחר דגים בעיר גדולה מאד',
      'והיא מחזיקה היום את כל הספינות של הנמל הזה',
      'וגם את המגדל.',
    ];
    const paragraph = lines.map((line, i) => at(560 - 6 * line.length, 700 - 14 * i, drawn(turned(line)))).join('');
    expect(await textOf(paragraph)).toBe(lines.join(' '));
    const rows = [
      ['דוד לוי', 'חיפה', '1,200'],
      ['שרה כהן', 'עכו', '3,400'],
      ['רות גל', 'לוד', '70'],
    ];
    const cells = rows.flatMap((row, r) =>
      row.map((text, c) => at(480 - 150 * c - 6 * text.length, 600 - 20 * r, drawn(turned(text)))),
    );
    expect(await textOf(cells.join(''))).toBe(rows.map((row) => row.join('\t')).join('\n'));
  });
});

describe('facing brackets', () => {
  it.each([
    [')א(', '(א)'],
    ['א )Ann Lee( ב', 'א (Ann Lee) ב'],
    ['3.2)א( ב', '3.2(א) ב'],
    ['1( א', '1) א'],
    ['1( א )ב(', '1) א (ב)'],
    [']א [ )ב(', '[א ] (ב)'],
  ])('%s is %s', (text, expected) => {
    expect(facingBrackets(text)).toBe(expected);
  });
});
