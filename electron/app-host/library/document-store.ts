/** Documents and their text, page by page. Owns the rows; the documents room owns the files. */
import type { DocumentPage, LibraryDocument, PageRange } from '../../contract/app-types.ts';
import { type PageSpan, type ParseChoice, type ParsedDocument, readerVersion } from '../../contract/documents.ts';
import { AppError } from '../../contract/errors.ts';
import { type OwnChoice, ownChoiceSchema } from '../../contract/settings.ts';
import { type Tuning, tuningSchema } from '../../contract/tuning.ts';
import { type Database, transaction } from './database.ts';
import {
  DocumentInsert,
  identityOf,
  isFinished,
  type NewDocument,
  noteRecognised,
  unfinishedDocuments,
} from './document-insert.ts';
import { DocumentRemoval } from './document-removal.ts';
import { Revisions } from './revisions.ts';
import { notesOf, readingOf } from './stored-notes.ts';

interface DocumentRow {
  id: string;
  name: string;
  file_name: string;
  format: LibraryDocument['format'];
  file_bytes: number;
  characters: number;
  tokens: number | null;
  tokens_of: string | null;
  notes: string;
  reading: string;
  reader: number;
  added_at: number;
  joined: number;
  pages: number;
  chats: number;
}

/** What the engine reads: the text of whole pages, and where each page is in it. */
export interface DocumentText {
  text: string;
  pages: PageSpan[];
}

const select = `
  SELECT documents.*, (SELECT count(*) FROM pages WHERE document_id = documents.id) AS pages,
    (SELECT count(*) FROM chats WHERE document_id = documents.id) AS chats
  FROM documents`;

const openingLength = 90;

export class DocumentStore {
  readonly #database: Database;
  readonly #revisions: Revisions;

  constructor(database: Database, revisions = new Revisions()) {
    this.#database = database;
    this.#revisions = revisions;
  }

  /** `countedWith`: the vocabulary in use; tokens that another one counted are given as null. */
  list(countedWith?: string): LibraryDocument[] {
    const rows = this.#database.prepare(`${select} WHERE ${isFinished} ORDER BY added_at DESC, rowid DESC`).all();
    return (rows as unknown as DocumentRow[]).map((row) => {
      const isCounted = countedWith === undefined || row.tokens_of === countedWith;
      return isCounted ? toDocument(row) : { ...toDocument(row), tokens: null };
    });
  }

  get(id: string): LibraryDocument {
    const row = this.#database.prepare(`${select} WHERE id = ? AND ${isFinished}`).get(id);
    if (!row) throw new AppError('DOC_MISSING', 'This document is not in the library any more.');
    return toDocument(row as unknown as DocumentRow);
  }

  has(id: string): boolean {
    return this.#database.prepare(`SELECT 1 FROM documents WHERE id = ? AND ${isFinished}`).get(id) !== undefined;
  }

  /** The newest document made from this file, however it was read. */
  findByFile(sha256: string): LibraryDocument | undefined {
    const query = `${select} WHERE file_sha256 = ? ORDER BY added_at DESC, rowid DESC LIMIT 1`;
    const row = this.#database.prepare(query).get(sha256);
    return row && toDocument(row as unknown as DocumentRow);
  }

  /** The document that has this text from this file. */
  findText(sha256: string, text: string): LibraryDocument | undefined {
    return this.#findByIdentity(identityOf(sha256).update(text).digest('hex'));
  }

  /** The joined document with this hash. */
  findJoined(sha256: string): LibraryDocument | undefined {
    return this.#findByIdentity(sha256);
  }

