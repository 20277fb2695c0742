/** The order of a PDF page's text: columns are read from top to bottom, rows of tables stay rows, in whatever order they are drawn. */
import { describe, expect, it } from 'vitest';
import { at, grid, onePagePdf } from '../../fixtures/documents/pdf-pages.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { parse } from './parsing.ts';

const write = temporaryFiles();
let files = 0;

async function textOf(content: string, options?: Parameters<typeof onePagePdf>[1]): Promise<string> {
  return (await parse(write(`order-${files++}.pdf`, onePagePdf(content, options)))).text;
}

describe('columns', () => {
  const left = ['The committee reviewed the', 'annual report and then', 'turned to the harbour wall'];
  const right = ['approved the budget for', 'the coming fiscal year and', 'closed the sitting at noon'];
  const rows = left.map((text, i) => [text, right[i] ?? '']);
  const read = [...left, ...right].join(' ');

  it.each(['rows', 'columns', 'backwards'] as const)('are read down when they are drawn by %s', async (order) => {
    expect(await textOf(grid([60, 330], 712, rows, order))).toBe(read);
  });

  it('are read down below a heading and above a footer that span them', async () => {
    const text = await textOf(
      at(60, 780, 'A heading across the whole width of this page, above both of its columns', 14) +
        grid([60, 330], 712, rows) +
        at(60, 100, 'A last line that again goes across the whole width of the page and ends here.'),
    );
    expect(text.split('\n\n')).toEqual([
      'A heading across the whole width of this page, above both of its columns',
      read,
      'A last line that again goes across the whole width of the page and ends here.',
    ]);
  });

  it('stay columns where one line is too long and a heading is large', async () => {
    const left = Array.from({ length: 14 }, (_, i) => at(60, 700 - 14 * i, `left line ${i} goes on with more of it`));
    const right = Array.from({ length: 14 }, (_, i) => at(263, 703 - 14 * i, `right line ${i} says something`));
    // The line is 193 points long in Helvetica, which leaves 10 points between the columns.
    left[6] = at(60, 700 - 14 * 6, 'this line of the left column is too long');
    right[2] = at(263, 703 - 14 * 2, '2 RIGHT HEADING', 16);
    const text = await textOf([...left, ...right].join(''));
    expect(text.indexOf('left line 13')).toBeLessThan(text.indexOf('right line 0'));
    expect(text).not.toMatch(/left line \d+[^\n]*\t/);
  });

  it('may be those of a table of contents, with dots that lead to page numbers', async () => {
    // As in TeX's tables of contents, the dots begin close behind long titles.
    const entry = (x: number, y: number, text: string, page: number) =>
      (text.length > 12
        ? at(x, y, `${text} . . . . . . . .`, 10)
        : at(x, y, text, 10) + at(x + 90, y, '. . . . . . . . . .', 10)) + at(x + 160, y, String(page), 10);
    const left = [
      'Welcome here',
      'What exists here',
      'What happens',
      'Some specifics of it',
      'Plans',
      'The next months',
    ];
    const right = [
      'Hiatus of it',
      'Recent work here',
      'Work ongoing',
      'Upper case',
      'Spaces skipped',
      'Later work here',
    ];
    const column = (x: number, texts: string[], first: number) =>
      texts.map((text, i) => entry(x, 700 - 14 * i, text, first + i)).join('');
    const text = await textOf(column(60, left, 3) + column(270, right, 13));
    const found = [...text.matchAll(/^(\w+(?: \w+)*)[ .\t]+(\d+)$/gm)].map(([, title, page]) => `${title} ${page}`);
    expect(found).toEqual([
      ...left.map((title, i) => `${title} ${3 + i}`),
      ...right.map((title, i) => `${title} ${13 + i}`),
    ]);
  });

  it('hold a table or a table of contents in one of them, beside running text in the other', async () => {
    const prose = [
      'There has been quite a gap since',
      'the last issue of this letter, and',
      'so there is quite a bit to cover.',
      'Luckily, one of the things that are',
      'new is a more formal approach to',
      'the log, so that writing it up has',
      'become a bit easier than it was and',
      'takes less of the time that is left',
      'for work on the programs themselves',
    ];
    const table = [
      'Introduction',
      'Arguments',
      'Functions',
      'Conversion',
      'Case of text',
      'Fixes',
      'Files',
      'Messages',
    ];
    const text = await textOf(
      table.map((entry, i) => at(60, 702 - 13 * i, entry, 10) + at(250, 702 - 13 * i, String(25 + i), 10)).join('') +
        prose.map((line, i) => at(290, 700 - 12 * i, line, 10)).join(''),
    );
    const lines = text.split(/\n+/);
    expect(lines.slice(0, 8)).toEqual(table.map((entry, i) => `${entry}\t${25 + i}`));
    expect(lines.slice(8).join(' ')).toBe(prose.join(' '));
  });

  it('may be those of an index, with few dots or none before several page numbers', async () => {
    const entries = 'back balance box break card case code column count cross date depth draft edge end even'.split(
      ' ',
    );
    const column = (x: number, words: string[], page: number) =>
      words
        .map((word, i) =>
          i % 2 === 0
            ? at(x, 700 - 12 * i, `\\\\${word} . . .`, 10) +
              at(x + 70, 700 - 12 * i, `${page + i}, ${page + i + 1}`, 10)
            : at(x, 700 - 12 * i, `\\\\${word}  ${page + i}`, 10),
        )
        .join('');
    const text = await textOf(column(60, entries.slice(0, 8), 100) + column(220, entries.slice(8), 300));
    expect([...text.matchAll(/\\(\w+)\W+\d/g)].map(([, word]) => word)).toEqual(entries);
  });

  it('may be three, and stand on lines of their own', async () => {
    const words = (c: number, r: number): string => `column ${'abc'[c]} has line number ${r} here`;
    const column = (c: number): string[] => Array.from({ length: 5 }, (_, r) => words(c, r));
    let drawn = '';
    for (let r = 0; r < 5; r++)
      for (let c = 0; c < 3; c++) drawn += at(40 + 180 * c, 700 - 13 * r - 4 * c, words(c, r), 10);
    expect(await textOf(drawn)).toBe([0, 1, 2].flatMap(column).join(' '));
  });

  it('go on down to a last line that stands beside another after lines that stand on their own', async () => {
    const left = Array.from({ length: 6 }, (_, i) => `left line ${i} goes on with more of its words`);
    const right = Array.from({ length: 6 }, (_, i) => `right line ${i} says what stands on this side`);
    // From the second line on the right column stands half a line lower, so the columns share no line until the last one.
    const column = (x: number, texts: string[], lower: number): string =>
      texts.map((text, i) => at(x, 700 - 14 * i - (i > 0 && i < 5 ? lower : 0), text, 10)).join('');
    const top = grid([60, 330], 742, [['an upper line of the left', 'an upper line of the right'], ['a next line of the left', 'a next line of the right']]); // biome-ignore format: rows
    const text = await textOf(top + column(60, left, 0) + column(330, right, 7));
    expect(text.indexOf('left line 5')).toBeLessThan(text.indexOf('upper line of the right'));
    expect(text.indexOf('left line 5')).toBeLessThan(text.indexOf('right line 1'));
  });

  it('are not made by signs in the margin', async () => {
    const sign = (y: number): string => at(50, y, '!', 11) + at(80, y, 'Replace:', 9) + at(130, y, 'the old name', 9.6) + at(330, y, 'By:', 9) + at(372, y, 'the new name', 9.6); // biome-ignore format: a line
    const paragraph = ['The old package was replaced by the new one, and the package that was', 'made for the same by others, and is part of their own bundle of packages for it, by a third one. Its', 'manual is a part of it.']; // biome-ignore format: lines
    const text = await textOf(
      sign(700) + paragraph.map((line, i) => at(80, 660 - 14 * i, line, i === 1 ? 9.4 : 10.9)).join('') +
        sign(600) + sign(560) + sign(520),
    ); // biome-ignore format: lines
    expect(text).toMatch(/that was\s+made for the same.* third one. Its\s+manual is/);
  });

  it('may be a text and its translation, drawn paragraph by paragraph', async () => {
    // Every line is full, as in justified text, and most end within a word.
    const paragraph = (x: number, y: number, text: string): string =>
      (text.match(/.{1,30}/g) ?? [])
        .map((line, i, all) => {
          const isBroken = /\p{L}$/u.test(line) && /^\p{L}/u.test(all[i + 1] ?? '');
          return at(x, y - 12 * i, `${line.trim()}${isBroken ? '-' : ''}`, 9);
        })
        .join('');
    const before = [
      'Het volledige reglement is van toepassing op het examen, maar toch wil ik vooraf enkele regels stellen',
      'Volledig verboden is apparatuur met geheugen of communicatie zoals telefoon en horloge en radio en je tas',
      'Schrijf je naam op het titelblad van de opgave in het vak en op geen ander blad',
    ];
    const english = [
      'Can be used writing gear without pencil case and there is plenty of paper in your copy of the exam so',
      'Take your time to answer all questions in writing and stick to the point that stands above every one',
    ];
    const dutch = [
      'Mogen aanwezig zijn schrijfgerief maar niet in een pennenzak en je rekenmachine zonder geheugenkaarten',
      'Neem je tijd om alle vragen schriftelijk te beantwoorden en let op het gewicht dat boven de vraag staat',
    ];
    const text = await textOf(
      paragraph(30, 700, before[0] ?? '') +
        paragraph(220, 700, english[0] ?? '') +
        paragraph(410, 700, dutch[0] ?? '') +
        paragraph(30, 652, before[1] ?? '') +
        paragraph(30, 592, before[2] ?? '') +
        paragraph(220, 604, english[1] ?? '') +
        paragraph(410, 604, dutch[1] ?? ''),
      { font: '<</Type/Font/Subtype/Type1/BaseFont/Courier/Encoding/WinAnsiEncoding>>' },
    );
    expect(text.replaceAll(/\s+/g, ' ')).toBe([...before, ...english, ...dutch].join(' '));
  });

  it('are a paragraph and a caption of two lines close beside it, drawn before it', async () => {
    const caption = at(384, 664, 'Figure 1. Magnetic field as a', 8) + at(384, 654, 'function of the current.', 8);
    // In Helvetica 10 the longest line ends 8 points before the caption.
    const prose = ['The tables can be set with a package that is made for them, and', 'one of them was placed upon another page of this text, so as to', 'show that references to a page are made by themselves, as the', 'package for it says in the seventh section of its manual. Mostly', 'one would have the table on the page that speaks of it.']; // biome-ignore format: lines
    const text = await textOf(caption + prose.map((line, i) => at(99, 702 - 12 * i, line, 10)).join(''));
    expect(text).toContain('Figure 1. Magnetic field as a function of the current.');
    expect(text).toContain('are made by themselves, as the package for it says in the seventh section');
  });

  it('end with a heading and a few lines, and with what stands below a picture', async () => {
    const prose = (first: number, n: number, x: number, top: number): string =>
      Array.from({ length: n }, (_, i) =>
        at(x, top - 12 * i, `line ${first + i} says some of this and goes on to`, 10),
      ).join('');
    const text = await textOf(
      prose(1, 8, 60, 700) + at(60, 585, 'A last heading', 14) + prose(20, 2, 60, 565) +
        at(60, 480, 'Figure 1 below its picture', 10) +
        at(320, 702, 'The next column', 14) + prose(40, 8, 320, 684),
    ); // biome-ignore format: a column a line
    const order = ['line 8', 'A last heading', 'line 21', 'Figure 1', 'The next column', 'line 40', 'line 47'];
    expect(order.map((each) => text.indexOf(each))).toEqual(
      order.map((each) => text.indexOf(each)).sort((a, b) => a - b),
    );
  });

  it('are a listing and what it prints, whose lines stand half a line lower', async () => {
    const source = [
      'I read that the author',
      'divides all people who',
      'work with it into three',
      'groups of people today.',
    ];
    const result = ['I read that the author divides', 'all people who work with it', 'into three groups of people.'];
    const column = (x: number, top: number, texts: string[]): string =>
      texts.map((text, i) => at(x, top - 14.5 * i, text, 10)).join('');
    const text = await textOf(
      at(60, 760, 'The sentence before it goes across the whole width of the page, as all sentences do.', 10) +
        column(60, 730, source) +
        column(300, 722.7, result),
    );
    expect(text.replaceAll(/\s+/g, ' ')).toContain([...source, ...result].join(' '));
  });

  it('may be several listings and what they print, one below the other and below a table', async () => {
    const column = (x: number, top: number, texts: string[]): string =>
      texts.map((text, i) => at(x, top - 14.5 * i, text, 10)).join('');
    const first = [
      ['begin[equation]', 'a + b = c', 'end[equation]', 'same effect:', '[a + b = c]'],
      ['Adding one number to', 'another, in short:', 'a + b = c'],
    ] as const;
    const second = [
      ['begin[law]', 'in the box', 'end[law]', 'see law 1'],
      ['Law 1. Do not hide', 'in the box. Law 2.', 'See law 1'],
    ] as const;
    const text = await textOf(
      grid([60, 300], 760, [['theorem style', 'plain'], ['remark style', 'italic']]) +
        column(60, 720, [...first[0]]) + column(300, 713, [...first[1]]) +
        column(60, 620, [...second[0]]) + column(300, 614, [...second[1]]),
    ); // biome-ignore format: a block a line
    expect(text.replaceAll(/\s+/g, ' ')).toBe(
      ['theorem style plain remark style italic', ...first.flat(), ...second.flat()].join(' '),
    );
  });

  it('are not joined by the number of a formula, which is no marker of the line beside it', async () => {
    const left = Array.from({ length: 8 }, (_, i) => `left line ${i} goes on with more of its words`);
    const right = Array.from({ length: 9 }, (_, i) => `right line ${i} says what stands here`);
    const text = await textOf(
      left.slice(0, 4).map((line, i) => at(60, 700 - 14 * i, line, 10)).join('') +
        at(120, 644, 'a + b = c', 10) + at(246, 644, '\\(1\\)', 10) +
        left.slice(4).map((line, i) => at(60, 630 - 14 * i, line, 10)).join('') +
        right.map((line, i) => at(276, 700 - 14 * i, line, 10)).join(''),
    ); // biome-ignore format: a column a line
    expect(text).toMatch(/a \+ b = c\s+\(1\)\s+left line 4/);
  });

  it('are not joined by the number of a formula that stands on a line of its own', async () => {
    // In Helvetica 10 the lines of the left column end at 238; the number is drawn after a formula higher up.
    const left = Array.from({ length: 8 }, (_, i) => `left line ${i} goes on with more of its words`);
    const right = Array.from({ length: 9 }, (_, i) => `right line ${i} says what stands here`);
    const end = 60 + 177.8;
    const text = await textOf(
      left.slice(0, 4).map((line, i) => at(60, 700 - 14 * i, line, 10)).join('') +
        at(120, 644, 'a + b = c', 10) + at(end - 12.23, 630, '\\(1\\)', 10) +
        left.slice(4).map((line, i) => at(60, 616 - 14 * i, line, 10)).join('') +
        right.map((line, i) => at(262, 700 - 14 * i, line, 10)).join(''),
    ); // biome-ignore format: a column a line
    expect(text).toMatch(/a \+ b = c\s+\(1\)\s+left line 4/);
    expect(text).toMatch(/right line 4 [^\n]* right line 5 [^\n]* right line 8 /);
  });

  it('are not made by names in the margin beside a long text', async () => {
    const lines = Array.from(
      { length: 18 },
      (_, i) => `line ${i} of the long text goes on and says more of all this and of`,
    );
    lines[5] = 'the last word of this line is a broken one, and that is: refe-';
    lines[6] = 'rences are found here, and the text goes on to say more of';
    const text = await textOf(
      at(40, 700, 'first', 10) + lines.slice(0, 14).map((line, i) => at(110, 700 - 14 * i, line, 10)).join('') +
        at(40, 504, 'second', 10) + lines.slice(14, 16).map((line, i) => at(110, 504 - 14 * i, line, 10)).join('') +
        at(40, 476, 'third', 10) + lines.slice(16).map((line, i) => at(110, 476 - 14 * i, line, 10)).join(''),
    ); // biome-ignore format: a label a line
    expect(text).toContain('references are found');
    expect(text).toMatch(/first\tline 0 /);
    expect(text).toMatch(/second\tline 14 /);
  });

  it('may have one line only, with which the text ends', async () => {
    const left = ['Some settings', 'of this instrument', 'are shown here', 'and kept below'];
    const lines = left.map((text, i) => at(60, 700 - 14 * i, text)).join('');
    const line = at(330, 700, 'until it is sold') + at(440, 700, 'or lost');
    expect((await textOf(lines + line)).replaceAll(/\s+/g, ' ')).toBe([...left, 'until it is sold or lost'].join(' '));
    // The header of the page is drawn last.
    const header = at(60, 714, 'The manual') + at(440, 714, '12');
    expect(await textOf(lines + header)).toMatch(/^The manual\t12\s+Some settings/);
    // It is the second cell of a table's first row.
    expect(await textOf(at(60, 700, 'Some settings') + at(330, 700, 'until it is sold') + lines)).toMatch(/^Some.*\t/);
  });

  it('are not made by several names in the margin beside one listing', async () => {
    const names = ['first', 'second', 'third'].map((name, i) => at(40, 713 - 12 * i, name, 10));
    const lines = Array.from({ length: 15 }, (_, i) =>
      i % 3 === 0
        ? at(110, 699 - 11 * i, `${39 + i} x${i}={z`, 9)
        : at(110, 699 - 11 * i, `${39 + i}`, 7) + at(130, 699 - 11 * i, `x${i}={z`, 9),
    );
    const last = at(40, 528, 'fourth', 10) + at(110, 528, 'All of them share these commands.', 10);
    const text = await textOf(names.join('') + lines.join('') + last);
    expect(text.replaceAll(/\s+/g, ' ')).toContain('first second third 39 x0={z 40 x1={z 41');
    expect(text).toMatch(/x14=\{z\s+fourth\tAll of them/);
  });
});

describe('tables', () => {
  /** The lines of a cell, the first at y. */
  const cellFrom = (x: number, y: number, ...texts: string[]): string =>
    texts.map((text, i) => at(x, y - 12 * i, text, 10)).join('');

  const rows = [
    ['Item', 'Mass', 'Price'],
    ['Tent', '2.1 kg', '310'],
    ['Stove', '0.4 kg', ''],
    ['Rope', '3.0 kg', '95'],
  ];
  const read = 'Item\tMass\tPrice\nTent\t2.1 kg\t310\nStove\t0.4 kg\nRope\t3.0 kg\t95';

  it.each(['rows', 'columns', 'backwards'] as const)('keep their rows when they are drawn by %s', async (order) => {
    expect(await textOf(grid([60, 220, 380], 700, rows, order))).toBe(read);
  });

  it('are not columns of text when they have two columns of labels and values', async () => {
    expect(await textOf(grid([60, 330], 700, [['Tent', '2.1 kg'], ['Stove', '0.4 kg']]))).toBe('Tent\t2.1 kg\nStove\t0.4 kg'); // biome-ignore format: rows
    const form = [
      ['Name of the applicant', 'Ruth Abernathy'],
      ['Date of birth', '4 May 1961'],
      ['Place', 'Corvane'],
    ];
    expect(await textOf(grid([60, 330], 700, form, 'columns'))).toBe(form.map((row) => row.join('\t')).join('\n'));
  });

  it('keep a cell of several lines together', async () => {
    const cell = (x: number, y: number, ...texts: string[]): string =>
      texts.map((text, i) => at(x, y - 13 * i, text)).join('');
    const text = await textOf(
      cell(60, 700, 'Allowed', 'pressure') +
        cell(200, 700, 'The pressure that must', 'never be exceeded while', 'the boiler is heated') +
        cell(60, 655, 'Feed', 'water') +
        cell(200, 655, 'Rain water or water that', 'was boiled before'),
    );
    expect(text.split(/\n+/)).toEqual([
      'Allowed pressure\tThe pressure that must never be exceeded while the boiler is heated',
      'Feed water\tRain water or water that was boiled before',
    ]);
  });

  it('keep a cell of several lines together, with a word that is divided in it and leading of one and a half sizes', async () => {
    const step = 17.5; // the size is 12
    const row = (top: number, name: string, value: string, cell: readonly string[]): string =>
      at(60, top, name) + at(140, top, value) + cell.map((line, i) => at(240, top - step * i, line)).join('');
    const { text } = await parse(
      write(
        'divided-cell.pdf',
        onePagePdf(
          row(700, 'Name', 'Value', ['Meaning']) +
            row(680, 'first', '0 0 1', [
              'The values must have this order and be sep-',
              'arated by spaces. There may be as many as the',
              'memory can hold.',
            ]) +
            row(620, 'second', '12', ['The width of a line']) +
            row(600, 'third', '30', ['The height of a line']),
        ),
      ),
    );
    expect(text.split(/\n+/)).toEqual([
      'Name\tValue\tMeaning',
      'first\t0 0 1\tThe values must have this order and be separated by spaces. There may be as many as the memory can hold.',
      'second\t12\tThe width of a line',
      'third\t30\tThe height of a line',
    ]);
  });

  it('keep a row together whose other cells stand at the middle of a cell of several lines', async () => {
    const cell = (x: number, middle: number, ...texts: string[]): string =>
      cellFrom(x, middle + 6 * (texts.length - 1), ...texts);
    const text = await textOf(
      cell(60, 700, 'Type') + cell(150, 700, 'Fewest', 'devices') + cell(260, 700, 'Space for files') +
        cell(60, 658, 'RAID0') + cell(150, 658, '2') + cell(260, 658, 'Size of the smallest', 'partition multiplied', 'by number of', 'devices') +
        cell(60, 622, 'RAID1') + cell(150, 622, '3') + cell(260, 622, 'Size of the smallest', 'partition') +
        cell(60, 592, 'RAID5') + cell(150, 592, '4') + cell(260, 592, 'Total of all', 'partitions divided', 'by chunks'),
    ); // biome-ignore format: a row a line
    expect(text.split('\n')).toEqual([
      'Type\tFewest devices\tSpace for files',
      'RAID0\t2\tSize of the smallest partition multiplied by number of devices',
      'RAID1\t3\tSize of the smallest partition',
      'RAID5\t4\tTotal of all partitions divided by chunks',
    ]);
  });

  it('keep a cell together that stands beside several rows, in the first of them', async () => {
    // The cells that span rows are centred beside them: with as many lines as rows, fewer, and more.
    const text = await textOf(
      cellFrom(60, 700, 'System') + cellFrom(190, 700, 'Name') + cellFrom(300, 700, 'Board') + cellFrom(430, 700, 'Flavour') +
        cellFrom(60, 680, '64bit MIPS', '\\(little-endian\\)') + cellFrom(190, 674, 'mips64el') +
        cellFrom(300, 686, 'MIPS Malta') + cellFrom(430, 686, '5kc-malta') +
        cellFrom(300, 674, 'Cavium Octeon') + cellFrom(430, 674, 'octeon') +
        cellFrom(300, 662, 'Loongson 3') + cellFrom(430, 662, 'loongson-3') +
        cellFrom(60, 642, 'ARM with', 'hardware for', 'numbers') +
        cellFrom(300, 636, 'Orion') + cellFrom(430, 636, 'armmp') +
        cellFrom(300, 624, 'Kirkwood') + cellFrom(430, 624, 'marvell') +
        cellFrom(60, 598, 'IBM S/390') + cellFrom(190, 598, 's390x') + cellFrom(300, 604, 'Loading from', 'a reader') + cellFrom(430, 598, 'generic'),
    ); // biome-ignore format: a row a line
    expect(text.split('\n')).toEqual([
      'System\tName\tBoard\tFlavour',
      '64bit MIPS (little-endian)\tmips64el\tMIPS Malta\t5kc-malta',
      'Cavium Octeon\tocteon',
      'Loongson 3\tloongson-3',
      'ARM with hardware for numbers\tOrion\tarmmp',
      'Kirkwood\tmarvell',
      'IBM S/390\ts390x\tLoading from a reader\tgeneric',
    ]);
  });

  it('keep their rows where every entry begins with a small letter, as if it went on', async () => {
    const rows = [
      ['eye of (n, m)', 'create a matrix'],
      ['all ones (n, m)', 'create a matrix of ones'],
      ['no zeros (n, m)', 'create a matrix of zeros and of nothing else'],
      ['rand it (n, m)', 'create a matrix at random'],
      ['diag of (v, k)', 'put values on the diagonal'],
      ['rem for (x, y)', 'find the remainder'],
      ['rows of (a)', 'return their number'],
    ];
    expect(await textOf(grid([60, 220], 700, rows))).toBe(rows.map((row) => row.join('\t')).join('\n'));
  });

  it('keep a word together that is divided in a heading below one that spans several columns', async () => {
    const cell = (x: number, y: number, ...texts: string[]): string =>
      texts.map((text, i) => at(x, y - 11 * i, text, 9)).join('');
    const text = await textOf(
      cell(60, 700, 'Level', 'of each', 'language') + cell(230, 700, 'Reading') + cell(430, 700, 'Speaking') +
        cell(200, 678, 'books') + cell(280, 678, 'letters') +
        cell(390, 689, 'in', 'company', 'today') + cell(480, 689, 'uninter-', 'rupted', 'speech') +
        cell(60, 645, 'Ann') + cell(200, 645, 'high') + cell(280, 645, 'low') + cell(390, 645, 'low') + cell(480, 645, 'high') +
        cell(60, 630, 'Bob') + cell(200, 630, 'low') + cell(280, 630, 'low') + cell(390, 630, 'high') + cell(480, 630, 'low'),
    ); // biome-ignore format: a heading a line
    expect(text).toContain('uninterrupted speech');
    expect(text).toContain('in company today');
    expect(text).toContain('Ann\thigh\tlow\tlow\thigh');
  });
});
