import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type PageSpan,
  type ParsedDocument,
  pagesCover,
  parsedDocumentSchema,
} from '../../../electron/contract/documents.ts';
import { ImportNotes } from '../../../electron/document-host/import-notes.ts';
import { joinDocuments } from '../../../electron/document-host/join-documents.ts';
import { mergeSpans, TextBuilder } from '../../../electron/document-host/text-builder.ts';

function documentOf(title: string, pages: readonly string[], format: ParsedDocument['format'] = 'pdf'): ParsedDocument {
  const builder = new TextBuilder(title, 1e6);
  for (const [i, page] of pages.entries()) builder.addPage(`${i + 1}`, page);
  const notes = new ImportNotes();
  notes.add({ kind: 'other', count: 1, sentence: `${title} warns.` });
  return builder.finish(title, format, notes);
}

describe('joinDocuments', () => {
  it('returns a single document as it is', () => {
    const document = documentOf('A', ['one']);
    expect(joinDocuments([document])).toBe(document);
    expect(() => joinDocuments([])).toThrow();
  });

  it('labels each page with its document', () => {
    const joined = joinDocuments([documentOf('A', ['one', 'two']), documentOf('B', ['three'])]);
    expect(joined.text).toBe('one\n\ntwo\n\nthree');
    expect(joined.title).toBe('A and 1 more');
    expect(joined.format).toBe('pdf');
    expect(joined.notes.map(({ sentence }) => sentence)).toEqual(['A: A warns.', 'B: B warns.']);
    expect(joined.pages.map(({ label, start, end }) => [label, joined.text.slice(start, end).trim()])).toEqual([
      ['A: 1', 'one'],
      ['A: 2', 'two'],
      ['B: 1', 'three'],
    ]);
  });

  it('keeps the notes of each at their places in the whole, and what was recognised', () => {
    const scanned = documentOf('B', ['two', 'three']);
    scanned.pages[1] = { ...(scanned.pages[1] as PageSpan), recognised: { confidence: 0.9 } };
    scanned.notes = [
      { kind: 'unknown-glyphs', count: 3, page: 2, sentence: 'Page 2 has 3 unknown characters.' },
      { kind: 'missing-chapters', count: 1, section: 'End', sentence: 'A chapter is missing.' },
    ];
    const joined = joinDocuments([documentOf('A', ['one']), scanned]);
    expect(joined.notes.slice(1)).toEqual([
      { kind: 'unknown-glyphs', count: 3, page: 3, sentence: 'B: Page 2 has 3 unknown characters.' },
      { kind: 'missing-chapters', count: 1, section: 'B: End', sentence: 'B: A chapter is missing.' },
    ]);
    expect(joined.pages.map(({ recognised }) => recognised?.confidence)).toEqual([undefined, undefined, 0.9]);
  });

  it('tells documents of the same title apart', () => {
    const joined = joinDocuments([documentOf('A', ['x']), documentOf('A', ['y'], 'md')]);
    expect(joined.pages.map(({ label }) => label)).toEqual(['A: 1', 'A (2): 1']);
    expect(joined.format).toBe('txt');
  });

  it('covers the text for any documents', () => {
    const pages = fc.array(fc.string({ unit: 'binary', maxLength: 30 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(pages, { minLength: 1, maxLength: 5 }), (documents) => {
        const joined = joinDocuments(documents.map((texts, i) => documentOf(`D${i}`, ['text', ...texts])));
        parsedDocumentSchema.parse(joined);
        expect(joined.text).not.toMatch(/[\0\u00AD\r\f]|\p{Surrogate}/u);
      }),
      { numRuns: 100 },
    );
  });
});

describe('mergeSpans', () => {
  it('keeps the text covered with fewer spans', () => {
    const spans: PageSpan[] = Array.from({ length: 1003 }, (_, i) => ({ label: `${i}`, start: 2 * i, end: 2 * i + 2 }));
    const merged = mergeSpans(spans, 100);
    expect(merged.length).toBeLessThanOrEqual(100);
    expect(pagesCover(2006, merged)).toBe(true);
    expect(merged[1]?.label).toBe('11');
    expect(mergeSpans(spans, 1003)).toEqual(spans);
  });
});
