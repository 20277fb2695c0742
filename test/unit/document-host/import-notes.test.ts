import { describe, expect, it } from 'vitest';
import { importNoteSchema } from '../../../electron/contract/import-note-schema.ts';
import { maxNotes } from '../../../electron/contract/import-notes.ts';
import { receiptLine } from '../../../electron/contract/receipt.ts';
import { ImportNotes } from '../../../electron/document-host/import-notes.ts';

describe('ImportNotes', () => {
  it('keeps the sums of the receipt when there are more notes than a document keeps', () => {
    const notes = new ImportNotes();
    for (let page = 1; page <= 5000; page++) {
      notes.add({ kind: 'unknown-glyphs', count: 2, page, sentence: `Page ${page} has 2 unknown characters.` });
      if (page % 1000 === 0) notes.add({ kind: 'missing-chapters', count: 1, sentence: `Chapter ${page} is missing.` });
    }
    const list = notes.list();
    expect(list.length).toBeLessThanOrEqual(maxNotes);
    expect(receiptLine({ format: 'pdf', pages: 5000, notes: list })).toBe(
      '5,000 pages; 10,000 characters without a known letter; 5 chapters not in the file',
    );
    expect(list.at(-1)?.sentence).toBe('Not listed one by one: 5 chapters not in the file.');
  });

  it('makes every note one that a document may keep, whatever a file calls its parts', () => {
    const notes = new ImportNotes();
    const long = `\u0000a\n${'b'.repeat(100_000)}`;
    notes.add({
      kind: 'other',
      count: 1,
      section: long,
      names: Array.from({ length: 1000 }, () => long),
      sentence: long,
    });
    for (const note of notes.list()) expect(importNoteSchema.safeParse(note).success).toBe(true);
    expect(JSON.stringify(notes.list())).not.toMatch(/\\u0000|\\n/);
  });
});
