/** Text as it stands on the page: hyphens, glyphs that map to no character, superscripts and subscripts. */
import { describe, expect, it } from 'vitest';
import { at, onePagePdf, streamObject, toUnicode } from '../../fixtures/documents/pdf-pages.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { parse } from './parsing.ts';

const write = temporaryFiles();
let files = 0;

async function textOf(content: string, options?: Parameters<typeof onePagePdf>[1]): Promise<string> {
  return (await parse(write(`page-${files++}.pdf`, onePagePdf(content, options)))).text;
}

const lines = (...texts: string[]): string => texts.map((text, i) => at(60, 700 - 14 * i, text)).join('');

/** A font without an embedded file, so that its ascent and descent are those of its entry. */
const fontOf = (name: string, ascent: number, descent: number): string =>
  `<</Type/Font/Subtype/TrueType/BaseFont/${name}/Encoding/WinAnsiEncoding/FirstChar 32/LastChar 126/Widths[${'500 '.repeat(95)}]/FontDescriptor<</Type/FontDescriptor/FontName/${name}/Flags 32/FontBBox[-166 ${descent} 1000 ${ascent}]/Ascent ${ascent}/Descent ${descent}/ItalicAngle 0/CapHeight 700/StemV 80>>>>`;

describe('hyphens at line ends', () => {
  it('joins after soft and hard hyphens and keeps the form that is used elsewhere', async () => {
    expect(
      await textOf(
        lines('Die Po\\255', 'litik und Immo-', 'bilien; Wert\\255papier; a well-', 'known rule. It is well-known.'),
      ),
    ).toBe('Die Politik und Immobilien; Wertpapier; a well-known rule. It is well-known.');
  });

  it('keeps what a hyphen leaves out, and ranges of numbers', async () => {
    expect(
      await textOf(
        lines(
          'Alle Ein- und Ausgaben, die Ein-',
          'und Ausgaben der Jahre 1990-',
          '1995 sowie der Kraft-',
          'werke und des Netzes',
        ),
      ),
    ).toBe('Alle Ein- und Ausgaben, die Ein- und Ausgaben der Jahre 1990-1995 sowie der Kraftwerke und des Netzes');
  });

  it('goes on in a line that begins with the rest of a word in a font of lower letters', async () => {
    const content =
      lines('The keeper of the light at Skerrin Point kept his files and tem-') +
      'BT /F2 12 Tf 60 686 Td (plates) Tj /F1 12 Tf ( in a box, and in another box the book of the many old) Tj ET\n' +
      at(60, 672, 'lights that burn along this coast.');
    const options = { font: fontOf('Quill', 1100, -400), fonts: `/F2 ${fontOf('Slate', 900, -200)}` };
    expect(await textOf(content, options)).toBe(
      'The keeper of the light at Skerrin Point kept his files and templates in a box, and in another box the book of the many old lights that burn along this coast.',
    );
  });

  it('goes on in a line of the same size most of which is in a font of another height', async () => {
    const content =
      'BT /F2 12 Tf 60 700 Td (/usr/share/lights/mine, /usr/share/lights/all) Tj /F1 12 Tf ( respec-) Tj ET\n' +
      lines('', 'tively. These are the two files that the keeper has of them,') +
      at(60, 672, 'and no others.');
    const options = { font: fontOf('Quill', 1100, -400), fonts: `/F2 ${fontOf('Slate', 900, -200)}` };
    expect(await textOf(content, options)).toContain('all respectively. These are the two files');
  });

  it('joins a number that a soft hyphen breaks', async () => {
    expect(await textOf(lines('The serial number of it is 12345\\255', '67890 and nothing else'))).toBe(
      'The serial number of it is 1234567890 and nothing else',
    );
  });

  it('takes soft hyphens for hyphens in a file that has no others', async () => {
    const text = lines('A well\\255known rule of the years 1990\\2551995 and', 'a self\\255taught man');
    expect(await textOf(text)).toBe('A well-known rule of the years 1990-1995 and a self-taught man');
  });
});

