import { describe, expect, it } from 'vitest';
import { importNoteSchema } from '../../../electron/contract/import-note-schema.ts';
import { type ImportNote, noteWords } from '../../../electron/contract/import-notes.ts';
import { noteGroups, receiptLine, unitOf, unitTitle } from '../../../electron/contract/receipt.ts';

const note = (kind: ImportNote['kind'], more: Partial<ImportNote> = {}): ImportNote => ({
  kind,
  count: 1,
  sentence: `About ${kind}.`,
  ...more,
});

describe('receipt', () => {
  it('is the number of pages where nothing is noted', () => {
    expect(receiptLine({ format: 'pdf', pages: 1, notes: [] })).toBe('1 page');
    expect(receiptLine({ format: 'pdf', pages: 45_000, notes: [] })).toBe('45,000 pages');
    expect(receiptLine({ format: 'md', pages: [{}, {}], notes: [] })).toBe('2 sections');
  });

  it('knows what each kind is parted into', () => {
    expect(unitOf('pptx')).toEqual(['slide', 'slides']);
    expect(unitTitle('odp')).toBe('Slide');
    expect(unitTitle('docx')).toBe('Section');
    expect(unitTitle('picture')).toBe('Page');
  });

  it('sums the notes of a kind, whatever order they came in, in the order of the kinds', () => {
    const notes = [
      note('encoding'),
      note('unknown-glyphs', { count: 3, page: 1 }),
      note('unknown-glyphs', { page: 4 }),
    ];
    expect(receiptLine({ format: 'pdf', pages: 4, notes })).toBe(
      '4 pages; 4 characters without a known letter; encoding was detected',
    );
    expect(noteGroups(notes).map(({ kind, notes: ofKind }) => [kind, ofKind.length])).toEqual([
      ['unknown-glyphs', 2],
      ['encoding', 1],
    ]);
  });

  it('names what has a name, five at the most', () => {
    const named = (n: number) => [
      note('missing-chapters', { count: n, names: Array.from({ length: n }, (_, i) => `${i}.xhtml`) }),
    ];
    expect(receiptLine({ format: 'epub', pages: 2, notes: named(2) })).toBe(
      '2 sections; 2 chapters not in the file: 0.xhtml, 1.xhtml',
    );
    expect(receiptLine({ format: 'epub', pages: 2, notes: named(9) })).toMatch(/: 0\.xhtml, .* 4\.xhtml and 4 more$/);
  });

  it('has words for one and for many of every kind', () => {
    for (const [kind, words] of Object.entries(noteWords)) {
      for (const count of [1, 2, 1234]) {
        expect(words(count), kind).toMatch(/^\S.*\S$/);
        expect(words(count), kind).not.toMatch(/[.;]$|undefined/);
      }
      expect(importNoteSchema.safeParse(note(kind as ImportNote['kind'])).success).toBe(true);
    }
  });
});
