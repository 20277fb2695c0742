import { describe, expect, it } from 'vitest';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { failure, parse } from './parsing.ts';

const write = temporaryFiles();
const head = String.raw`{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\froman\fcharset204 Times;}{\f2\fnil\fcharset2 Symbol;}{\f3\fcharset128 Mincho;}}{\colortbl;\red0\green0\blue0;}{\*\generator Writer;}`;
const read = (name: string, body: string) => parse(write(name, Buffer.from(`${head}${body}}`, 'latin1')));

describe('extract-rtf', () => {
  it('reads code pages, Unicode with its fallback, symbols, raised digits and what stands for a character', async () => {
    const { text, format, notes } = await read(
      'a.rtf',
      String.raw`{\info{\title The \'dcbung}}\pard\plain\f0 K\'f6ln\~and \f1 \'cc\'ee\'f1\f0 , \f3 \'93\'fa\'96\'7b\f0 \par
\u8364?\u-10179\'3f\u-8704\'3f 5 m{\super 3} \ldblquote so\rdblquote  a\-b \endash  \{x\}\tab y\line z\par {\f2 \'b7} x\par`,
    );
    expect(format).toBe('rtf');
    expect(text).toBe('Köln\u00A0and Мос, 日本\n\n€😀 5 m³ “so” ab – {x}\ty\nz\n\n• x');
    expect(notes).toEqual([]);
  });

  it('reads what is typed in fonts that stand in for Symbol, and digits in a symbol font that nobody knows', async () => {
    const fonts = String.raw`{\rtf1\ansi{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fnil\fcharset2 Standard Symbols L;}{\f2\fnil\fcharset2 Own Signs;}}`;
    const body = String.raw`\pard\f1 61602 \u61602 ?, a\par\f2 No. 47 \'b7 \u61656 ?\par}`;
    const { text } = await parse(write('signs.rtf', `${fonts}${body}`));
    expect(text).toBe('61602 ′, α\n\nNo. 47 🕐 ⮚');
  });

  it('reads headings, list numbers, tables with merged cells, footnotes, fields, headers and comments', async () => {
    const document = await read(
      'b.rtf',
      String.raw`{\header\pard Draft of May\par}\pard\outlinelevel0 Terms\par
\pard{\listtext\pard\plain 1.1\tab}First{\super\chftn{\footnote\pard {\super\chftn} See the annex.}} clause\par
\pard{\listtext\f2\'b7\tab}A point\par
\trowd\clvmgf\cellx1000\cellx2000\cellx3000\pard\intbl Both\cell one\cell two\cell\row
\trowd\clvmrg\cellx1000\clmgf\cellx2000\clmrg\cellx3000\pard\intbl \cell {\b wide}\cell \cell\row
\pard Pay {\field{\*\fldinst HYPERLINK "http://x.example"}{\fldrslt 30 euro}} now{\*\atnid RT}{\*\atnauthor Ruth}\chatn{\*\annotation{\*\atnref 1}\pard Too much?}.\par`,
    );
    expect(document.text).toBe(
      [
        '[Header: Draft of May]',
        '# Terms',
        '1.1 First[1] clause',
        '[1] See the annex.',
        '- A point',
        '| Both | one | two |\n| Both | wide | wide |',
        'Pay 30 euro now [Comment by Ruth: Too much?].',
      ].join('\n\n'),
    );
    expect(document.pages.at(-1)?.label).toBe('Terms');
    expect(document.notes.map(({ kind }) => kind)).toEqual(['comments']);
  });

  it('leaves out hidden and deleted text, pictures and binary data, and counts them', async () => {
    const document = await read(
      'c.rtf',
      String.raw`\pard seen{\v secret} {\deleted gone }{\revised new }{\*\shppict{\pict\pngblip 89504e47}}{\nonshppict{\pict 00}}{\pict\bin4 }}{{}x\par {\shp{\*\shpinst{\sp{\sn a}{\sv 1}}{\shptxt\pard In a box\par}}{\shprslt{\pard In a box\par}}}\par{\*\unknown words}end\par`,
    );
    expect(document.text).toBe('seen new x\n\nIn a box\n\nend');
    expect(document.notes.map(({ kind, count }) => [kind, count])).toEqual([
      ['tracked-changes', 2],
      ['hidden-text', 1],
      ['pictures', 2],
    ]);
  });

  it('reads equations, whose groups are those of Word, in LaTeX', async () => {
    const { text, notes } = await read(
      'equations.rtf',
      String.raw`\pard\plain Energy {\mmath{\*\moMath{\mr\mscr0\msty2 E=m}{\msSup{\msSupPr{\mctrlPr\f0 }}{\me{\mr c}}{\msup{\mr 2}}}}}{\mmathPict{\*\shppict{\pict\pngblip 8950}}} and\par
{\mmath{\*\moMathPara{\*\moMath{\mf{\mfPr{\mtype lin}}{\mnum{\mr a}}{\mden{\mr b}}}{\i{\mr +}}{\mrad{\mradPr{\mdegHide on}}{\mdeg}{\me{\mr x}}}{\mnary{\mnaryPr{\mchr \u8721 ?}}{\msub{\mr i}}{\msup{\mr n}}{\me{\mr\mscr3 N}}}{\md{\mdPr{\mbegChr [}{\mendChr ]}}{\me{\mr\mnor rate}}}}}} end\par
{\deleted {\mmath{\*\moMath{\mr gone}}}}Last.\par`,
    );
    expect(text).toBe('Energy $E=mc^2$ and\n\n$a/b+\\sqrt{x}\\sum_i^n \\mathbb{N}[\\text{rate}]$ end\n\nLast.');
    expect(notes).toEqual([
      { kind: 'tracked-changes', count: 1, sentence: expect.stringContaining('as if all were accepted') },
      { kind: 'equations', count: 2, sentence: '2 equations were written as text, in LaTeX.' },
    ]);
  });

  it('reads equations of any depth', async () => {
    const deep = `${String.raw`{\mmath{\*\moMath`}${String.raw`{\mrad{\me`.repeat(4000)}{\\mr x}${'}}'.repeat(4000)}}}\\par`;
    expect((await read('deep.rtf', deep)).text).toMatch(/^\$(\\sqrt\{)+x\}+\$$/);
  });

  it('reads text boxes of Word 6, once where a newer form of the shape has it too', async () => {
    const { text } = await read(
      'boxes.rtf',
      String.raw`\pard Before{\*\do\dobxpage\dptxbx{\dptxbxtext\pard An old box.\par}} after.\par
And{\shp{\*\shpinst{\shptxt\pard A box.\par}}{\shprslt{\*\do\dptxbx{\dptxbxtext\pard A box.\par}}}} more.\par`,
    );
    expect(text.match(/An old box\./g)).toHaveLength(1);
    expect(text.match(/A box\./g)).toHaveLength(1);
    expect(text).toContain('Before after.');
  });

  it('ends hostile files in a sentence, and reads cut ones as far as they go', async () => {
    await failure(parse(write('deep.rtf', `{\\rtf1 ${'{'.repeat(200_000)}`)), 'DOC_FORMAT');
    await failure(parse(write('empty.rtf', '{\\rtf1\\ansi }')), 'DOC_EMPTY');
    expect((await parse(write('cut.rtf', '{\\rtf1\\ansi Text that stops \\b her'))).text).toBe('Text that stops her');
    expect((await parse(write('bin.rtf', '{\\rtf1 a\\bin999999999 b}'))).text).toBe('a');
  });
});
