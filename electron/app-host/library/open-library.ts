/**
 * Opens a data folder's library whatever state it is in: a damaged file is set aside and what can be read of it is saved; where
 * nothing can be written, it is read; one of a newer RocketDoc is refused and not touched.
 */
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { AppError } from '../../contract/errors.ts';
import { closeLibrary, type Database, newer, openDatabase, schemaOf } from './database.ts';
import { migrations } from './migrations.ts';
import { jsonColumns, salvage } from './salvage.ts';
import { explainStorage, isDamage, sqlite, sqliteCode } from './storage-errors.ts';

export interface OpenedLibrary {
  database: Database;
  /** What a person should know about how it was opened, in sentences. */
  notices: string[];
}

/** Throws IO for a file of a newer RocketDoc, DISK_FULL where it can neither be written nor read as it is. */
export function openLibrary(file: string, steps: readonly string[] = migrations): OpenedLibrary {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const isMarked = statSync(mark(file), { throwIfNoEntry: false }) !== undefined;
    if (!isMarked) refuseNewer(file, steps);
    if (isMarked || isHollow(file)) throw Object.assign(new Error('a damaged file'), { errcode: sqlite.notADatabase });
    return { database: openChecked(file, steps), notices: [] };
  } catch (error) {
    if (isDamage(error)) return salvaged(file, steps);
    const isBarred = [sqlite.readOnly, sqlite.full, sqlite.ioError, sqlite.cannotOpen].some(
      (code) => code === sqliteCode(error),
    );
    if (!isBarred && !isReadOnlyFolder(error)) throw error;
    const asIs = openAsIs(file, steps);
    if (asIs) return asIs;
    throw new AppError(
      'DISK_FULL',
      `RocketDoc cannot write to ${dirname(file)}, and there is no library in it that this version can read as it is. Free some space there, or allow writing.`,
      { cause: error },
    );
  }
}

/** A larger one would be looked through for seconds; what is damaged in it is met when it is read. */
const mostCheckedBytes = 2 ** 30;

function openChecked(file: string, steps: readonly string[]): Database {
  const database = openDatabase(file, steps);
  try {
    if (statSync(file).size <= mostCheckedBytes) check(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Table by table, and not the index of words as a whole, which would be made anew to be compared. Bytes that changed within a value
 * show where it refers to another row, or is read as JSON.
 */
function check(database: Database): void {
  const broken = (what: string) => Object.assign(new Error(what), { errcode: sqlite.corrupt });
  const tables = database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'")
    .all() as { name: string }[];
  for (const { name } of tables) {
    // Not quick_check, which passes an index that points to rows which are not there. A page is one row: few are compared.
    const [said] = database.prepare(`PRAGMA integrity_check('${name}')`).all() as { integrity_check: string }[];
    if (said?.integrity_check !== 'ok') throw broken(`${name}: ${said?.integrity_check}`);
  }
  const [orphan] = database.prepare('PRAGMA foreign_key_check').all();
  if (orphan) throw broken('a row refers to one that is not there');
  for (const { table, column } of jsonColumns(database)) {
    const query = `SELECT 1 FROM ${table} WHERE ${column} IS NOT NULL AND NOT json_valid(${column}) LIMIT 1`;
    if (database.prepare(query).get()) throw broken(`${table}.${column} holds no JSON`);
  }
}

/** Looked at without a right to write, so that not one byte of it changes. */
function refuseNewer(file: string, steps: readonly string[]): void {
  if (!statSync(file, { throwIfNoEntry: false })?.size) return;
  let database: Database | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true });
    const done = schemaOf(database);
    if (done > steps.length) throw newer(done, steps);
  } catch (error) {
    if (error instanceof AppError || isDamage(error)) throw error;
    // Whatever else bars the way bars the way of opening it for good too, where it is looked after.
  } finally {
    database?.close();
  }
}

/** A file without content beside files of documents: it lost what it had. */
function isHollow(file: string): boolean {
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

/** Without a right to write; undefined: there is nothing to read, or it is of an older RocketDoc and would have to be changed. */
function openAsIs(file: string, steps: readonly string[]): OpenedLibrary | undefined {
  if (!statSync(file, { throwIfNoEntry: false })?.size) return undefined;
  for (const open of [openWithoutSharedMemory, openReadOnly, openImmutable]) {
    let database: Database | undefined;
    try {
      database = open(file);
      if (schemaOf(database) !== steps.length) throw new AppError('IO', 'of another schema');
      return {
        database,
        notices: [
          'RocketDoc cannot write to its folder: the disk is full, or read-only. Documents and chats can be read; what is new cannot be saved.',
        ],
      };
    } catch {
      database?.close();
    }
  }
  return undefined;
}

/** A full disk has no room for the index of the log that several connections would share; one alone keeps it in memory. */
function openWithoutSharedMemory(file: string): Database {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA foreign_keys = ON');
  database.prepare('SELECT count(*) FROM sqlite_master').get();
  return database;
}

function openReadOnly(file: string): Database {
  const database = new DatabaseSync(file, { readOnly: true });
  database.prepare('SELECT count(*) FROM sqlite_master').get();
  return database;
}

/** Without its log, which must be empty: what is in one would be missing, silently. */
function openImmutable(file: string): Database {
  if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) throw new Error('there is a log');
  const path = file.replaceAll('\\', '/').replaceAll('%', '%25').replaceAll('?', '%3f').replaceAll('#', '%23');
  return new DatabaseSync(`file:${path}?immutable=1`, { readOnly: true });
}

/**
 * The damaged file keeps its content under another name; a new one gets what can be read of it. Where the file cannot be renamed
 * while this process has seen it (Windows), the next start does it first.
 */
function salvaged(file: string, steps: readonly string[]): OpenedLibrary {
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
    // First as the damaged one was, so that its rows fit; then what came later does to them what it does to any.
    database = openDatabase(file, steps.slice(0, schemaOfDamaged(aside) ?? steps.length));
    const saved = salvage(aside, database);
    closeLibrary(database);
    database = openDatabase(file, steps);
    return { database, notices: [`The library was damaged. ${saved} The damaged file is kept as ${basename(aside)}.`] };
  } catch (error) {
    // Whatever it is (a full disk), the next start finds what this one found.
    database?.close();
    for (const end of ends) rmSync(file + end, { force: true });
    move(aside, file);
    throw explainStorage(error);
  }
}

const ends = ['-wal', '-shm', ''];
const mark = (file: string) => `${file}.damaged`;

/** With its log, which belongs to it. */
function move(from: string, to: string): void {
  for (const end of ends) if (statSync(from + end, { throwIfNoEntry: false })) renameSync(from + end, to + end);
}

/** undefined: not even that can be read. */
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