  #findByIdentity(sha256: string): LibraryDocument | undefined {
    const row = this.#database.prepare(`${select} WHERE sha256 = ?`).get(sha256);
    return row && toDocument(row as unknown as DocumentRow);
  }

  /** Gives up the document's hash because pages of it were lost, so that its file can be added again. */
  clearHash(id: string): void {
    this.#database.prepare("UPDATE documents SET sha256 = 'incomplete ' || id WHERE id = ?").run(id);
  }

  fileHash(id: string): string {
    const row = this.#database.prepare('SELECT file_sha256 FROM documents WHERE id = ?').get(id);
    return (row as { file_sha256: string } | undefined)?.file_sha256 ?? '';
  }

  /** All at once. */
  add(document: NewDocument): LibraryDocument {
    const insert = this.insert(document);
    while (insert.writePages());
    insert.finish();
    return this.get(insert.id);
  }

  /** Piece by piece. */
  insert(document: NewDocument): DocumentInsert {
    return new DocumentInsert(this.#database, document, () => this.#revisions.note('documents'));
  }

  /** What a crash left behind; file and rows are to be removed. */
  unfinished(): { id: string; isRemoval: boolean }[] {
    return unfinishedDocuments(this.#database);
  }

  /** All at once. */
  remove(id: string): void {
    this.get(id);
    const removal = this.removal(id);
    while (removal.removeRows());
  }

  /** Begins a removal piece by piece; the document is not listed from now on. Works also for one that was not completely added. */
  removal(id: string): DocumentRemoval {
    const removal = new DocumentRemoval(this.#database, id);
    this.#revisions.note('documents');
    return removal;
  }

  /** Stores the notes, the choice and the recognised pages of a new reading that gave the same text. */
  noteReading(id: string, { notes, pages }: ParsedDocument, reading: ParseChoice): LibraryDocument {
    transaction(this.#database, () => {
      this.#database
        .prepare('UPDATE documents SET notes = ?, reading = ?, reader = ? WHERE id = ?')
        .run(JSON.stringify(notes), JSON.stringify(reading), readerVersion, id);
      this.#database.prepare('DELETE FROM recognised_pages WHERE document_id = ?').run(id);
      noteRecognised(this.#database, id, pages);
    });
    this.#revisions.note('documents');
    return this.get(id);
  }

  /** Marks the document as added by another program; such documents may be removed by one. */
  noteFromProgram(id: string): void {
    this.#database.prepare('UPDATE documents SET from_program = 1 WHERE id = ?').run(id);
  }

  isFromProgram(id: string): boolean {
    return this.#database.prepare('SELECT 1 FROM documents WHERE id = ? AND from_program = 1').get(id) !== undefined;
  }

  /** Whether a question was asked about it or begun: its chats belong to this text. */
  isAskedAbout(id: string): boolean {
    const query = `SELECT 1 FROM chats WHERE document_id = ?
      AND (draft <> '' OR EXISTS (SELECT 1 FROM turns WHERE chat_id = chats.id)) LIMIT 1`;
    return this.#database.prepare(query).get(id) !== undefined;
  }

  rename(id: string, name: string): LibraryDocument {
    this.get(id);
    this.#database.prepare('UPDATE documents SET name = ? WHERE id = ?').run(name, id);
    this.#revisions.note('documents');
    return this.get(id);
  }

  pages(id: string): DocumentPage[] {
    const rows = this.#database
      .prepare('SELECT label, tokens, substr(text, 1, 400) AS head FROM pages WHERE document_id = ? ORDER BY number')
      .all(id) as unknown as { label: string; tokens: number; head: string }[];
    return rows.map(({ label, tokens, head }) => ({
      label,
      tokens,
      opening: head.replace(/\s+/g, ' ').trim().slice(0, openingLength),
    }));
  }

  text(id: string, range: PageRange | null): DocumentText {
    const rows = this.#database
      .prepare('SELECT number, label, text FROM pages WHERE document_id = ? AND number BETWEEN ? AND ? ORDER BY number')
      .all(id, range?.from ?? 0, range?.to ?? Number.MAX_SAFE_INTEGER) as unknown as {
      number: number;
      label: string;
      text: string;
    }[];
    if (rows.length === 0) throw new AppError('DOC_MISSING', 'These pages are not in the document.');
    const recognised = new Map(
      (
        this.#database
          .prepare('SELECT number, confidence FROM recognised_pages WHERE document_id = ?')
          .all(id) as unknown as { number: number; confidence: number }[]
      ).map(({ number, confidence }) => [number, confidence]),
    );
    let at = 0;
    const pages = rows.map(({ number, label, text }) => {
      const start = at;
      at += text.length;
      const confidence = recognised.get(number);
      return { label, start, end: at, ...(confidence === undefined ? {} : { recognised: { confidence } }) };
    });
    return { text: rows.map((row) => row.text).join(''), pages };
  }

  /** The choice for this document alone. A value that does not fit its schema any more counts as absent. */
  choice(id: string): OwnChoice {
    const row = this.#database.prepare('SELECT choice FROM documents WHERE id = ?').get(id);
    if (!row) throw new AppError('DOC_MISSING', 'This document is not in the library any more.');
    const stored = Object.entries(JSON.parse((row as { choice: string }).choice) as object);
    const valid = stored.filter(([name, value]) => ownChoiceSchema.safeParse({ [name]: value }).success);
    return Object.fromEntries(valid) as OwnChoice;
  }

  setChoice(id: string, choice: OwnChoice): void {
    this.#database.prepare('UPDATE documents SET choice = ? WHERE id = ?').run(JSON.stringify(choice), id);
    this.#revisions.note('choices');
  }

  tuning(id: string): Tuning | null {
    const row = this.#database.prepare('SELECT tuning FROM tunings WHERE document_id = ?').get(id);
    const stored = row && tuningSchema.safeParse(JSON.parse((row as { tuning: string }).tuning));
    return stored?.success ? stored.data : null;
  }

  setTuning(id: string, tuning: Tuning): void {
    this.#database
      .prepare('INSERT INTO tunings VALUES (?, ?) ON CONFLICT (document_id) DO UPDATE SET tuning = excluded.tuning')
      .run(id, JSON.stringify(tuning));
    this.#revisions.note('choices');
  }

  /** Identifies the vocabulary that it was last counted with; undefined: not counted. */
  countedWith(id: string): string | undefined {
    const row = this.#database.prepare('SELECT tokens_of FROM documents WHERE id = ?').get(id);
    return (row as { tokens_of: string | null } | undefined)?.tokens_of ?? undefined;
  }

  setTokens(id: string, { total, pages, countedWith }: NonNullable<NewDocument['tokens']>): void {
    transaction(this.#database, () => {
      this.#database.prepare('UPDATE documents SET tokens = ?, tokens_of = ? WHERE id = ?').run(total, countedWith, id);
      const update = this.#database.prepare('UPDATE pages SET tokens = ? WHERE document_id = ? AND number = ?');
      for (const [number, tokens] of pages.entries()) update.run(tokens, id, number);
    });
    this.#revisions.note('documents');
  }
}

function toDocument(row: DocumentRow): LibraryDocument {
  return {
    id: row.id,
    name: row.name,
    fileName: row.file_name,
    format: row.format,
    fileBytes: row.file_bytes,
    pages: row.pages,
    characters: row.characters,
    tokens: row.tokens,
    chats: row.chats,
    joined: row.joined,
    addedAt: row.added_at,
    notes: notesOf(row.notes),
    reading: readingOf(row.reading),
    isOfOlderReader: row.joined === 0 && row.reader < readerVersion,
  };
}
