/**
 * A document leaves the library as it came, in pieces, each its own transaction. From its beginning nobody sees the document; its row goes
 * last, so that a removal that a crash cut off is completed at the next start.
 */
import { type Database, transaction } from './database.ts';
import { isFinished, pieceUnits, removing } from './document-insert.ts';

/** Answers with reports and maps that are removed at once. */
const pieceTurns = 50;

export class DocumentRemoval {
  readonly id: string;
  readonly #database: Database;

  constructor(database: Database, id: string) {
    this.id = id;
    this.#database = database;
    database
      .prepare(`UPDATE documents SET sha256 = '${removing}' || id, file_sha256 = '' WHERE id = ? AND ${isFinished}`)
      .run(id);
  }

  /** The next ones; false: none are left, and neither is the document. Its file must be gone by then. */
  removeRows(): boolean {
    return transaction(this.#database, () => {
      if (this.#removePages() || this.#removeTurns()) return true;
      this.#database.prepare('DELETE FROM documents WHERE id = ?').run(this.id);
      return false;
    });
  }

  #removePages(): boolean {
    const pages = this.#database
      .prepare('SELECT id, length(text) AS units FROM pages WHERE document_id = ? ORDER BY number LIMIT 256')
      .all(this.id) as unknown as { id: number; units: number }[];
    const remove = this.#database.prepare('DELETE FROM pages WHERE id = ?');
    let units = 0;
    for (const page of pages) {
      remove.run(page.id);
      units += page.units + 1;
      if (units >= pieceUnits) break;
    }
    return pages.length > 0;
  }

  /** The last first: an answer goes after those that follow it. */
  #removeTurns(): boolean {
    const { changes } = this.#database
      .prepare(
        `DELETE FROM turns WHERE id IN (
           SELECT turns.id FROM turns JOIN chats ON chats.id = turns.chat_id WHERE chats.document_id = ?
           ORDER BY turns.number DESC LIMIT ${pieceTurns})`,
      )
      .run(this.id);
    return Number(changes) > 0;
  }
}
