/**
 * Headers of model files. A file that was not opened yet is read in a host that loads no model. The result is stored with the file's size
 * and time.
 */
import { basename, dirname, sep } from 'node:path';
import { AppError, toAppError } from '../../contract/errors.ts';
import { statModel } from '../../engine-host/model-files.ts';
import { Queue } from '../../hosts/queue.ts';
import type { FileStamp, Header, ModelStore } from '../library/model-store.ts';
import { type InspectionHost, isDeath } from './inspection-host.ts';

export class ModelHeaders {
  readonly #store: ModelStore;
  readonly #host: InspectionHost;
  readonly #queue = new Queue();

  constructor(store: ModelStore, host: InspectionHost) {
    this.#store = store;
    this.#host = host;
  }

  known(path: string, stamp: FileStamp): Header | undefined {
    return this.#store.header(path, stamp);
  }

  /** Resolves with facts, or with why the file cannot be used; both are stored. Rejects when nothing could be found out. */
  read(path: string): Promise<Header> {
    return this.#queue.run(() => this.#read(path));
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
    try {
      const info = await this.#host.use((verbs) => verbs.inspect({ path }));
      return { info: { ...info, path: basename(path) } };
    } catch (error) {
      const { code, message } = toAppError(error);
      if (/^MODEL_/.test(code)) return { failure: { code, message: withoutFolders(message, path) } };
      if (!isDeath(error)) throw error;
      const what = `${basename(path)} ended the process that looked at it: it is damaged, or made to do that.`;
      return { failure: { code: 'MODEL_FORMAT', message: what } };
    }
  }
}

/**
 * Size and time of all files of the model; undefined: one is missing, or cannot be examined. The time is the later of the times of writing
 * and of the inode's change: a file that replaced another one and kept its time of writing is recognised as another file.
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

/** Makes a sentence about a file fit for the window: the file's name stays, its folder is removed. */
export function withoutFolders(message: string, path: string): string {
  const folder = dirname(path);
  return folder.endsWith(sep) ? message.replaceAll(path, basename(path)) : message.replaceAll(`${folder}${sep}`, '');
}