describe('glyphs without a meaning', () => {
  const font = '<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>';

  it('marks them and says on which page', async () => {
    const bytes = onePagePdf(at(60, 700, 'o\\001cial pro\\002ling, \\003 and \\004'), {
      font,
      objects: [toUnicode([[1, '0000'], [2, 'FB01'], [3, 'E123'], [4, 'FFFE']])], // biome-ignore format: pairs
    });
    const { text, notes } = await parse(write('glyphs.pdf', bytes));
    expect(text).toBe('o\uFFFDcial profiling, \uFFFD and \uFFFD');
    expect(notes).toMatchObject([{ kind: 'unknown-glyphs', count: 3, page: 1 }]);
    expect(notes[0]?.sentence).toMatch(/^Page 1: 3 characters on the page have no known letter/);
  });

  it('reads what the private use of Adobe and Symbol is known to mean', async () => {
    const objects = [toUnicode([[1, 'F0B7'], [2, 'F731'], [3, 'F761']])]; // biome-ignore format: pairs
    expect(await textOf(at(60, 700, '\\001 Item \\002\\0020 \\003'), { font, objects })).toBe('• Item 110 a');
  });

  it('reads ligatures and variants that the font names by their parts', async () => {
    const named = (name: string): string =>
      `<</Type/Font/Subtype/Type1/BaseFont/${name}/Encoding<</Type/Encoding/Differences[1/f_i/T_h.alt 4/g.sc/nine.oldstyle/g_sc_1]>>>>`;
    const shown = at(60, 700, 'O\\001ce \\002e \\004 \\005 \\006');
    const { text, notes } = await parse(write('named.pdf', onePagePdf(shown, { font: named('ABCDEF+Quill') })));
    expect(text).toBe('Ofice The g 9 \uFFFD');
    expect(notes).toMatchObject([{ kind: 'unknown-glyphs', count: 1, page: 1 }]);
  });

  it('says that the letters of a font without names are guessed', async () => {
    const guessed =
      '<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/CharProcs<<>>/Encoding<</Differences[]>>/FirstChar 97/LastChar 99/Widths[1 1 1]>>';
    const { notes } = await parse(write('guessed.pdf', onePagePdf(at(60, 700, 'abc cab'), { font: guessed })));
    expect(notes).toMatchObject([{ kind: 'guessed-letters', count: 6, page: 1 }]);
  });
});

describe('accents that are drawn as glyphs of their own', () => {
  const drawn = (body: string): string => `BT /F1 12 Tf 60 700 Td ${body} TJ ET\n`;

  it('go into the letter over which they stand, before or after it', async () => {
    // Widths in Helvetica: accents 333; a, e, n and o 556; c 500; I 278.
    expect(
      await textOf(
        drawn('[(mode hell\\264) 445 (enique, publicac) 416 (\\270) -84 (a) 445 (\\230) -112 (o, a) 445 (\\250)]'),
      ),
    ).toBe('mode hellénique, publicação, ä');
  });

  it('over capitals, and where the file draws them after the line', async () => {
    const text = drawn('[(Electricite de France)]') + at(61.9, 702.5, '\\264') + at(104.8, 700, '\\264');
    expect(await textOf(text)).toBe('Électricité de France');
  });

  it('stay what they are beside a letter', async () => {
    expect(await textOf(lines('a `quoted\\264 word, 5\\260 and a\\250 b \\230 c'))).toBe(
      'a `quoted´ word, 5° and a¨ b ˜ c',
    );
  });
});

