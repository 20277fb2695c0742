/**
 * Ensures that one process at a time owns a data folder. It uses SQLite's file lock, which the kernel frees when the process ends, so that
 * no stale lock file can be left behind.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { AppError } from '../../contract/errors.ts';
import { sqlite, sqliteCode } from './storage-errors.ts';

const busy = 5;
/** With these errors nothing can be written, so no claim is needed: processes that only read do not disturb each other. */
const unclaimable: readonly (number | undefined)[] = [sqlite.readOnly, sqlite.cannotOpen, sqlite.ioError, sqlite.full];

/** Creates the folder if it does not exist. Call the returned function to release the claim. */
export function claimDataFolder(dataDir: string): () => void {
  let database: InstanceType<typeof DatabaseSync> | undefined;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    database = new DatabaseSync(join(dataDir, 'claim.sqlite'));
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    if (unclaimable.includes(sqliteCode(error))) return () => {};
    if (sqliteCode(error) !== busy) throw error;
    throw new AppError(
      'BUSY',
      `Another RocketDoc is open with the library in ${dataDir}. Use its window, or end it first.`,
      { cause: error },
    );
  }
  const claim = database;
  return () => claim.close();
}
