/**
 * Copies what can be read of a damaged library into a new one. The damaged file is opened read-only. Rows are looked up one by one, so that
 * a broken page of the file loses only the rows on it; rows that refer to a lost row are lost too.
 */

import { DatabaseSync } from '@photostructure/sqlite';
import type { ImportNote } from '../../contract/import-notes.ts';
import { plural } from '../../contract/number-words.ts';
import type { Database } from './database.ts';
import { isDamage } from './storage-errors.ts';

type Row = Record<string, string | number | bigint | null | Uint8Array>;

/**
 * `damaged` is a path; `library` is empty and has the same schema. `onPercent` gets how much of the file's rows was looked at. Returns a
 * sentence about what was saved.
 */
export function salvage(damaged: string, library: Database, onPercent: (percent: number) => void = () => {}): string {
  let source: Database | undefined;
  let isWhole = true;
  library.exec('PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE');
  try {
    source = new DatabaseSync(damaged, { readOnly: true });
    const tables = tablesOf(library);
    const progress = progressOver(source, tables, onPercent);
    for (const table of tables) {
      const isCopied = copyTable(source, library, table, (id) => progress.at(table, id));
      isWhole = isCopied && isWhole;
    }
    progress.end();
  } catch (error) {
    if (!isDamage(error)) throw error;
    isWhole = false;
  } finally {
    source?.close();
  }
  dropOrphans(library);
  mendValues(library);
  const incomplete = markIncomplete(library);
  library.exec('COMMIT; PRAGMA foreign_keys = ON');
  return sentence(library, isWhole, incomplete);
}

/** The tables to copy: triggers fill the index of words from the pages, and the new file has its own list of migrations. */
function tablesOf(database: Database): string[] {
  const rows = database
    .prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'page_words%' AND name NOT LIKE 'sqlite%'",
    )
    .all() as { name: string }[];
  return rows.map(({ name }) => name).filter((name) => name !== 'migrations');
}

const columnsOf = (database: Database, table: string) =>
  (database.prepare(`SELECT name FROM pragma_table_info('${table}')`).all() as { name: string }[]).map(
    ({ name }) => name,
  );

