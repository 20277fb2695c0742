/**
 * Prepares the library's file before it is opened: its schema is updated, it is checked for damage, and a damaged file is renamed and what
 * can be read of it is saved. This takes seconds for a large library, so open-library.ts runs it in a thread.
 */
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { AppError } from '../../contract/errors.ts';
import { closeLibrary, type Database, newer, openDatabase, schemaOf } from './database.ts';
import { jsonColumns, salvage } from './salvage.ts';
import { explainStorage, isDamage, sqlite, sqliteCode } from './storage-errors.ts';

export interface PreparedLibrary {
  /** What a person should know about the file's state, in sentences. */
  notices: string[];
  /** Why the file cannot be written; absent: it can. */
  barred?: string;
}

/** Stages that take a while with a large file. */
export type LibraryStage = 'updating' | 'checking' | 'saving';

export interface LibraryProgress {
  stage: LibraryStage;
  /** null: not known. SQLite updates a schema, and checks a table, in one call that does not report how far it is. */
  percent: number | null;
}
type OnProgress = (progress: LibraryProgress) => void;

/** Throws IO for a file of a newer RocketDoc. */
export function prepareLibrary(
  file: string,
  steps: readonly string[],
  onProgress: OnProgress = () => {},
): PreparedLibrary {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const isMarked = statSync(mark(file), { throwIfNoEntry: false }) !== undefined;
    if (!isMarked && isOlder(file, steps)) onProgress({ stage: 'updating', percent: null });
    if (isMarked || isEmptied(file)) throw Object.assign(new Error('a damaged file'), { errcode: sqlite.notADatabase });
    checkFile(file, steps, onProgress);
    return { notices: [] };
  } catch (error) {
    if (isDamage(error)) {
      return { notices: [salvaged(file, steps, onProgress)] };
    }
    const isBarred = [sqlite.readOnly, sqlite.full, sqlite.ioError, sqlite.cannotOpen].some(
      (code) => code === sqliteCode(error),
    );
    if (!isBarred && !isReadOnlyFolder(error)) throw error;
    return { notices: [], barred: (error as Error).message };
  }
}

/** Checking a larger file would take too long; damage in it is found when it is read. */
const mostCheckedBytes = 2 ** 30;

function checkFile(file: string, steps: readonly string[], onProgress: OnProgress): void {
  const database = openDatabase(file, steps);
  try {
    if (statSync(file).size > mostCheckedBytes) return;
    onProgress({ stage: 'checking', percent: null });
    check(database);
  } finally {
    database.close();
  }
}

/**
 * Checks table by table, and leaves out the index of words, which SQLite would rebuild to compare it. Changed bytes inside a value are
 * found where the value refers to another row or is read as JSON.
 */
function check(database: Database): void {
  const broken = (what: string) => Object.assign(new Error(what), { errcode: sqlite.corrupt });
  const tables = database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'")
    .all() as { name: string }[];
  for (const { name } of tables) {
    // Not quick_check, which does not notice an index that points to missing rows. A page is one row, so there are few rows to check.
    const [result] = database.prepare(`PRAGMA integrity_check('${name}')`).all() as { integrity_check: string }[];
    if (result?.integrity_check !== 'ok') throw broken(`${name}: ${result?.integrity_check}`);
  }
  const [orphan] = database.prepare('PRAGMA foreign_key_check').all();
  if (orphan) throw broken('a row refers to one that is not there');
  for (const { table, column } of jsonColumns(database)) {
    const query = `SELECT 1 FROM ${table} WHERE ${column} IS NOT NULL AND NOT json_valid(${column}) LIMIT 1`;
    if (database.prepare(query).get()) throw broken(`${table}.${column} holds no JSON`);
  }
}

/**
 * Whether the file has an older schema. Throws for one of a newer RocketDoc, which is opened read-only so that not a byte of it changes.
 */
function isOlder(file: string, steps: readonly string[]): boolean {
  if (!statSync(file, { throwIfNoEntry: false })?.size) return false;
  let database: Database | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true });
    const done = schemaOf(database);
    if (done > steps.length) throw newer(done, steps);
    return done < steps.length;
  } catch (error) {
    if (error instanceof AppError || isDamage(error)) throw error;
    // Any other error occurs again in checkFile and is handled by its caller.
    return false;
  } finally {
    database?.close();
  }
}

/** An empty library file beside files of documents: it has lost its content. */
function isEmptied(file: string): boolean {
  if (statSync(file, { throwIfNoEntry: false })?.size !== 0) return false;
  try {
    return readdirSync(join(dirname(file), 'files')).length > 0;
  } catch {
    return false;
  }
}

function isReadOnlyFolder(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'EROFS' || code === 'EACCES' || code === 'EPERM' || code === 'ENOSPC';
}

/**
 * Renames the damaged file, copies what can be read of it into a new one, and returns a sentence about it. If the file cannot be renamed
 * because this process has had it open (Windows), it is marked and the next start renames it first.
 */
function salvaged(file: string, steps: readonly string[], onProgress: OnProgress): string {
  const at = (percent: number | null) => onProgress({ stage: 'saving', percent });
  at(null);
  const stamp = new Date().toISOString().replace(/[:.]/g, '-');
  const aside = join(dirname(file), `${basename(file, '.sqlite')}.damaged-${stamp}.sqlite`);
  try {
    move(file, aside);
  } catch (error) {
    writeFileSync(mark(file), '');
    throw explainStorage(Object.assign(error as Error, { errcode: sqlite.corrupt }));
  }
  rmSync(mark(file), { force: true });
  let database: Database | undefined;
  try {
    // The new file first gets the damaged one's schema, so that its rows fit; opening it again applies the later steps.
    database = openDatabase(file, steps.slice(0, schemaOfDamaged(aside) ?? steps.length));
    const saved = salvage(aside, database, at);
    closeLibrary(database);
    database = openDatabase(file, steps);
    database.close();
    return `The library was damaged. ${saved} The damaged file is kept as ${basename(aside)}.`;
  } catch (error) {
    // On any error, such as a full disk, the damaged file is put back, so that the next start can try again.
    database?.close();
    for (const end of ends) rmSync(file + end, { force: true });
    move(aside, file);
    throw explainStorage(error);
  }
}

const ends = ['-wal', '-shm', ''];
const mark = (file: string) => `${file}.damaged`;

/** Renames the file together with its log. */
function move(from: string, to: string): void {
  for (const end of ends) if (statSync(from + end, { throwIfNoEntry: false })) renameSync(from + end, to + end);
}

/** undefined: even the schema's number cannot be read. */
function schemaOfDamaged(file: string): number | undefined {
  let database: Database | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true });
    return schemaOf(database) || undefined;
  } catch {
    return undefined;
  } finally {
    database?.close();
  }
}
