/** Formulas of several lines are read as one, in their column or across both columns; tables and text are not taken for formulas. */
import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { withFormulas } from '../../../electron/document-host/pdf-formulas.ts';
import { type Segment, segmentsOf } from '../../../electron/document-host/pdf-segments.ts';
import type { TextRun } from '../../../electron/document-host/pdfium-page.ts';
import { at, onePagePdf } from '../../fixtures/documents/pdf-pages.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { parse } from './parsing.ts';

const write = temporaryFiles();
let files = 0;

async function textOf(content: string): Promise<string> {
  return (await parse(write(`formula-${files++}.pdf`, onePagePdf(content)))).text;
}

const column = (x: number, top: number, side: string, from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) =>
    at(x, top - 14 * i, `${side} line ${from + i} goes on with more of its words`, 10),
  ).join('');

/** "n = above/below + m" as TeX draws it: part by part, the fraction's parts above and below the line. */
const fraction = (x: number, y: number): string =>
  at(x, y, 'n =', 10) + at(x + 20, y + 7, 'a + b', 10) + at(x + 22, y - 7, 'c - d', 10) + at(x + 48, y, '+ m', 10);

describe('a formula with a fraction', () => {
  it('is kept together in its column', async () => {
    const text = await textOf(
      column(60, 700, 'left', 0, 4) +
        fraction(110, 636) +
        column(60, 612, 'left', 4, 8) +
        column(300, 700, 'right', 0, 11),
    );
    expect(text).toMatch(/left line 3 [^\n]*\n\nn = a \+ b c - d \+ m\n\nleft line 4 /);
    expect(text.indexOf('left line 7')).toBeLessThan(text.indexOf('right line 0'));
    expect(text).toMatch(/right line 3 [^\n]*right line 4 [^\n]*right line 10 /);
  });

  it('is not divided at the white space between two columns that it goes across', async () => {
    // The columns' white space is between 238 and 300; the formula's parts leave white space there too.
    const wide =
      at(150, 636, 'n =', 10) +
      at(172, 643, 'a + b + c + d', 10) +
      at(172, 629, 'e + f + g + h', 10) +
      at(240, 636, '+', 10) +
      at(252, 643, 'i + k', 10) +
      at(252, 629, 'l + o', 10) +
      at(284, 636, '+ m = p + q', 10);
    const text = await textOf(
      column(60, 700, 'left', 0, 4) +
        column(300, 700, 'right', 0, 4) +
        wide +
        column(60, 606, 'left', 4, 8) +
        column(300, 606, 'right', 4, 8),
    );
    expect(text).toContain('\n\nn = a + b + c + d e + f + g + h + i + k l + o + m = p + q\n\n');
    const places = ['left line 3', 'right line 0', 'right line 3', 'n =', 'left line 4', 'left line 7', 'right line 4'];
    const found = places.map((place) => text.indexOf(place));
    expect(found).toEqual([...found].sort((a, b) => a - b));
  });
});

it('a formula at the end of a column is no footer with the last line of the other column', async () => {
  const lines = (x: number, side: string, ys: readonly number[]): string =>
    ys.map((y, i) => at(x, y, `${side} line ${i} goes on with more of its words`, 10)).join('');
  const text = await textOf(
    lines(60, 'left', [700, 688, 676, 664]) +
      at(110, 600, 'a + b = c + d', 10) +
      lines(300, 'Right', [700, 688, 676, 664, 624, 612, 600]),
  );
  expect(text).toMatch(/left line 3 [^\n]*\n\na \+ b = c \+ d\n\nRight line 0 /);
  expect(text).toMatch(/Right line 4 [^\n]*Right line 5 [^\n]*Right line 6 /);
});

