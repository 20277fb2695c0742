/**
 * A document's pages go into the library in pieces, each its own transaction: between two of them others get their turn. Until it is
 * finished nobody sees the document; what a crash left unfinished is removed at the next start.
 */
import { createHash, type Hash, randomUUID } from 'node:crypto';
import {
  defaultParseChoice,
  type PageSpan,
  type ParseChoice,
  type ParsedDocument,
  readerVersion,
} from '../../contract/documents.ts';
import { type Database, transaction } from './database.ts';

export interface NewDocument {
  parsed: ParsedDocument;
  fileName: string;
  fileBytes: number;
  /** Of the file; of a joined document, of what it is joined from. */
  sha256: string;
  /** How the file was read; absent: as usual. */
  reading?: ParseChoice;
  /** Absent: called like its file. */
  name?: string;
  /** Of the whole, and page by page; absent when no model could count. */
  tokens: { total: number; pages: number[]; countedWith: string } | undefined;
  /** How many documents of the library it was joined from. */
  joined?: number;
}

/** UTF-16 units of pages that are written, or removed, at once; their words are put into the index with them. */
export const pieceUnits = 1 << 17;
/** Instead of the hash that a document is known by, while it comes in and while it leaves. */
const adding = 'adding ';
export const removing = 'removing ';
export const isFinished = `documents.sha256 NOT LIKE '${adding}%' AND documents.sha256 NOT LIKE '${removing}%'`;

export class DocumentInsert {
  readonly id = randomUUID();
  readonly #database: Database;
  readonly #document: NewDocument;
  readonly #identity: Hash;
  readonly #onFinished: () => void;
  #next = 0;

  constructor(database: Database, document: NewDocument, onFinished: () => void) {
    this.#database = database;
    this.#onFinished = onFinished;
    this.#document = document;
    this.#identity = identityOf(document.sha256);
    const { parsed, fileName, fileBytes, tokens, joined = 0, reading = defaultParseChoice } = document;
    database
      .prepare(
        `INSERT INTO documents (id, name, file_name, format, file_bytes, sha256, characters, tokens, tokens_of, notes,
           reading, reader, added_at, joined)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        this.id,
        document.name ?? fileName,
        fileName,
        parsed.format,
        fileBytes,
        adding + this.id,
        parsed.text.length,
        tokens?.total ?? null,
        tokens?.countedWith ?? null,
        JSON.stringify(parsed.notes),
        JSON.stringify(reading),
        readerVersion,
        Date.now(),
        joined,
      );
  }

  /** Writes the next pages; false: none are left. */
  writePages(): boolean {
    const { parsed, tokens } = this.#document;
    const first = this.#next;
    transaction(this.#database, () => {
      const insert = this.#database.prepare(
        'INSERT INTO pages (document_id, number, label, text, tokens) VALUES (?, ?, ?, ?, ?)',
      );
      for (let units = 0; units < pieceUnits && this.#next < parsed.pages.length; this.#next++) {
        const page = parsed.pages[this.#next];
        if (!page) break;
        const text = parsed.text.slice(page.start, page.end);
        units += text.length + 1;
        this.#identity.update(text);
        insert.run(this.id, this.#next, page.label, text, tokens?.pages[this.#next] ?? 0);
      }
      noteRecognised(this.#database, this.id, parsed.pages, first, this.#next);
    });
    return this.#next < parsed.pages.length;
  }

  /** From here on it is in the library. Throws where the same text of the same file has come in meanwhile. */
  finish(): void {
    const { sha256, joined = 0 } = this.#document;
    const isJoined = joined > 0;
    this.#database
      .prepare('UPDATE documents SET sha256 = ?, file_sha256 = ? WHERE id = ?')
      .run(isJoined ? sha256 : this.#identity.digest('hex'), isJoined ? '' : sha256, this.id);
    this.#onFinished();
  }
}

/** Of file and text, which comes behind it: one file may be read in several ways, and each gives its own text. */
export const identityOf = (fileHash: string): Hash => createHash('sha256').update(`${fileHash} `);

/** How sure the recognition was of pages [from, to). */
export function noteRecognised(
  database: Database,
  id: string,
  pages: readonly PageSpan[],
  from = 0,
  to = pages.length,
): void {
  const put = database.prepare('INSERT INTO recognised_pages VALUES (?, ?, ?)');
  for (const [i, { recognised }] of pages.slice(from, to).entries())
    if (recognised) put.run(id, from + i, recognised.confidence);
}

/** What a crash left behind: documents that had not come in whole, and those that had not left whole. */
export function unfinishedDocuments(database: Database): { id: string; isRemoval: boolean }[] {
  const rows = database.prepare(`SELECT id, sha256 FROM documents WHERE NOT (${isFinished})`).all();
  return (rows as unknown as { id: string; sha256: string }[]).map(({ id, sha256 }) => ({
    id,
    isRemoval: sha256.startsWith(removing),
  }));
}
