/**
 * One process at a time owns a data folder. The claim is SQLite's own file lock, which the kernel frees with the process: no
 * file with a number in it can be left behind.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { AppError } from '../contract/errors.ts';

/** Makes the folder where there is none. Returns what lets go of it. */
export function claimDataFolder(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(dataDir, 'claim.sqlite'));
  try {
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!/locked|busy/i.test(String(error))) throw error;
    throw new AppError(
      'BUSY',
      `Another RocketDoc is open with the library in ${dataDir}. Use its window, or end it first.`,
      { cause: error },
    );
  }
  return () => database.close();
}