describe('the parts of a page', () => {
  const size = randomInt(8, 14);
  const part = (text: string, x: number, y: number, more: Partial<Segment> = {}): Segment => ({
    text,
    left: 100 + x * size,
    right: 100 + x * size + 0.5 * size * text.length,
    base: 500 + y * size,
    size,
    top: 500 + (y + 0.7) * size,
    bottom: 500 + (y - 0.2) * size,
    order: 0,
    widestGap: 0,
    ...more,
  });
  /** A large sign of TeX's fonts hangs from its base line. */
  const large = (text: string, x: number, y: number): Segment =>
    part(text, x, y, { top: 500 + y * size, bottom: 500 + (y - 3) * size });
  const drawn = (parts: Segment[]): Segment[] => parts.map((one, order) => ({ ...one, order }));
  const before = part('the mean of all these values is', 0, 4);
  const after = part('where the sum goes over all pairs', 0, -5);

  it('are one formula with large brackets, a sum and its limits, on the level of its letters', () => {
    const formula = [
      part('S = ', 0, 0),
      large('\uFFFD', 2.2, 1.4),
      large('X', 3.4, 0.9),
      part('i<j', 3.5, -1.2, { size: 0.7 * size }),
      part('1', 5, 0.7),
      part('N', 5, -0.7),
      large('\uFFFD', 6, 1.4),
    ];
    const result = withFormulas(drawn([before, ...formula, part('(12)', 30, 0), after]));
    expect(result.map(({ text }) => text)).toEqual([before.text, 'S =  \uFFFD X i<j 1 N \uFFFD', '(12)', after.text]);
    expect(result.map(({ order }) => order)).toEqual([0, 1, 2, 3]);
    expect(result[1]).toMatchObject({ base: 500, left: 100 });
  });

  it.each<[what: string, parts: Segment[]]>([
    ['cells of a table', [0, 1, 2].flatMap((row) => [0, 5, 10].map((x) => part(`${x} = ${row}`, x, -1.2 * row)))],
    ['lines of a program', [0, 1, 2, 3].map((row) => part(`n${row} = n + ${row}`, 0, -1.1 * row))],
    ['lines of a program close to each other', [0, 1, 2].map((row) => part(`url=/path/${row}`, 0, -0.6 * row))],
    ['words of one column', [part('n = 1', 4, 0.1), ...[2.4, 1.2, 0].map((y) => part('a', 0, y))]],
    ['a cell beside two lines', [part('yes', 0, 0), part('cold', 4, 0.6), part('rain', 4, -0.6)]],
    [
      'lines of two columns',
      [part('n = 1', 0, 0), part('it goes on with words', 4, 0.6), part('and more words', 4, -0.6)],
    ],
  ])('stay apart that are %s', (_what, parts) => {
    const segments = drawn(parts);
    expect(withFormulas(segments)).toEqual(segments);
  });
});

describe('a musical note', () => {
  /** Text beside the head of a note, whose font is twice as large and names no letters. */
  const beside = (text: string, guessed: boolean): string[] => {
    const size = randomInt(8, 14);
    const run = (each: string, left: number, base: number, more: Partial<TextRun>): TextRun => ({
      text: each,
      lefts: each.split('').map((_, i) => left + 0.5 * size * i),
      rights: each.split('').map((_, i) => left + 0.5 * size * (i + 1)),
      left,
      right: left + 0.5 * size * each.length,
      base,
      size,
      rise: 0.7 * size,
      fall: 0.2 * size,
      turn: 0,
      line: 0,
      spaced: false,
      flow: 'right',
      ...more,
    });
    const note = run('n', 100, 500, { size: 2 * size, guessed });
    return segmentsOf([note, run(text, note.right + 1, 500 - 0.5 * size, { line: 1 })]).map(({ text: each }) => each);
  };

  it('is no letter of the word beside it', () => {
    expect(beside('Here', true)).toEqual(['n', 'Here']);
  });

  it('may be a sign of a formula with an index', () => {
    expect(beside('12', true)).toHaveLength(1);
    expect(beside('12', false)).toHaveLength(1);
  });
});
