/** Finds documents by their names and by the words on their pages (SQLite's FTS5, best matches first). */
import type { SearchHit } from '../../contract/app-types.ts';
import type { Database } from './database.ts';
import { isFinished } from './document-insert.ts';

interface PageRow {
  document_id: string;
  number: number;
  label: string;
  snippet: string;
}

const mostPages = 400;
const pagesShown = 3;
const snippetWords = 14;
/** Marks around a hit in a snippet; no text contains them, because reading a file removes control characters. */
const [hitStart, hitEnd] = ['\u0001', '\u0002'];

export class DocumentSearch {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  find(query: string): SearchHit[] {
    const hits = new Map<string, SearchHit>();
    const hitOf = (documentId: string): SearchHit => {
      const hit = hits.get(documentId) ?? { documentId, inName: false, pages: [], morePages: 0 };
      hits.set(documentId, hit);
      return hit;
    };
    for (const id of this.#named(query)) hitOf(id).inName = true;
    for (const { document_id, number, label, snippet } of this.#pages(query)) {
      const hit = hitOf(document_id);
      if (hit.pages.length < pagesShown) hit.pages.push({ number, label, snippet: parts(snippet) });
      else hit.morePages++;
    }
    return [...hits.values()];
  }

  #named(query: string): string[] {
    const words = wordsOf(query.toLowerCase());
    const rows = this.#database
      .prepare(`SELECT id, name FROM documents WHERE ${isFinished} ORDER BY added_at DESC, rowid DESC`)
      .all();
    return (rows as unknown as { id: string; name: string }[])
      .filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)))
      .map(({ id }) => id);
  }

  /** Joined documents are left out: they repeat the pages of others. */
  #pages(query: string): PageRow[] {
    const match = matchOf(query);
    if (match === '') return [];
    return this.#database
      .prepare(
        `SELECT pages.document_id, pages.number, pages.label,
           snippet(page_words, 0, '${hitStart}', '${hitEnd}', '…', ${snippetWords}) AS snippet
         FROM page_words JOIN pages ON pages.id = page_words.rowid
         JOIN documents ON documents.id = pages.document_id AND documents.joined = 0 AND ${isFinished}
         WHERE page_words MATCH ? ORDER BY page_words.rank LIMIT ${mostPages}`,
      )
      .all(match) as unknown as PageRow[];
  }
}

const wordsOf = (query: string) => query.split(/\s+/).filter((word) => word !== '');

/**
 * An FTS5 query with every word in quotes, so that nothing typed is taken for FTS5 syntax; each word may be the beginning of a longer one.
 */
function matchOf(query: string): string {
  return wordsOf(query)
    .filter((word) => /[\p{L}\p{N}]/u.test(word))
    .map((word) => `"${word.replaceAll('"', '""')}"*`)
    .join(' ');
}

function parts(snippet: string): { text: string; isHit: boolean }[] {
  return snippet
    .split(hitStart)
    .flatMap((piece, i) => {
      if (i === 0) return [{ text: piece, isHit: false }];
      const [hit = '', rest = ''] = piece.split(hitEnd);
      return [
        { text: hit, isHit: true },
        { text: rest, isHit: false },
      ];
    })
    .map(({ text, isHit }) => ({ text: text.replace(/\s+/g, ' '), isHit }))
    .filter(({ text }) => text !== '');
}
