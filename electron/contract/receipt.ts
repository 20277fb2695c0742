/** The one line that every import ends with. */
import { type DocumentFormat, documentKinds } from './document-kinds.ts';
import { counted, type ImportNote, type NoteKind, noteWords } from './import-notes.ts';

/** What the parts of a document of this kind are called: ["page", "pages"], ["slide", "slides"]. */
export const unitOf = (format: DocumentFormat): readonly [one: string, many: string] => documentKinds[format].unit;

/** The same with a capital, for the start of a line: "Page". */
export const unitTitle = (format: DocumentFormat): string =>
  unitOf(format)[0].replace(/^./, (first) => first.toUpperCase());

/** "1 page", "3 sections". */
export function unitsText(format: DocumentFormat, count: number): string {
  const [one, many] = unitOf(format);
  return counted(one, many)(count);
}

/** Notes of something that the file holds and the text does not: shown in amber, while notes of something converted are grey. */
const leftOut: ReadonlySet<NoteKind> = new Set([
  'pages-without-text',
  'pages-unreadable',
  'unknown-glyphs',
  'undecodable-characters',
  'missing-chapters',
  'chapters-unreadable',
  'pictures',
  'parts-not-read',
  'fields-without-result',
  'formulas-without-value',
  'encoded-data',
  'hidden-layers',
  'attachments',
  'media',
  'included-files',
  'lost-pages',
]);
export const isLeftOut = (kind: NoteKind) => leftOut.has(kind);

export interface NoteGroup {
  kind: NoteKind;
  notes: ImportNote[];
  /** "14 tracked changes accepted", "1 attachment not read: terms.txt" */
  words: string;
}

/** One group for each kind that there is, in the order of the receipt. */
export function noteGroups(notes: readonly ImportNote[]): NoteGroup[] {
  return (Object.keys(noteWords) as NoteKind[]).flatMap((kind) => {
    const ofKind = notes.filter((note) => note.kind === kind);
    return ofKind.length === 0 ? [] : [{ kind, notes: ofKind, words: wordsOf(kind, ofKind) }];
  });
}

/** More names would make the line unreadable; the notes below it have every name. */
const mostNames = 5;

function wordsOf(kind: NoteKind, notes: readonly ImportNote[]): string {
  const words = noteWords[kind](notes.reduce((sum, { count }) => sum + count, 0));
  const names = notes.flatMap((note) => note.names ?? []);
  const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : '';
  return names.length === 0 ? words : `${words}: ${names.slice(0, mostNames).join(', ')}${more}`;
}

interface Received {
  format: DocumentFormat;
  /** The pages themselves, or their number. */
  pages: number | readonly unknown[];
  notes: readonly ImportNote[];
}

/** "212 pages; 14 tracked changes accepted; 1 attachment not read: terms.txt" */
export function receiptLine({ format, pages, notes }: Received): string {
  const count = typeof pages === 'number' ? pages : pages.length;
  return [unitsText(format, count), ...noteGroups(notes).map(({ words }) => words)].join('; ');
}