describe('raised and lowered characters', () => {
  const rise = (before: string, text: string, by: number, after: string, size = 7): string =>
    `BT /F1 12 Tf 60 700 Td (${before}) Tj /F1 ${size} Tf ${by} Ts (${text}) Tj 0 Ts /F1 12 Tf (${after}) Tj ET\n`;

  it('tells the mark of a note from the digit before it', async () => {
    expect(await textOf(rise('Revenue rose 5', '3', 5, ' percent.') + at(60, 100, '3 Audited.', 9))).toBe(
      'Revenue rose 5[3] percent.\n\n3 Audited.',
    );
    expect(await textOf(rise('The committee', '12', 5, ' agreed.'))).toBe('The committee[12] agreed.');
  });

  it('writes exponents and indices as such', async () => {
    expect(await textOf(rise('It covers 40 m', '2', 4, ' of floor'))).toBe('It covers 40 m² of floor');
    expect(await textOf(rise('about 10', '-6', 4, ' of them'))).toBe('about 10⁻⁶ of them');
    // The 2 after a sum in brackets is no mark, even if the page has a note of this number.
    const note = at(60, 100, '2 Audited.', 9);
    expect(await textOf(rise('h = \\(x + 1\\)', '2', 5, ' + 3') + note)).toBe('h = (x + 1)² + 3\n\n2 Audited.');
    expect(await textOf(rise('so \\(see below\\)', '2', 5, ' it is') + note)).toBe(
      'so (see below)[2] it is\n\n2 Audited.',
    );
    expect(await textOf(rise('pure H', '2', -3, 'O only'))).toBe('pure H₂O only');
    expect(await textOf(rise('pure H', '2', -6, 'O only', 10))).toBe('pure H₂O only');
  });

  it('sees them when the file draws them elsewhere, with a smaller font', async () => {
    const drawn = at(60, 700, 'The area is 40 km') + at(156.7, 700, ' in all.') + at(152.1, 705, '2', 7);
    expect(await textOf(drawn)).toMatch(/^The area is 40 km²\s+in all\.$/);
  });

  it('keeps a letter of the same size that is lowered a little in its word', async () => {
    const draw = (x: number, y: number, text: string): string => `BT /F1 12 Tf ${x} ${y} Td (${text}) Tj ET\n`;
    expect(await textOf(draw(60, 700, 'The T') + draw(88, 697.9, 'E') + draw(95, 700, 'X Team expands'))).toBe(
      'The TEX Team expands',
    );
  });

  it('keeps a lowered letter in its word whose font is a little larger than that of the line', async () => {
    const font =
      '<</Type/Font/Subtype/Type1/BaseFont/Helvetica/FirstChar 32/LastChar 126' + `/Widths[${'500 '.repeat(95)}]>>`;
    const line = 'They printed it with T';
    const right = 60 + line.length * 4.91; // of the T, whose foot the E overlaps
    const content =
      at(60, 700, line, 9.82) + at(right - 1.6, 697.5, 'E', 9.95) + at(right + 1.8, 700, 'Xware for all', 9.95);
    const { text } = await parse(write('lowered-letter.pdf', onePagePdf(content, { font })));
    expect(text).toBe('They printed it with TEXware for all');
  });

  it('leaves ordinal letters on the line', async () => {
    expect(await textOf(rise('on the 19', 'th', 5, ' of May'))).toBe('on the 19th of May');
  });
});

describe('turned text', () => {
  it('is read along its own lines, after the text of the page', async () => {
    const turned = (x: number, y: number, text: string): string =>
      `BT /F1 12 Tf 0 1 -1 0 ${x} ${y} Tm (${text}) Tj ET\n`;
    const text = await textOf(
      turned(40, 100, 'up the side in') +
        turned(54, 100, 'two lines here') +
        lines('A page of text that is', 'longer than its margin note'),
    );
    expect(text).toBe('A page of text that is longer than its margin note\n\nup the side in two lines here');
  });

  it('reads a mirrored letter where it stands, as in the name of a program', async () => {
    const content =
      'BT /F1 12 Tf 60 700 Td (We use X) Tj ET\nBT /F1 12 Tf -1 0 0 1 118 698 Tm (E) Tj ET\n' +
      'BT /F1 12 Tf 119 700 Td (TEX for all of it.) Tj ET\n' +
      at(60, 680, 'And this is the line below it.');
    expect(await textOf(content)).toMatch(/We use X ?E ?TEX for all of it\. ?\s?And this is the line below it\.$/);
  });

  it('keeps a word apart that stands below the end of much larger print', async () => {
    expect(await textOf(at(200, 700, 'John Doe', 50) + at(370, 676, 'position', 10))).toMatch(/^John Doe\s+position$/);
  });
});

