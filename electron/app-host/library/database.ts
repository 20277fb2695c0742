/**
 * The SQLite file of a data folder: documents, their text page by page, chats, settings. Updates its schema after keeping a copy.
 * open-library.ts opens it for the app; the stores beside this file have the statements.
 */
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { AppError } from '../../contract/errors.ts';
import { migrations } from './migrations.ts';

export type Database = InstanceType<typeof DatabaseSync>;

/** `file` may be ':memory:'. Does not check the file for damage or repair it. */
export function openDatabase(file: string, steps: readonly string[] = migrations): Database {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(file);
  try {
    // WAL: a reader never waits for a writer. FULL: a committed transaction survives a power cut.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    database.exec('PRAGMA busy_timeout = 3000');
    migrate(database, file, steps);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The error with which a file of a newer RocketDoc is refused. */
export const newer = (done: number, steps: readonly string[]) =>
  new AppError(
    'IO',
    `The library was written by a newer RocketDoc (schema ${done}; this one knows ${steps.length}). Nothing in it was changed. Update RocketDoc.`,
  );

/** The number of the file's schema; 0: it has none yet. */
export function schemaOf(database: Database): number {
  const table = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").get();
  if (!table) return 0;
  return (database.prepare('SELECT coalesce(max(number), 0) AS done FROM migrations').get() as { done: number }).done;
}

function migrate(database: Database, file: string, steps: readonly string[]): void {
  const done = schemaOf(database);
  if (done > steps.length) throw newer(done, steps);
  if (done === steps.length) return;
  if (done > 0 && file !== ':memory:') keepCopy(database, file, done);
  database.exec('CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, done_at INTEGER NOT NULL)');
  for (let number = done + 1; number <= steps.length; number++) {
    transaction(database, () => {
      database.exec(steps[number - 1] ?? '');
      database.prepare('INSERT INTO migrations VALUES (?, ?)').run(number, Date.now());
    });
  }
}

/** Keeps a copy of the file before its schema is updated, whole or not at all; copies of earlier updates are removed. */
function keepCopy(database: Database, file: string, schema: number): void {
  const name = (number: number) => `${basename(file, '.sqlite')}.schema-${number}.sqlite`;
  const copy = join(dirname(file), name(schema));
  const part = `${copy}.part`;
  rmSync(part, { force: true });
  database.prepare('VACUUM INTO ?').run(part);
  renameSync(part, copy);
  for (const other of readdirSync(dirname(file)))
    if (/\.schema-\d+\.sqlite$/.test(other) && other !== basename(copy))
      rmSync(join(dirname(file), other), { force: true });
}

/** Writes the log into the file before closing: SQLite would not do so at the end while statements are not yet garbage-collected. */
export function closeLibrary(database: Database): void {
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } catch {
    // On a read-only or full disk the log stays and is read with the file.
  }
  database.close();
}

/** Runs `work` in a transaction. Must not be nested. */
export function transaction<T>(database: Database, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // On a full disk SQLite rolls back by itself; a second ROLLBACK would fail and hide the reason.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
