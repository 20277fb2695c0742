/**
 * Files that are being added to the library. Their bytes are written to disk as they arrive, at most 64 MB of an upload; the name is made a
 * safe path component. An upload that is never added is removed at the next start.
 */
import { createHash, randomUUID } from 'node:crypto';
import { constants, createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { maxUploadBytes } from '../../contract/app.ts';
import { defaultDocumentLimits } from '../../contract/documents.ts';
import { AppError } from '../../contract/errors.ts';
import { bytesText } from '../../contract/number-words.ts';
import { safeName } from './safe-name.ts';

export interface IncomingFile {
  path: string;
  name: string;
  bytes: number;
  sha256: string;
}

const maxWaiting = 16;

export class Uploads {
  readonly #dataDir: string;
  readonly #waiting = new Map<string, IncomingFile>();
  /** Uploads that wait for another try, with a password for example; the oldest first. */
  readonly #retries = new Set<IncomingFile>();
  /** For each file that is being added, by SHA-256, a promise that settles when the last one is done. */
  readonly #adding = new Map<string, Promise<void>>();

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  async clear(): Promise<void> {
    // A folder that cannot be written must not keep RocketDoc from starting.
    for (const dir of [join(this.#dataDir, 'incoming'), this.outgoingDir])
      await rm(dir, { recursive: true, force: true }).catch(() => {});
  }

  async receive(name: string, body: Readable): Promise<string> {
    // The oldest file that waits for a password makes room: its question was probably dismissed.
    const [oldest] = this.#retries;
    if (this.#waiting.size >= maxWaiting && oldest) await this.discard(oldest);
    if (this.#waiting.size >= maxWaiting)
      throw new AppError('BUSY', 'Too many files are waiting. Add or remove some first.');
    const id = randomUUID();
    this.#waiting.set(
      id,
      await this.#write(id, name, body, (bytes) => (bytes > maxUploadBytes ? tooLarge(name) : null)),
    );
    return id;
  }

  /** Takes a copy of a file of this machine; the original stays where it is. */
  async copy(path: string): Promise<IncomingFile> {
    const name = safeName(basename(path));
    const { size } = await whole(path);
    const most = defaultDocumentLimits.maxInputBytes;
    if (size > most) {
      const sizes = `${bytesText(size)}; the most that can be opened is ${bytesText(most)}`;
      throw new AppError('DOC_TOO_LARGE', `${name} is ${sizes}. Split it into smaller files.`);
    }
    return this.#write(randomUUID(), name, createReadStream(path), () => null);
  }

  get(id: string): IncomingFile {
    const file = this.#waiting.get(id);
    if (!file) throw new AppError('IO', 'This file is not here any more. Add it again.');
    this.#retries.delete(file);
    return file;
  }

  /** Keeps the file for another try, or until its place is needed. */
  keepForRetry(file: IncomingFile): void {
    this.#retries.add(file);
  }

  /**
   * Makes two additions of the same file run one after the other, so that the second finds the first document. Call the returned function
   * when done.
   */
  async enter(sha256: string): Promise<() => void> {
    const before = this.#adding.get(sha256);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const last = Promise.resolve(before).then(() => held);
    this.#adding.set(sha256, last);
    void last.then(() => this.#adding.get(sha256) === last && this.#adding.delete(sha256));
    await before;
    return release;
  }

  /** Moves the file into the library, under the document's id. */
  async keep(file: IncomingFile, documentId: string): Promise<void> {
    const dir = this.documentDir(documentId);
    await mkdir(dir, { recursive: true, mode: 0o700 });
    // Synced first, so that a power cut cannot leave a file of this name without its bytes.
    await sync(file.path);
    await rename(file.path, join(dir, file.name));
    await sync(dir);
    await this.discard(file);
  }

  async discard(file: IncomingFile): Promise<void> {
    for (const [id, waiting] of this.#waiting) if (waiting === file) this.#waiting.delete(id);
    this.#retries.delete(file);
    await rm(join(file.path, '..'), { recursive: true, force: true });
  }

  async removeDocument(documentId: string): Promise<void> {
    await rm(this.documentDir(documentId), { recursive: true, force: true });
  }

  /** The folder of copies that were dragged out of the window; they stay until the next start. */
  get outgoingDir(): string {
    return join(this.#dataDir, 'outgoing');
  }

  documentDir(documentId: string): string {
    return join(this.#dataDir, 'files', documentId);
  }

  /** `refusal` returns an error where so many bytes are too many. When that or writing fails, nothing is left on disk. */
  async #write(
    id: string,
    name: string,
    body: Readable,
    refusal: (bytes: number) => AppError | null,
  ): Promise<IncomingFile> {
    const path = await this.#place(id, name);
    const hash = createHash('sha256');
    let bytes = 0;
    const count = new Transform({
      transform(chunk: Buffer, _, done) {
        bytes += chunk.length;
        hash.update(chunk);
        done(refusal(bytes), chunk);
      },
    });
    try {
      await pipeline(body, count, createWriteStream(path, { mode: 0o600 }));
    } catch (error) {
      await rm(dirname(path), { recursive: true, force: true });
      throw error;
    }
    return { path, name: safeName(name), bytes, sha256: hash.digest('hex') };
  }

  async #place(id: string, name: string): Promise<string> {
    const dir = join(this.#dataDir, 'incoming', id);
    await mkdir(dir, { recursive: true, mode: 0o700 });
    return join(dir, safeName(name));
  }
}

/** Syncs a file or folder; errors are ignored, because some systems cannot sync a folder. */
async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

async function whole(path: string) {
  const name = safeName(basename(path));
  try {
    const stats = await stat(path);
    if (stats.isFile()) await access(path, constants.R_OK);
    if (stats.isFile()) return stats;
  } catch (error) {
    throw new AppError('DOC_MISSING', `${name} cannot be read: it is not there any more, or it is protected.`, {
      cause: error,
    });
  }
  throw new AppError('DOC_FORMAT', `${name} is not a file. Add the files in it instead.`);
}

function tooLarge(name: string): AppError {
  return new AppError(
    'DOC_TOO_LARGE',
    `${safeName(name)} is larger than ${maxUploadBytes / 2 ** 20} MB, the most that the window can send. Start RocketDoc with the file's path.`,
  );
}
