/**
 * Opens a data folder's library in whatever state it is: a damaged file is renamed and what can be read of it is saved; where nothing can
 * be written, the library is opened for reading; a file of a newer RocketDoc is refused and not changed. Checking a large file takes
 * seconds, so a thread does it and the event loop goes on.
 */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { DatabaseSync } from '@photostructure/sqlite';
import { AppError, isErrorCode } from '../../contract/errors.ts';
import { bytesText } from '../../contract/number-words.ts';
import type { StartWait } from '../../contract/shell.ts';
import { builtThread } from '../../hosts/built-files.ts';
import { type Database, openDatabase, schemaOf } from './database.ts';
import { migrations } from './migrations.ts';
import type { LibraryProgress, LibraryStage, PreparedLibrary } from './prepare-library.ts';
import type { ThreadAnswer } from './prepare-library-thread.ts';

export interface OpenedLibrary {
  database: Database;
  /** What a person should know about the library when it was opened, in sentences. */
  notices: string[];
}

export interface OpenLibraryOptions {
  steps?: readonly string[] | undefined;
  /** Called after `noticeAfterMs` with what is waited for, and again when that changes. */
  onWait?: (wait: StartWait) => void;
  noticeAfterMs?: number;
}

/** Throws IO for a file of a newer RocketDoc, DISK_FULL where the file can neither be written nor read unchanged. */
export async function openLibrary(
  file: string,
  { steps = migrations, onWait = () => {}, noticeAfterMs = 500 }: OpenLibraryOptions = {},
): Promise<OpenedLibrary> {
  const wait = new Wait(file, onWait, noticeAfterMs);
  const { notices, barred } = await prepared(file, steps, wait).finally(() => wait.end());
  if (barred === undefined) return { database: openDatabase(file, steps), notices };
  const asIs = openAsIs(file, steps);
  if (asIs) return asIs;
  throw new AppError(
    'DISK_FULL',
    `RocketDoc cannot write to ${dirname(file)}, and there is no library in it that this version can read as it is. Free some space there, or allow writing.`,
    { cause: new Error(barred) },
  );
}

const doing: Record<LibraryStage, string> = {
  updating: 'is brought up to date for this version of RocketDoc',
  checking: 'is checked for damage before it is opened',
  saving: 'is damaged, and what can be read of it is saved',
};

/** Reports what is waited for, once it has taken a while. */
class Wait {
  readonly #timer: NodeJS.Timeout;
  readonly #file: string;
  readonly #send: (wait: StartWait) => void;
  #progress: LibraryProgress | undefined;
  #isLong: boolean;

  constructor(file: string, send: (wait: StartWait) => void, noticeAfterMs: number) {
    this.#file = file;
    this.#send = send;
    this.#isLong = noticeAfterMs === 0;
    this.#timer = setTimeout(() => {
      if (this.#isLong) return;
      this.#isLong = true;
      if (this.#progress) this.at(this.#progress);
    }, noticeAfterMs);
  }

  at(progress: LibraryProgress): void {
    this.#progress = progress;
    if (!this.#isLong) return;
    const { stage, percent } = progress;
    const size = bytesText(statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0);
    this.#send({ sentence: `The library, ${size}, ${doing[stage]}. That takes a while.`, percent });
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

function prepared(file: string, steps: readonly string[], wait: Wait): Promise<PreparedLibrary> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(builtThread('prepare-library-thread'), { execArgv: [], workerData: { file, steps } });
    let answer: Exclude<ThreadAnswer, LibraryProgress> | undefined;
    thread.on('message', (message: ThreadAnswer) => {
      if ('stage' in message) wait.at(message);
      else answer = message;
    });
    thread.once('error', reject);
    // Only after the exit: statements that the thread has not garbage-collected keep its connection, and a lock, until it ends.
    thread.once('exit', () => {
      if (!answer) return reject(new AppError('INTERNAL', 'The library’s file could not be looked through.'));
      if ('prepared' in answer) return resolve(answer.prepared);
      const { code, message, stack } = answer.failure;
      const cause = Object.assign(new Error(message), { stack });
      reject(isErrorCode(code) ? new AppError(code, message, { cause }) : cause);
    });
  });
}

/** Opens the file without changing it; undefined: there is nothing to read, or it has an older schema and would have to be changed. */
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

/** A full disk has no room for the shared-memory index of the log; a connection with an exclusive lock keeps the index in memory. */
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

/** Ignores the log, which must be empty: its content would be missing without notice. */
function openImmutable(file: string): Database {
  if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) throw new Error('there is a log');
  const path = file.replaceAll('\\', '/').replaceAll('%', '%25').replaceAll('?', '%3f').replaceAll('#', '%23');
  return new DatabaseSync(`file:${path}?immutable=1`, { readOnly: true });
}
