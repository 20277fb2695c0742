/** The one line that every import ends with. */
import type { DocumentFormat } from './documents.ts';
import { counted, type ImportNote, type NoteKind, noteWords } from './import-notes.ts';

const namesOfUnits: Partial<Record<DocumentFormat, [one: string, many: string]>> = { pdf: ['page', 'pages'] };

/** "212 pages; 14 tracked changes accepted; 1 attachment not read: terms.txt" */
export function receiptLine(format: DocumentFormat, pages: number, notes: readonly ImportNote[]): string {
  const [one, many] = namesOfUnits[format] ?? ['section', 'sections'];
  const parts = [counted(one, many)(pages)];
  for (const kind of Object.keys(noteWords) as NoteKind[]) {
    const ofKind = notes.filter((note) => note.kind === kind);
    if (ofKind.length === 0) continue;
    const names = ofKind.flatMap((note) => note.names ?? []);
    const words = noteWords[kind](ofKind.reduce((sum, { count }) => sum + count, 0));
    parts.push(names.length === 0 ? words : `${words}: ${names.join(', ')}`);
  }
  return parts.join('; ');
}
