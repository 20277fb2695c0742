import { describe, expect, it } from 'vitest';
import { pagesCover } from '../../../electron/contract/documents.ts';
import { oneLine, pageRanges } from '../../../electron/document-host/wording.ts';

describe('wording', () => {
  it('writes page lists', () => {
    expect(pageRanges([3, 4, 5, 9])).toBe('3-5, 9');
    expect(pageRanges([])).toBe('');
    expect(pageRanges([1, 3, 5, 6, 7], 2)).toBe('1, 3 and 3 more');
  });

  it('makes one harmless line of a name', () => {
    expect(oneLine(' a\n\tb\0c\u202Etxt.exe\u202C ')).toBe('a b c txt.exe');
    expect(oneLine('x'.repeat(500))).toHaveLength(120);
  });
});

describe('pagesCover', () => {
  it('wants spans in order and without gaps', () => {
    const span = (start: number, end: number) => ({ label: 'x', start, end });
    expect(pagesCover(5, [span(0, 2), span(2, 2), span(2, 5)])).toBe(true);
    expect(pagesCover(5, [span(0, 2), span(3, 5)])).toBe(false);
    expect(pagesCover(5, [span(0, 4)])).toBe(false);
    expect(pagesCover(5, [span(1, 5)])).toBe(false);
    expect(pagesCover(5, [span(0, 6), span(6, 5)])).toBe(false);
    expect(pagesCover(0, [])).toBe(false);
  });
});
