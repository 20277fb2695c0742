import type { PageSpan, ParsedDocument } from '../contract/documents.ts';
import { maxPageSpans } from '../contract/documents.ts';
import type { ImportNote } from '../contract/import-notes.ts';
import { ImportNotes } from './import-notes.ts';
import { mergeSpans } from './text-builder.ts';
import { oneLine } from './wording.ts';

const documentGap = '\n\n';

/**
 * Joins documents into one: their texts follow each other, and each page is labelled with its document's title ("Lease: 12"). A single
 * document is returned unchanged. The format is the common one, or txt if they differ.
 */
export function joinDocuments(documents: readonly ParsedDocument[]): ParsedDocument {
  const [first, ...rest] = documents;
  if (!first) throw new RangeError('joinDocuments needs at least one document');
  if (rest.length === 0) return first;
  const titles = distinctTitles(documents.map(({ title }) => title));
  const texts: string[] = [];
  const pages: PageSpan[] = [];
  const notes = new ImportNotes();
  let offset = 0; // where this document begins in the joined text
  for (const [i, document] of documents.entries()) {
    const title = titles[i] as string;
    const firstPage = pages.length;
    const text = i < documents.length - 1 ? document.text + documentGap : document.text;
    texts.push(text);
    for (const page of document.pages) {
      const label = oneLine(`${title}: ${page.label}`, 250);
      pages.push({ ...page, label, start: offset + page.start, end: offset + page.end });
    }
    offset += text.length;
    const last = pages.at(-1);
    if (last) last.end = offset; // the gap belongs to the page before it
    for (const note of document.notes) notes.add(noteOfPart(note, title, firstPage));
  }
  return {
    title: oneLine(`${first.title} and ${rest.length} more`),
    format: rest.every(({ format }) => format === first.format) ? first.format : 'txt',
    text: texts.join(''),
    pages: mergeSpans(pages, maxPageSpans),
    notes: notes.list(),
  };
}

/** Converts a document's note for the whole: its page is counted in the joined document, its section has the new label. */
function noteOfPart(note: ImportNote, title: string, firstPage: number): ImportNote {
  const { page, section } = note;
  return {
    ...note,
    ...(page === undefined ? {} : { page: firstPage + page }),
    ...(section === undefined ? {} : { section: oneLine(`${title}: ${section}`, 250) }),
    sentence: `${title}: ${note.sentence}`,
  };
}

/** Two documents called "Report" become "Report" and "Report (2)". */
function distinctTitles(titles: readonly string[]): string[] {
  const counts = new Map<string, number>();
  return titles.map((title) => {
    const count = (counts.get(title) ?? 0) + 1;
    counts.set(title, count);
    return count === 1 ? title : `${title} (${count})`;
  });
}
