import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatNumber } from '../../../electron/document-host/number-formats.ts';
import { docxBytes, item, level, p } from '../../fixtures/documents/docx-inputs.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { parse } from './parsing.ts';

const write = temporaryFiles();
const abstract = (id: number, inner: string): string =>
  `<w:abstractNum w:abstractNumId="${id}">${inner}</w:abstractNum>`;
const num = (id: number, of: number, inner = ''): string =>
  `<w:num w:numId="${id}"><w:abstractNumId w:val="${of}"/>${inner}</w:num>`;
const restart = (n: number, start: number): string =>
  `<w:lvlOverride w:ilvl="${n}"><w:startOverride w:val="${start}"/></w:lvlOverride>`;

async function lines(body: string, numbering: string, styles = ''): Promise<string[]> {
  const { text } = await parse(write('numbers.docx', docxBytes({ body, parts: { numbering, styles } })));
  return text.split(/\n+/).map((line) => line.trim());
}

describe('numbers of paragraphs in a DOCX', () => {
  it('keeps the zero of "Section 1.01" where letters and roman numerals become digits', async () => {
    const levels =
      level(0, 'upperRoman', 'Article %1') +
      level(1, 'decimalZero', 'Section %1.%2', '<w:isLgl/>') +
      level(2, 'upperLetter', '%1.%2.%3', '<w:isLgl/>');
    const body = item('Rent', 1, 0) + item('Amount', 1, 1) + item('cash', 1, 2) + item('Day', 1, 1);
    expect(await lines(body, abstract(0, levels) + num(1, 0))).toEqual([
      'Article I Rent',
      'Section 1.01 Amount',
      '1.01.1 cash',
      'Section 1.02 Day',
    ]);
  });

  it('counts the clauses of a contract: levels, restarts below, a paragraph between', async () => {
    const levels =
      level(0, 'upperRoman', 'Article %1.') +
      level(1, 'decimal', '%1.%2', '<w:isLgl/>') +
      level(2, 'lowerLetter', '(%3)');
    const body =
      item('Terms', 1, 0) +
      item('Rent', 1, 1) +
      item('monthly', 1, 2) +
      item('yearly', 1, 2) +
      p('Between.') +
      item('Deposit', 1, 1) +
      item('cash', 1, 2) +
      item('End', 1, 0) +
      item('Notice', 1, 1);
    expect(await lines(body, abstract(0, levels) + num(1, 0))).toEqual([
      'Article I. Terms',
      '1.1 Rent',
      '(a) monthly',
      '(b) yearly',
      'Between.',
      '1.2 Deposit',
      '(a) cash',
      'Article II. End',
      '2.1 Notice',
    ]);
  });

  it('two lists of one definition go on; a start override begins anew, once', async () => {
    const numbering = abstract(0, level(0, 'decimal', '%1)')) + num(1, 0) + num(2, 0) + num(3, 0, restart(0, 7));
    const body = item('a', 1) + item('b', 1) + item('c', 2) + item('d', 3) + item('e', 3) + item('f', 1);
    expect(await lines(body, numbering)).toEqual(['1) a', '2) b', '3) c', '7) d', '8) e', '9) f']);
  });

  it('numbers headings by their style, also one based on another, and leaves out what is taken off', async () => {
    const styles = `
      <w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr><w:outlineLvl w:val="0"/></w:pPr></w:style>
      <w:style w:type="paragraph" w:styleId="berschrift2"><w:name w:val="heading 2"/><w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
      <w:style w:type="paragraph" w:styleId="Mine"><w:name w:val="Mine"/><w:basedOn w:val="berschrift2"/></w:style>
      <w:style w:type="paragraph" w:styleId="Quiet"><w:name w:val="Quiet"/><w:basedOn w:val="berschrift1"/><w:pPr><w:outlineLvl w:val="9"/><w:numPr><w:numId w:val="0"/></w:numPr></w:pPr></w:style>`;
    const levels =
      level(0, 'decimal', '§ %1', '<w:pStyle w:val="berschrift1"/>') +
      level(1, 'decimal', '%1.%2', '<w:pStyle w:val="berschrift2"/>');
    const styled = (text: string, id: string, more = ''): string => p(text, `<w:pStyle w:val="${id}"/>${more}`);
    const body =
      styled('One', 'berschrift1') +
      styled('Part', 'berschrift2') +
      styled('Own', 'Mine') +
      styled('Bare', 'berschrift1', '<w:numPr><w:numId w:val="0"/></w:numPr>') +
      styled('Body', 'Quiet') +
      styled('Two', 'berschrift1');
    expect(await lines(body, abstract(0, levels) + num(1, 0), styles)).toEqual([
      '# § 1 One',
      '## 1.1 Part',
      '## 1.2 Own',
      '# Bare',
      'Body',
      '# § 2 Two',
    ]);
  });

  it('keeps a level that never restarts, follows a list to the style that defines it, and shows bullets as one', async () => {
    const numbering =
      abstract(0, level(0, 'decimal', '%1.') + level(1, 'decimal', 'Note %2', '<w:lvlRestart w:val="0"/>')) +
      abstract(1, '<w:numStyleLink w:val="ListStyle"/>') +
      abstract(2, `<w:styleLink w:val="ListStyle"/>${level(0, 'lowerRoman', '%1.')}`) +
      abstract(3, level(0, 'bullet', '\uF0B7')) +
      num(1, 0) +
      num(2, 1) +
      num(3, 3);
    const body =
      item('a', 1, 0) +
      item('b', 1, 1) +
      item('c', 1, 0) +
      item('d', 1, 1) +
      item('e', 2) +
      item('f', 2) +
      item('g', 3);
    expect(await lines(body, numbering)).toEqual(['1. a', 'Note 1 b', '2. c', 'Note 2 d', 'i. e', 'ii. f', '- g']);
  });

  it('shows boxes to tick, and numbers that stand close to their text', async () => {
    const font = '<w:rPr><w:rFonts w:ascii="Wingdings"/></w:rPr>';
    const numbering =
      abstract(0, level(0, 'bullet', '☒')) +
      abstract(1, level(0, 'bullet', '\uF0A8').replace('</w:lvl>', `${font}</w:lvl>`)) +
      abstract(2, level(0, 'decimal', '第%1条', '<w:suff w:val="nothing"/>')) +
      num(1, 0) +
      num(2, 1) +
      num(3, 2);
    expect(await lines(item('done', 1) + item('open', 2) + item('総則', 3), numbering)).toEqual([
      '☒ done',
      '□ open',
      '第1条総則',
    ]);
  });

  it('survives levels, lists and styles that are not there or point in circles', async () => {
    const styles =
      '<w:style w:type="paragraph" w:styleId="A"><w:basedOn w:val="B"/></w:style><w:style w:type="paragraph" w:styleId="B"><w:basedOn w:val="A"/></w:style>';
    const body =
      item('a', 9) +
      item('b', 1, 4) +
      item('c', 2) +
      p('d', '<w:pStyle w:val="A"/>') +
      p('e', '<w:numPr><w:ilvl w:val="-1"/><w:numId w:val="x"/></w:numPr>');
    const numbering = abstract(0, level(0, 'decimal', '%1 %9')) + num(1, 0) + num(2, 77);
    expect(await lines(body, numbering, styles)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });
});

describe('number-formats', () => {
  it.each([
    ['lowerLetter', 27, 'aa'],
    ['lowerLetter', 53, 'aaa'],
    ['upperRoman', 1994, 'MCMXCIV'],
    ['ordinal', 112, '112th'],
    ['ordinal', 23, '23rd'],
    ['cardinalText', 342, 'Three hundred forty-two'],
    ['ordinalText', 21, 'Twenty-first'],
    ['decimalZero', 7, '07'],
    ['chicago', 6, '††'],
    ['hex', 31, '1F'],
    ['decimalEnclosedCircle', 12, '⑫'],
    ['decimalEnclosedCircle', 40, '40'],
    ['chineseCountingThousand', 10, '十'],
    ['chineseCountingThousand', 105, '一百○五'],
    ['chineseCountingThousand', 2024, '二千○二十四'],
    ['japaneseCounting', 1110, '千百十'],
    ['chineseLegalSimplified', 15, '壹拾伍'],
    ['koreanCounting', 21, '이십일'],
    ['hebrew1', 15, 'טו'],
    ['thaiNumbers', 42, '๔๒'],
    ['none', 4, ''],
    ['notAFormat', 4, '4'],
  ])('%s of %i is %s', (format, n, text) => expect(formatNumber(n, format)).toBe(text));

  it('reads its own Roman numbers back', () => {
    const values: Record<string, number> = { M: 1000, D: 500, C: 100, L: 50, X: 10, V: 5, I: 1 };
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3999 }), (n) => {
        const digits = [...formatNumber(n, 'upperRoman')].map((sign) => values[sign] as number);
        expect(digits.reduce((sum, value, i) => sum + (value < (digits[i + 1] ?? 0) ? -value : value), 0)).toBe(n);
      }),
    );
  });
});
