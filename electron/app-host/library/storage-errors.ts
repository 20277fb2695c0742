/** Turns errors of SQLite and the file system (a full disk, a read-only or a damaged one) into sentences for people. */
import { AppError } from '../../contract/errors.ts';

/** The primary result codes of SQLite that are handled. */
export const sqlite = { readOnly: 8, ioError: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 } as const;

/** undefined: the error is not from SQLite. */
export function sqliteCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined; // the upper bytes are the extended code
}

export function isDamage(error: unknown): boolean {
  const code = sqliteCode(error);
  if (code !== undefined) return code === sqlite.corrupt || code === sqlite.notADatabase;
  // Errors thrown while iterating rows have no code.
  return error instanceof Error && /malformed|file is not a database/.test(error.message);
}

const sentences = {
  full: 'The disk is full: this was not saved, and nothing that was there is lost. Free some space and try again.',
  readOnly: 'The library’s folder cannot be written, so nothing was changed. What is in it can be read all the same.',
  damaged:
    'A part of the library cannot be read. Start RocketDoc again: it keeps the damaged file and saves what can be read.',
  failing:
    'The disk reported an error and this was not saved. Check the disk, and keep a copy of the library’s folder.',
};

/** Returns the error itself if it has nothing to do with storage. */
export function explainStorage(error: unknown): unknown {
  const storageError = (code: 'DISK_FULL' | 'IO', message: string) => new AppError(code, message, { cause: error });
  if (error instanceof AppError) return error;
  if (isDamage(error)) return storageError('IO', sentences.damaged);
  const code = sqliteCode(error) ?? (error as NodeJS.ErrnoException | null)?.code;
  if (code === sqlite.full || code === 'ENOSPC' || code === 'EDQUOT') return storageError('DISK_FULL', sentences.full);
  if (code === sqlite.readOnly || code === 'EROFS' || code === 'EACCES' || code === 'EPERM')
    return storageError('IO', sentences.readOnly);
  if (code === sqlite.ioError || code === 'EIO') return storageError('IO', sentences.failing);
  return error;
}

/** For notes that are not essential: if the disk cannot be written, only the note is lost. */
export function ifWritable(note: () => void): void {
  try {
    note();
  } catch (error) {
    if (explainStorage(error) === error) throw error;
  }
}
