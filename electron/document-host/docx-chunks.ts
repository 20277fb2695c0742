/** Other files that stand in the text of a DOCX (altChunk): web pages, plain texts, further DOCX files. */
import { declaredEncoding, decodeText } from './decode-text.ts';
import { DocxPackage } from './docx-package.ts';
import type { DocxShared } from './docx-shared.ts';
import { htmlToMarkdown } from './html-to-markdown.ts';
import type { ImportNotes } from './import-notes.ts';
import { GuardedZip } from './zip-guard.ts';

type ReadDocx = (files: DocxPackage, name: string, notes: ImportNotes, depth: number) => string;

const maxDepth = 3; // documents within each other

export function chunkText(shared: DocxShared, from: string, id: string, depth: number, readDocx: ReadDocx): string {
  const relation = shared.files.relations(from).get(id);
  const part = relation?.part ?? '';
  if (!shared.files.has(part)) {
    shared.leftOut(relation?.target ?? 'altChunk', 'it is not in the file');
    return '';
  }
  const type = `${shared.files.contentType(part)} ${part.toLowerCase()}`;
  try {
    const bytes = shared.files.bytes(part);
    if (/html/.test(type))
      return htmlToMarkdown(decodeText(bytes, part, shared.notes, declaredEncoding(bytes)), 'html').markdown;
    if (/wordprocessingml|\.do[ct][xm]$/.test(type)) {
      if (depth < maxDepth)
        return readDocx(new DocxPackage(new GuardedZip(bytes, part)), part, shared.notes, depth + 1);
    } else if (/text\/plain|\.txt$/.test(type)) {
      return decodeText(bytes, part, shared.notes);
    }
  } catch {
    shared.leftOut(part, 'it is damaged');
    return '';
  }
  shared.leftOut(part, 'it is of a kind that is not read within a document. Open it by itself');
  return '';
}
