/**
 * Whole texts of documents, for the document view and for citations. The last two are kept in memory, because chat and document view ask
 * for the same one many times; a document's text never changes.
 */

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DocumentOutline } from '../../contract/app-types.ts';
import { AppError } from '../../contract/errors.ts';
import type { DocumentPages } from '../../evidence/locate-claims.ts';
import type { DocumentStore, DocumentText } from '../library/document-store.ts';
import type { Uploads } from './uploads.ts';

const kept = 2;

export class DocumentTexts {
  readonly #documents: DocumentStore;
  readonly #texts = new Map<string, DocumentText>();

  constructor(documents: DocumentStore) {
    this.#documents = documents;
  }

  get(documentId: string): DocumentText {
    const known = this.#texts.get(documentId);
    this.#texts.delete(documentId);
    // Called also for a known text: it throws for a removed document, which must not be shown.
    this.#documents.get(documentId);
    const text = known ?? this.#documents.text(documentId, null);
    this.#texts.set(documentId, text);
    const oldest = this.#texts.keys().next().value;
    if (this.#texts.size > kept && oldest !== undefined) this.#texts.delete(oldest);
    return text;
  }
}

/** UTF-16 units of a block: long enough that there are few, short enough that each is drawn quickly. */
const blockLength = 1500;
const longestBlock = 2 * blockLength;

/** The pages, and the blocks in which each is shown: cut at an empty line, else at a line end, else at a space. */
export function outlineOf({ text, pages }: DocumentPages): DocumentOutline {
  return {
    length: text.length,
    pages: pages.map((page) => {
      const { start, end } = page;
      const blocks = [start];
      for (let at = start; end - at > longestBlock; ) {
        at = cutAfter(text, at + blockLength, at + longestBlock);
        blocks.push(at);
      }
      return { ...page, blocks };
    }),
  };
}

function cutAfter(text: string, least: number, most: number): number {
  const part = text.slice(least, most);
  for (const border of [/\n\s*\n/, /\n/, /\s/]) {
    const match = border.exec(part);
    if (match) return least + match.index + match[0].length;
  }
  // A surrogate pair must not be divided.
  const code = text.charCodeAt(most - 1);
  return code >= 0xd800 && code < 0xdc00 ? most - 1 : most;
}

/** Pages of a file up to this size are drawn from the file; a larger one is shown as text. */
const mostFileBytes = 256 * 1024 * 1024;

export async function documentFile(
  rooms: { documents: Pick<DocumentStore, 'get'>; uploads: Pick<Uploads, 'documentDir'> },
  documentId: string,
): Promise<{ path: string; size: number }> {
  const { name } = rooms.documents.get(documentId);
  const path = await fileIn(rooms.uploads.documentDir(documentId));
  if (path === undefined) throw new AppError('DOC_MISSING', `The file of ${name} is not in the library's folder.`);
  const { size } = await stat(path);
  if (size > mostFileBytes)
    throw new AppError('DOC_TOO_LARGE', `${name} is larger than 256 MB, the most that the window takes.`);
  return { path, size };
}

/** The file that a document was added as; undefined: it was joined from others, or the file is gone. */
export async function fileIn(dir: string): Promise<string | undefined> {
  try {
    const name = (await readdir(dir))[0];
    return name === undefined ? undefined : join(dir, name);
  } catch {
    return undefined;
  }
}