/** False: some of the table could not be read. */
function copyTable(source: Database, library: Database, table: string, onRow: (id: number) => void): boolean {
  let isWhole = true;
  try {
    const there = columnsOf(source, table);
    const columns = columnsOf(library, table).filter((name) => there.includes(name));
    if (columns.length === 0) return true;
    const places = columns.map(() => '?').join(', ');
    const insert = library.prepare(`INSERT OR IGNORE INTO ${table} (${columns.join(', ')}) VALUES (${places})`);
    for (const row of readable(source, table, columns, () => {
      isWhole = false;
    })) {
      if (row.salvaged_id !== undefined) onRow(Number(row.salvaged_id));
      try {
        insert.run(...columns.map((name) => row[name] ?? null));
      } catch {
        isWhole = false; // the value's type does not fit the column
      }
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
    isWhole = false;
  }
  return isWhole;
}

/**
 * Counts rows by their ids, which are looked up in ascending order. Tables without row ids are left out. Where damage hides a table's
 * greatest id, nothing is reported, since a share of an unknown number would be made up.
 */
function progressOver(source: Database, tables: readonly string[], onPercent: (percent: number) => void) {
  const total = rowsIn(source, tables);
  const lastIds = new Map<string, number>();
  let done = 0;
  let reported = -1;
  const report = (percent: number) => {
    if (total === undefined || percent <= reported) return;
    reported = percent;
    onPercent(percent);
  };
  return {
    at(table: string, id: number) {
      const before = lastIds.get(table) ?? 0;
      if (id <= before) return;
      lastIds.set(table, id);
      done += id - before;
      report(Math.min(99, Math.floor((100 * done) / (total ?? Number.NaN))));
    },
    end: () => report(100),
  };
}

/** The sum of the tables' greatest row ids; undefined: damage hides one. */
function rowsIn(source: Database, tables: readonly string[]): number | undefined {
  try {
    let total = 0;
    for (const table of tables.filter((name) => hasRowIds(source, name))) {
      const most = greatestId(source, table);
      if (most === undefined) return undefined;
      total += most;
    }
    return total;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return undefined;
  }
}

function hasRowIds(source: Database, table: string): boolean {
  const row = source.prepare('SELECT wr FROM pragma_table_list WHERE name = ?').get(table);
  return (row as { wr: number } | undefined)?.wr === 0;
}

/** Every row that can be read. A table without row ids (the pages of the first schemas) is read up to the first damage. */
function* readable(source: Database, table: string, columns: string[], onLoss: () => void): Generator<Row, void, void> {
  if (hasRowIds(source, table)) return yield* readableById(source, table, columns, onLoss);
  try {
    for (const row of source.prepare(`SELECT ${columns.join(', ')} FROM ${table}`).iterate()) yield row as Row;
  } catch (error) {
    if (!isDamage(error)) throw error;
    onLoss();
  }
}

/** Reads rows in the order of their row ids, skipping damaged ones. */
function* readableById(
  source: Database,
  table: string,
  columns: string[],
  onLoss: () => void,
): Generator<Row, void, void> {
  const next = source.prepare(
    `SELECT rowid AS salvaged_id, ${columns.join(', ')} FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT 1`,
  );
  const after = (id: number): Row | undefined | 'lost' => {
    try {
      return next.get(id) as Row | undefined;
    } catch (error) {
      if (!isDamage(error)) throw error;
      onLoss();
      return 'lost';
    }
  };
  const most = greatestId(source, table) ?? 2 ** 30; // more rows than a library has
  let outOfOrder = 0;
  for (let last = 0; last <= most; ) {
    let row = after(last);
    if (row === 'lost') {
      // Doubles the step until a row can be read, then searches back for the first one that can.
      let [bad, good] = [0, 1];
      while (after(last + good) === 'lost' && last + good <= most) [bad, good] = [good, 2 * good];
      while (good - bad > 1) {
        const middle = Math.floor((bad + good) / 2);
        if (after(last + middle) === 'lost') bad = middle;
        else good = middle;
      }
      last += good;
      row = after(last);
    }
    if (row === undefined || row === 'lost') return;
    const id = Number(row.salvaged_id);
    if (id > last) yield row;
    else if (++outOfOrder > mostOutOfOrder) return onLoss();
    last = Math.max(id, last + 1);
  }
}

/** Most rows with an id out of order, which a broken tree may return, before the table is given up. */
const mostOutOfOrder = 1000;

/** undefined: damage hides it. */
function greatestId(source: Database, table: string): number | undefined {
  try {
    return Number(
      (source.prepare(`SELECT max(rowid) AS most FROM ${table}`).get() as { most: number | null }).most ?? 0,
    );
  } catch (error) {
    if (!isDamage(error)) throw error;
    return undefined;
  }
}

/** Removes rows that refer to missing rows, until there are none. */
function dropOrphans(library: Database): void {
  const references = tablesOf(library).flatMap((table) =>
    (library.prepare(`PRAGMA foreign_key_list('${table}')`).all() as { table: string; from: string; to: string }[]).map(
      ({ table: parent, from, to }) =>
        library.prepare(
          `DELETE FROM ${table} WHERE ${from} IS NOT NULL AND ${from} NOT IN (SELECT ${to} FROM ${parent})`,
        ),
    ),
  );
  for (let dropped = 1; dropped > 0; ) dropped = references.reduce((sum, each) => sum + Number(each.run().changes), 0);
}

/** Columns that hold JSON, and the value that replaces invalid JSON; null: the row is removed. */
const json: Record<string, Record<string, string | null>> = {
  documents: { warnings: "'[]'", notes: "'[]'", reading: "'{}'", choice: "'{}'" },
  turns: { choice: "'{}'", failure: 'NULL', report: 'NULL', map: 'NULL', evidence: 'NULL' },
  settings: { value: null },
  tunings: { tuning: null },
  speeds: { measured: null },
  examined_models: { header: 'NULL' },
};

/** The JSON columns that this schema has. */
export function jsonColumns(database: Database): { table: string; column: string; instead: string | null }[] {
  return Object.entries(json).flatMap(([table, columns]) => {
    const there = columnsOf(database, table);
    return Object.entries(columns).flatMap(([column, instead]) =>
      there.includes(column) ? [{ table, column, instead }] : [],
    );
  });
}

function mendValues(library: Database): void {
  for (const { table, column, instead } of jsonColumns(library)) {
    const wrong = `${column} IS NOT NULL AND NOT json_valid(${column})`;
    library.exec(
      instead === null
        ? `DELETE FROM ${table} WHERE ${wrong}`
        : `UPDATE ${table} SET ${column} = ${instead} WHERE ${wrong}`,
    );
  }
}

const lostPages: ImportNote = {
  kind: 'lost-pages',
  count: 1,
  sentence:
    'Pages of this document were lost when the library was damaged. Read its file anew, or add it again, to have them back.',
};

/** Marks documents that lost text, and returns how many there are. */
function markIncomplete(library: Database): number {
  // Libraries of the first schemas keep sentences instead of notes; the migrations turn them into notes.
  const [column, lost] = columnsOf(library, 'documents').includes('notes')
    ? (['notes', lostPages] as const)
    : (['warnings', lostPages.sentence] as const);
  const documents = library.prepare(`SELECT id, characters, ${column} AS notes FROM documents`).all() as {
    id: string;
    characters: number;
    notes: string;
  }[];
  const pages = library.prepare('SELECT text FROM pages WHERE document_id = ?');
  const mark = library.prepare(`UPDATE documents SET ${column} = ? WHERE id = ?`);
  let marked = 0;
  for (const { id, characters, notes } of documents) {
    const length = (pages.all(id) as { text: string }[]).reduce((sum, { text }) => sum + text.length, 0);
    if (length === characters) continue;
    marked++;
    mark.run(JSON.stringify([...(JSON.parse(notes) as unknown[]), lost]), id);
  }
  return marked;
}

function sentence(library: Database, isWhole: boolean, incomplete: number): string {
  const count = (table: string, word: string) => {
    const { n } = library.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number };
    return plural(n, word);
  };
  const saved = [count('documents', 'document'), count('chats', 'chat'), count('turns', 'answer')];
  const found = `${saved[0]}, ${saved[1]} and ${saved[2]} could be read and are here.`;
  if (isWhole) return found;
  const lacking =
    incomplete > 0
      ? ` ${incomplete === 1 ? 'One document lacks' : `${incomplete} documents lack`} pages and says so.`
      : '';
  return `${found} The rest could not be read.${lacking}`;
}
