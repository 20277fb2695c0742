/** Other files that are inserted into the text of a DOCX (altChunk): web pages, plain texts, RTF, further DOCX files. */
import PostalMime from 'postal-mime';
import { declaredEncoding, decodeText } from './decode-text.ts';
import { DocxPackage } from './docx-package.ts';
import { htmlToMarkdown } from './html-to-markdown.ts';
import type { ImportNotes } from './import-notes.ts';
import { addPageNotes } from './page-notes.ts';
import { readRtf } from './rtf-text.ts';
import { GuardedZip } from './zip-guard.ts';

/** Reads a document that is inside another one. */
export type ReadDocx = (files: DocxPackage, name: string, notes: ImportNotes, depth: number) => Promise<string>;

export interface Chunk {
  name: string;
  text: string;
  why: string; // it could not be read; '' when it could
}

const maxDepth = 3; // documents within each other

/** The chunks by the relation's id. They are read before the text that contains them, because that is read synchronously. */
export async function readChunks(
  files: DocxPackage,
  notes: ImportNotes,
  depth: number,
  readDocx: ReadDocx,
): Promise<Map<string, Chunk>> {
  const chunks = new Map<string, Chunk>();
  for (const [id, { kind, part, target }] of files.relations(files.mainPart)) {
    if (kind !== 'aFChunk') continue;
    const chunk: Chunk = { name: part || target, text: '', why: '' };
    chunks.set(id, chunk);
    if (!files.has(part)) {
      chunk.why = 'it is not in the file';
      continue;
    }
    try {
      const text = await chunkText(files, part, notes, depth, readDocx);
      chunk.text = text ?? '';
      if (text === undefined) chunk.why = 'it is of a kind that is not read within a document. Open it by itself';
    } catch {
      chunk.why = 'it is damaged';
    }
  }
  return chunks;
}

/** undefined: a kind of file that is not read here. */
async function chunkText(
  files: DocxPackage,
  part: string,
  notes: ImportNotes,
  depth: number,
  readDocx: ReadDocx,
): Promise<string | undefined> {
  const bytes = files.bytes(part);
  const type = `${files.contentType(part)} ${part.toLowerCase()}`;
  if (/message\/rfc822|multipart|\.mht(ml)?$/.test(type)) {
    const page = await PostalMime.parse(bytes, { maxNestingDepth: 50 });
    return page.html ? pageText(page.html, notes) : page.text;
  }
  if (/html/.test(type)) return pageText(decodeText(bytes, part, notes, declaredEncoding(bytes)), notes);
  if (/wordprocessingml|\.do[ct][xm]$/.test(type))
    return depth < maxDepth
      ? readDocx(new DocxPackage(new GuardedZip(bytes, part)), part, notes, depth + 1)
      : undefined;
  if (/rtf/.test(type)) {
    const rtf = readRtf(bytes, part);
    rtf.found.addTo(notes);
    return rtf.markdown;
  }
  return /text\/plain|\.txt$/.test(type) ? decodeText(bytes, part, notes) : undefined;
}

function pageText(html: string, notes: ImportNotes): string {
  const page = htmlToMarkdown(html, 'html');
  addPageNotes(notes, [page]);
  return page.markdown;
}
