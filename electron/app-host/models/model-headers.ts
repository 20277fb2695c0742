/**
 * What model files say of themselves. A file that nobody has opened yet is looked at in an engine host of its own, which loads
 * nothing and ends when there is nothing more to look at: whatever a header does to it, documents in memory are safe. What was
 * found is kept with the file's size and time.
 */
import { basename, dirname, sep } from 'node:path';
import { AppError, toAppError } from '../../contract/errors.ts';
import { type EngineClient, startEngine } from '../../engine-host/engine-client.ts';
import { statModel } from '../../engine-host/model-files.ts';
import { Queue } from '../../hosts/queue.ts';
import type { FileStamp, Header, ModelStore } from '../library/model-store.ts';

const idleMs = 10_000;

export class ModelHeaders {
  readonly #store: ModelStore;
  readonly #start: () => EngineClient;
  #client: EngineClient | undefined;
  #idle: NodeJS.Timeout | undefined;
  #isClosed = false;
  readonly #queue = new Queue();

  constructor(store: ModelStore, start: () => EngineClient = startEngine) {
    this.#store = store;
    this.#start = start;
  }

  known(path: string, stamp: FileStamp): Header | undefined {
    return this.#store.header(path, stamp);
  }

  /** Facts, or why the file cannot be run: both are findings. Rejects when nothing could be found out. */
  read(path: string): Promise<Header> {
    return this.#queue.run(() => this.#read(path));
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.#end();
  }

  async #end(): Promise<void> {
    clearTimeout(this.#idle);
    const client = this.#client;
    this.#client = undefined;
    await client?.close();
  }

  async #read(path: string): Promise<Header> {
    const stamp = stampOf(path);
    if (!stamp) throw new AppError('MODEL_MISSING', `${basename(path)} is not there any more, or it is protected.`);
    const known = this.#store.header(path, stamp);
    if (known) return known;
    const header = await this.#ask(path);
    this.#store.note(path, stamp, { header });
    return header;
  }

  async #ask(path: string): Promise<Header> {
    if (this.#isClosed) throw new AppError('CLOSED', 'RocketDoc is closing.');
    clearTimeout(this.#idle);
    this.#client ??= this.#start();
    try {
      const info = await this.#client.verbs.inspect({ path });
      return { info: { ...info, path: basename(path) } };
    } catch (error) {
      const { code, message } = toAppError(error);
      if (/^MODEL_/.test(code)) return { failure: { code, message: withoutFolders(message, path) } };
      if (code !== 'ENGINE_CRASH' && code !== 'ENGINE_HUNG') throw error;
      await this.#end();
      const what = `${basename(path)} ended the process that looked at it: it is damaged, or made to do that.`;
      return { failure: { code: 'MODEL_FORMAT', message: what } };
    } finally {
      this.#idle = setTimeout(() => void this.#end(), idleMs);
      this.#idle.unref();
    }
  }
}

/**
 * Of all files of the model; undefined: one is not there, or cannot be looked at. The later of both times: a file that was put in the
 * place of another, with that one's time of writing, is another file.
 */
export function stampOf(path: string): FileStamp | undefined {
  try {
    const parts = statModel(path).map(({ stats }) => stats);
    return {
      bytes: parts.reduce((sum, { size }) => sum + size, 0),
      modifiedAt: Math.max(...parts.flatMap(({ mtimeMs, ctimeMs }) => [mtimeMs, ctimeMs])),
    };
  } catch {
    return undefined;
  }
}

/** A sentence about a file as the window may show it: the file's name, and nothing of where it lies. */
export function withoutFolders(message: string, path: string): string {
  const folder = dirname(path);
  return folder.endsWith(sep) ? message.replaceAll(path, basename(path)) : message.replaceAll(`${folder}${sep}`, '');
}
