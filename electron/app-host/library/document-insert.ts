/**
 * Writes a document's pages into the library in pieces, each in its own transaction, so that other work runs between them. The document is
 * not listed until it is finished; the next start removes what a crash left unfinished.
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
  /** The file's hash; for a joined document a hash of what it is joined from. */
  sha256: string;
  /** How the file was read; absent: with the default choice. */
  reading?: ParseChoice;
  /** Absent: the name of its file. */
  name?: string;
  /** Tokens of the whole text and of each page; undefined when no model could count. */
  tokens: { total: number; pages: number[]; countedWith: string } | undefined;
  /** How many documents of the library it was joined from. */
  joined?: number;
}

/** UTF-16 units of the pages that one piece writes or removes, together with their words in the search index. */
export const pieceUnits = 1 << 17;
/** Prefixes of the value in place of a document's hash, while it is being added and while it is being removed. */
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

  /** Makes the document part of the library. Throws if the same text of the same file was added meanwhile. */
  finish(): void {
    const { sha256, joined = 0 } = this.#document;
    const isJoined = joined > 0;
    this.#database
      .prepare('UPDATE documents SET sha256 = ?, file_sha256 = ? WHERE id = ?')
      .run(isJoined ? sha256 : this.#identity.digest('hex'), isJoined ? '' : sha256, this.id);
    this.#onFinished();
  }
}

/** A hash to which the text is added: a document's identity is file and text, because one file may be read in several ways. */
export const identityOf = (fileHash: string): Hash => createHash('sha256').update(`${fileHash} `);

/** Stores the confidence of the recognition of pages [from, to). */
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

/** What a crash left behind: documents that were not completely added, or not completely removed. */
export function unfinishedDocuments(database: Database): { id: string; isRemoval: boolean }[] {
  const rows = database.prepare(`SELECT id, sha256 FROM documents WHERE NOT (${isFinished})`).all();
  return (rows as unknown as { id: string; sha256: string }[]).map(({ id, sha256 }) => ({
    id,
    isRemoval: sha256.startsWith(removing),
  }));
}
