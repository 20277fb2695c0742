/**
 * Removes a document from the library in pieces, each in its own transaction. From the beginning the document is not listed; its row is
 * deleted last, so that the next start completes a removal that a crash cut off.
 */
import { type Database, transaction } from './database.ts';
import { isFinished, pieceUnits, removing } from './document-insert.ts';

/** Answers, with reports and maps, that one piece removes. */
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

  /** Removes the next rows; false: none are left, and the document's row is deleted. Its file must be deleted before. */
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

  /** The last turns first: a turn is removed after those that follow it. */
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
