/** An opened file, through which the document host does all its reads. Refuses anything that is not an ordinary, readable file. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { AppError } from '../contract/errors.ts';
import { bytesText } from '../contract/number-words.ts';
import { oneLine } from './wording.ts';

const readStep = 64 * 1024 * 1024;

export class SourceFile {
  readonly name: string; // for messages
  readonly extension: string; // lower case, without the dot
  readonly size: number; // bytes
  readonly #fd: number;

  constructor(path: string, maxInputBytes: number) {
    const base = basename(path);
    this.name = oneLine(base) || 'The file';
    this.extension = /\.([^.]+)$/.exec(base)?.[1]?.toLowerCase() ?? '';
    this.#fd = openFile(path, this.name);
    try {
      const stat = fstatSync(this.#fd);
      if (stat.isDirectory()) {
        throw new AppError('DOC_MISSING', `${this.name} is a folder. Choose a file inside it.`);
      }
      if (!stat.isFile())
        throw new AppError('DOC_FORMAT', `${this.name} is not an ordinary file and cannot be opened.`);
      if (stat.size === 0) throw new AppError('DOC_EMPTY', `${this.name} is empty (0 bytes).`);
      if (stat.size > maxInputBytes) {
        throw new AppError(
          'DOC_TOO_LARGE',
          `${this.name} is ${bytesText(stat.size)}; the most that can be opened is ${bytesText(maxInputBytes)}. Split it into smaller files.`,
        );
      }
      this.size = stat.size;
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** The file name without its extension: the title if the document has none. */
  get stem(): string {
    return this.name.replace(/\.[^.]{1,8}$/, '') || this.name;
  }

  head(bytes: number): Uint8Array {
    const head = new Uint8Array(Math.min(bytes, this.size));
    this.readInto(head);
    return head;
  }

  readAll(): Uint8Array {
    const all = new Uint8Array(this.size);
    this.readInto(all);
    return all;
  }

  /** Fills `target` from the start of the file. */
  readInto(target: Uint8Array): void {
    for (let at = 0; at < target.length; ) {
      const n = readSync(this.#fd, target, at, Math.min(readStep, target.length - at), at);
      if (n === 0) throw new AppError('IO', `${this.name} became shorter while it was being read. Open it again.`);
      at += n;
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function openFile(path: string, name: string): number {
  try {
    // O_NONBLOCK, because opening a named pipe would otherwise wait forever for a writer. It is undefined on Windows.
    return openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') {
      throw new AppError('DOC_MISSING', `${name} was not found. It may have been moved, renamed or deleted.`, {
        cause: error,
      });
    }
    if (code === 'EISDIR') throw new AppError('DOC_MISSING', `${name} is a folder. Choose a file inside it.`);
    if (code === 'ENXIO') throw new AppError('DOC_FORMAT', `${name} is not an ordinary file and cannot be opened.`);
    throw new AppError('IO', `${name} could not be opened (${code ?? 'unknown error'}). Check that you may read it.`, {
      cause: error,
    });
  }
}