describe('text outside the edges of the page', () => {
  const content =
    at(60, 20, 'contract_final_3.indd 12 Mar 2021 10:33') +
    at(60, 700, 'The fee is 20 EUR.') +
    at(900, 700, 'a draft on the pasteboard') +
    at(460, 660, 'half of this line is cut off at the edge');

  it.each(['/CropBox[50 50 545 792]', '/CropBox[50 50 545 792]/Rotate 90'])(
    'is left out and noted: %s',
    async (page) => {
      const document = await parse(write(`beyond-${files++}.pdf`, onePagePdf(content, { page })));
      expect(document.text).toMatch(/^The fee is 20 EUR\.\s+half of this line/);
      expect(document.text).not.toMatch(/indd|pasteboard|the edge/);
      const [note] = document.notes.filter(({ kind }) => kind === 'hidden-text');
      expect(note).toMatchObject({ page: 1, count: 3 });
      expect(note?.sentence).toMatch(/3 passages stand outside the edges of the page/);
    },
  );

  it('is nothing where the file gives no sensible edges', async () => {
    const document = await parse(
      write('edges.pdf', onePagePdf(at(60, 700, 'Here.'), { page: '/CropBox[700 900 700 900]' })),
    );
    expect(document.text).toContain('Here.');
  });
});

describe('text outside of its clip path', () => {
  const read = (content: string, options: Parameters<typeof onePagePdf>[1] = {}) =>
    parse(write(`clip-${files++}.pdf`, onePagePdf(content, options)));
  const clipped = (box: string, content: string): string => `q ${box} re W n\n${content}Q\n`;

  it('is left out and noted; what is partly inside stays', async () => {
    const { text, notes } = await read(
      at(60, 700, 'The fee is 20 EUR.') +
        clipped(
          '50 590 200 30',
          at(60, 600, 'Shown.') + at(60, 570, 'Cut off below.') + at(300, 600, 'Cut off beside.'),
        ) +
        clipped('50 500 200 50 re W n 0 0 100 530', at(60, 510, 'Within both.') + at(160, 510, 'Within one.')) +
        at(60, 450, 'End.'),
    );
    expect(text.split(/\n+/)).toEqual(['The fee is 20 EUR.', 'Shown.', 'Within b', 'End.']);
    expect(notes).toMatchObject([{ kind: 'hidden-text', page: 1, count: 3 }]);
    expect(notes[0]?.sentence).toMatch(/3 passages are cut off/);
  });

  it('is measured in the coordinates of the forms that it is in', async () => {
    const inner = at(10, 10, 'In the figure.') + at(10, 200, 'Above its box.') + at(10, 60, 'Cropped.');
    const { text, notes } = await read(
      `${at(60, 700, 'Before.')}q 50 390 300 40 re W n 1 0 0 1 50 390 cm /Outer Do Q\n${at(60, 300, 'After.')}`,
      {
        resources: '/XObject<</Outer 6 0 R>>',
        objects: [
          streamObject(
            'q 1 0 0 1 0 0 cm /Inner Do Q',
            '/Type/XObject/Subtype/Form/BBox[0 0 300 300]/Resources<</XObject<</Inner 7 0 R>>>>',
          ),
          streamObject(
            inner,
            '/Type/XObject/Subtype/Form/BBox[0 0 300 100]/Matrix[1 0 0 1 5 5]/Resources<</Font<</F1 5 0 R>>>>',
          ),
        ],
      },
    );
    expect(text.split(/\n+/)).toEqual(['Before.', 'In the figure.', 'After.']);
    expect(notes).toMatchObject([{ kind: 'hidden-text', count: 2 }]);
  });

  it('is read where it is an invisible layer, as on recognised pages', async () => {
    const { text } = await read(clipped('0 0 1 1', `3 Tr ${at(60, 700, 'Recognised before.')}`));
    expect(text).toBe('Recognised before.');
  });
});
