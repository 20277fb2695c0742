import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { breakWord, resolveHyphens } from '../../../electron/document-host/pdf-hyphens.ts';
import { linesToText, type PdfLine } from '../../../electron/document-host/pdf-lines.ts';

const brokenWordMark = breakWord('-');

function line(text: string, left: number, bottom: number, right = 300, height = 10): PdfLine {
  return { text, left, right, bottom, top: bottom + height, size: height, widestGap: 3, column: 0, isRow: false };
}

describe('linesToText', () => {
  it('breaks where the next word would still have fitted', () => {
    expect(linesToText([line('one two three four five', 0, 100), line('six', 0, 88, 40)])).toBe(
      'one two three four five six',
    );
    expect(
      linesToText([line('one two three four five', 0, 100), line('six', 0, 88, 40), line('seven', 0, 76, 60)]),
    ).toBe('one two three four five six\nseven');
  });

  it('begins a paragraph at a wider step, another size, or an indent', () => {
    const body = [line('one two three four five', 0, 100), line('six two three four five', 0, 88)];
    expect(linesToText([...body, line('next two three four five', 0, 60)])).toMatch(/five\n\nnext/);
    expect(linesToText([...body, line('Next', 0, 70, 80, 16)])).toMatch(/five\n\nNext/);
    expect(linesToText([...body, line('Next two three four', 25, 76)])).toMatch(/five\nNext/);
  });

  it('keeps the lines of a paragraph in small print together, whatever the leading of the rest', () => {
    const body = Array.from({ length: 8 }, (_, i) => line('one two three four five', 0, 300 - 12 * i));
    const note = Array.from({ length: 5 }, (_, i) => line('six two three four five', 0, 100 - 9 * i, 300, 7));
    expect(linesToText([...body, ...note]).split('\n\n')).toHaveLength(2);
  });

  it('joins a broken word of a line across a table, not one of its cells', () => {
    const row = (text: string, bottom: number): PdfLine => ({ ...line(text, 0, bottom), isRow: true });
    const text = linesToText([
      row('several options have become ob-', 100),
      row('solete over the years', 88),
      row('a\tb', 76),
    ]);
    expect(resolveHyphens([text])[0]).toBe('several options have become obsolete over the years\na\tb');
    expect(linesToText([row('ob-\tx', 100), row('solete\ty', 88)])).toBe('ob-\tx\nsolete\ty');
  });

  it('keeps the entries of an index apart that lead to several pages', () => {
    const entries = [
      'read.csv. . . . . . . . 10, 32',
      'read.dbf . . . . . . . . 24',
      'write . . . . . . . . 11,27',
      'zip . . . 3',
    ];
    const text = linesToText(entries.map((entry, i) => line(entry, 0, 100 - 12 * i)));
    expect(text.split('\n')).toEqual(entries);
  });

  it('joins nothing to a heading of another size at the top of the next column', () => {
    expect(linesToText([line('a last word', 0, 20), line('œ heading', 320, 700, 600, 14)])).toBe(
      'a last word\n\nœ heading',
    );
  });

  it('carries a sentence over into the next column', () => {
    const left = [line('a sentence that does not end in this', 0, 20), line('column but in', 0, 8)];
    expect(linesToText([...left, line('the other one.', 320, 700, 600)])).toBe(
      'a sentence that does not end in this column but in the other one.',
    );
  });

  it('puts no space between Chinese characters, nor after a hyphen that stays', () => {
    expect(linesToText([line('灯塔在夜里', 0, 100), line('发光', 0, 88, 40)])).toBe('灯塔在夜里发光');
    expect(resolveHyphens([linesToText([line('in the years 1990-', 0, 100), line('1995', 0, 88, 40)])])).toEqual([
      'in the years 1990-1995',
    ]);
  });

  it('loses no character for any geometry', () => {
    const anyLine = fc.record({
      text: fc.stringMatching(/^[A-Za-z0-9.,-]{1,12}( [A-Za-z0-9.,-]{1,12}){0,3}$/),
      left: fc.integer({ min: -50, max: 600 }),
      right: fc.integer({ min: -50, max: 900 }),
      top: fc.integer({ min: -10, max: 900 }),
      bottom: fc.integer({ min: -10, max: 900 }),
      size: fc.integer({ min: 1, max: 40 }),
      widestGap: fc.integer({ min: 0, max: 100 }),
      column: fc.integer({ min: 0, max: 2 }),
      isRow: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(anyLine, { maxLength: 12 }), (lines) => {
        const [text = ''] = resolveHyphens([linesToText(lines)]);
        const letters = (value: string): string => value.replace(/[\s-]/g, '');
        expect(letters(text)).toBe(letters(lines.map((each) => each.text).join('')));
        expect(text).not.toContain(brokenWordMark);
      }),
      { numRuns: 300 },
    );
  });
});

describe('resolveHyphens', () => {
  it('follows the form that the document uses elsewhere', () => {
    const broken = `re${brokenWordMark}cover, re${brokenWordMark}cover`;
    expect(resolveHyphens([broken])).toEqual(['recover, recover']);
    expect(resolveHyphens([broken, 'to re-cover a chair'])).toEqual(['re-cover, re-cover', 'to re-cover a chair']);
    expect(resolveHyphens([broken, 'recover or re-cover'])[0]).toBe('recover, recover');
  });
});
