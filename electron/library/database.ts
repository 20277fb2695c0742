/**
 * The one SQLite file of a data folder: documents, their text page by page, chats, settings. Opens it, brings its schema up to
 * date, and refuses a file that a newer RocketDoc wrote. Statements live in the stores beside this file.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { AppError } from '../contract/errors.ts';
import { migrations } from './migrations.ts';

export type Database = InstanceType<typeof DatabaseSync>;

/** `file` may be ':memory:'. */
export function openDatabase(file: string, steps: readonly string[] = migrations): Database {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(file);
  try {
    // WAL: a reader never waits for a writer. NORMAL with WAL survives a crash of ours; a power cut may cost the last moments.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON');
    database.exec('PRAGMA busy_timeout = 3000');
    migrate(database, steps);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function migrate(database: Database, steps: readonly string[]): void {
  database.exec('CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, done_at INTEGER NOT NULL)');
  const row = database.prepare('SELECT coalesce(max(number), 0) AS done FROM migrations').get() as { done: number };
  if (row.done > steps.length) {
    throw new AppError(
      'IO',
      `The library was written by a newer RocketDoc (schema ${row.done}; this one knows ${steps.length}). Update RocketDoc.`,
    );
  }
  for (let number = row.done + 1; number <= steps.length; number++) {
    transaction(database, () => {
      database.exec(steps[number - 1] ?? '');
      database.prepare('INSERT INTO migrations VALUES (?, ?)').run(number, Date.now());
    });
  }
}

/** All of it or nothing. Not to be nested. */
export function transaction<T>(database: Database, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
