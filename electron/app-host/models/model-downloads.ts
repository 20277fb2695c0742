/**
 * Downloads models into the models folder. A download can be paused and continued, also after a restart: its bytes stay in a `.part` file.
 * A file gets its final name only after its SHA-256 matched that of the catalogue, or where the catalogue has none, that which the server
 * declares. A file with another SHA-256 is deleted, because the next try needs its room. A model in several files is downloaded file by
 * file; its first file gets its name last, so that half a model is never listed.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, toAppError } from '../../contract/errors.ts';
import {
  type CatalogueFile,
  type CatalogueModel,
  type Download,
  filesOfModel,
  modelBytes,
} from '../../contract/models.ts';
import { bytesText } from '../../contract/number-words.ts';
import { freeBytesOf } from '../library/disk-space.ts';
import { type DownloadRequest, discardPart, downloadFile, partOf } from './download-file.ts';
import { declaredFile } from './remote-file.ts';
import { TransferRate } from './transfer-rate.ts';

export interface DownloadOptions {
  dir: string;
  /** Called at each change of a download's state. */
  onChange: () => void;
  /** Called when all files are complete and checked, and have their final names. `sha256`: that of the first file. */
  onDone: (model: CatalogueModel, file: string, sha256: string) => void;
  /** The free bytes for a folder. */
  freeBytes?: (dir: string) => Promise<number>;
  times?: Pick<DownloadRequest, 'silenceMs' | 'retryMs'>;
}

interface Running {
  abort: AbortController;
  ended: Promise<void>;
}

/** A file whose size and SHA-256 are known: from the catalogue, or declared by the server. */
interface KnownFile extends CatalogueFile {
  bytes: number;
  sha256: string;
  isDeclared: boolean;
}

/** Free space that a download leaves: a completely full disk would disturb the system. */
const spareBytes = 256 * 1024 * 1024;
const maxRunning = 3;

export class ModelDownloads {
  readonly #options: DownloadOptions;
  readonly #states = new Map<string, Download>();
  readonly #running = new Map<string, Running>();

  constructor(options: DownloadOptions) {
    this.#options = options;
  }

  get list(): Download[] {
    return [...this.#states.values()];
  }

  get isRunning(): boolean {
    return this.#running.size > 0;
  }

  /** Lists downloads that an earlier run left unfinished as paused. */
  async findParts(models: readonly CatalogueModel[]): Promise<void> {
    for (const model of models) {
      const done = await this.#doneOf(filesOfModel(model));
      const total = modelBytes(model) ?? Math.max(done, model.aboutBytes ?? 0);
      const isWhole = await this.#isThere(model);
      if (done > 0 && !isWhole && !this.#states.has(model.id))
        this.#set(model.id, { phase: 'paused', done: Math.min(done, total), total, isDeclared: false });
    }
  }

  /** Resolves when the download has begun. Throws DISK_FULL with both numbers, or BUSY. Does nothing if it runs already. */
  async start(model: CatalogueModel): Promise<void> {
    if (this.#running.has(model.id)) return;
    if (this.#running.size >= maxRunning)
      throw new AppError('BUSY', `${maxRunning} models are being fetched already. Let one finish, or pause it.`);
    await mkdir(this.#options.dir, { recursive: true, mode: 0o700 });
    const abort = new AbortController();
    const files = await this.#known(model, abort.signal);
    const total = totalOf(files);
    const done = await this.#doneOf(files);
    await this.#checkRoom(model, total, done);
    if (this.#running.has(model.id)) return;
    const isDeclared = files.some((file) => file.isDeclared);
    this.#set(model.id, { phase: 'downloading', done, total, isDeclared });
    this.#running.set(model.id, { abort, ended: this.#run(model, files, abort.signal) });
  }

  /** Stops the download; its bytes stay. */
  async pause(modelId: string): Promise<void> {
    const running = this.#running.get(modelId);
    running?.abort.abort();
    await running?.ended;
  }

  /** Stops the download and deletes its bytes. */
  async cancel(model: CatalogueModel): Promise<void> {
    await this.pause(model.id);
    if (this.#running.has(model.id)) return; // someone started it anew meanwhile
    for (const file of filesOfModel(model)) await discardPart(this.#part(file));
    this.#states.delete(model.id);
    this.#options.onChange();
  }

  /** Pauses the running downloads. */
  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.pause(id)));
  }

  /** Size and SHA-256 of each file, from the catalogue, else as the server declares them. */
  async #known(model: CatalogueModel, signal: AbortSignal): Promise<KnownFile[]> {
    const known: KnownFile[] = [];
    for (const file of filesOfModel(model)) {
      const { bytes, sha256 } = file;
      if (bytes !== null && sha256 !== null) {
        known.push({ ...file, bytes, sha256, isDeclared: false });
        continue;
      }
      const declared = await declaredFile(file.url, signal, this.#options.times?.silenceMs);
      if (sha256 !== null && declared.sha256 !== sha256) throw otherFile(model.title, declared.sha256, sha256);
      known.push({
        ...file,
        bytes: bytes ?? declared.bytes,
        sha256: sha256 ?? declared.sha256,
        isDeclared: sha256 === null,
      });
    }
    return known;
  }

  async #run(model: CatalogueModel, files: readonly KnownFile[], signal: AbortSignal): Promise<void> {
    const rate = new TransferRate();
    const total = totalOf(files);
    const isDeclared = files.some((file) => file.isDeclared);
    try {
      let before = 0;
      for (const file of files) {
        const part = this.#part(file);
        const onProgress = (of: number) => {
          const done = before + of;
          const bytesPerSecond = rate.add(done);
          const secondsLeft = bytesPerSecond > 0 ? (total - done) / bytesPerSecond : null;
          this.#set(model.id, { phase: 'downloading', done, total, isDeclared, bytesPerSecond, secondsLeft }, true);
        };
        const { url, bytes } = file;
        await downloadFile({ url, bytes, part, signal, onProgress, ...this.#options.times });
        before += bytes;
      }
      await this.#check(model, files, signal);
      for (const file of [...files].reverse()) {
        await rename(this.#part(file), join(this.#options.dir, file.fileName));
        await discardPart(this.#part(file));
      }
      this.#states.delete(model.id);
      this.#options.onDone(model, join(this.#options.dir, model.fileName), files[0]?.sha256 ?? '');
    } catch (error) {
      const done = await this.#doneOf(files);
      const { code, message } = await this.#explain(error, model, total - done);
      if (code === 'CANCELLED') this.#set(model.id, { phase: 'paused', done, total, isDeclared });
      else this.#set(model.id, { phase: 'failed', done, total, isDeclared, failure: { code, message } });
    } finally {
      this.#running.delete(model.id);
      this.#options.onChange();
    }
  }

  /** Hashes the files on the disk after the last byte, because these will be opened. */
  async #check(model: CatalogueModel, files: readonly KnownFile[], signal: AbortSignal): Promise<void> {
    const total = totalOf(files);
    const isDeclared = files.some((file) => file.isDeclared);
    let done = 0;
    this.#set(model.id, { phase: 'checking', done, total, isDeclared });
    for (const file of files) {
      const part = this.#part(file);
      const hash = createHash('sha256');
      for await (const chunk of createReadStream(part, { highWaterMark: 1024 * 1024 })) {
        if (signal.aborted) throw new AppError('CANCELLED', 'Stopped.');
        hash.update(chunk as Buffer);
        done += (chunk as Buffer).length;
        this.#set(model.id, { phase: 'checking', done, total, isDeclared }, true);
      }
      const digest = hash.digest('hex');
      if (digest === file.sha256) continue;
      await discardPart(part);
      throw otherFile(model.title, digest, file.sha256);
    }
  }

  async #checkRoom(model: CatalogueModel, total: number, done: number): Promise<void> {
    const others = this.list.filter(({ modelId, phase }) => modelId !== model.id && phase === 'downloading');
    const promised = others.reduce((sum, other) => sum + other.total - other.done, 0);
    const need = total - done;
    const free = Math.max(0, (await this.#free()) - promised - spareBytes);
    if (free < need) throw diskFull(model.title, need, free);
  }

  #free(): Promise<number> {
    return (this.#options.freeBytes ?? freeBytesOf)(this.#options.dir);
  }

  async #explain(error: unknown, model: CatalogueModel, need: number): Promise<AppError> {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC') return diskFull(model.title, need, await this.#free().catch(() => 0));
    if (error instanceof AppError) return error;
    const why = toAppError(error).message.replaceAll(this.#options.dir, 'the models folder');
    return new AppError('IO', `${model.title} cannot be written: ${why}`, { cause: error });
  }

  /** Bytes in the `.part` files, at most the size of each file. */
  async #doneOf(files: readonly CatalogueFile[]): Promise<number> {
    let done = 0;
    for (const file of files)
      done += Math.min(await partOf(this.#part(file), file.url), file.bytes ?? Number.POSITIVE_INFINITY);
    return done;
  }

  #isThere({ fileName }: CatalogueModel): Promise<boolean> {
    return stat(join(this.#options.dir, fileName)).then(
      () => true,
      () => false,
    );
  }

  #part({ fileName }: Pick<CatalogueFile, 'fileName'>): string {
    return join(this.#options.dir, `${fileName}.part`);
  }

  #set(
    modelId: string,
    state: Pick<Download, 'phase' | 'done' | 'total' | 'isDeclared'> & Partial<Download>,
    isProgress = false,
  ): void {
    this.#states.set(modelId, { modelId, bytesPerSecond: 0, secondsLeft: null, failure: null, ...state });
    // Progress is not announced: while a download runs, watchers poll five times a second.
    if (!isProgress) this.#options.onChange();
  }
}

const totalOf = (files: readonly KnownFile[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

function otherFile(title: string, has: string, wanted: string): AppError {
  return new AppError(
    'MODEL_CHECKSUM',
    `What came for ${title} is not the publisher's file: its SHA-256 is ${has.slice(0, 16)}…, it should be ` +
      `${wanted.slice(0, 16)}…. It was deleted and never opened. Download it again.`,
  );
}

function diskFull(title: string, need: number, free: number): AppError {
  return new AppError(
    'DISK_FULL',
    `${title} needs ${bytesText(need)} more on this disk and ${bytesText(free)} are free for it. Make room, then go on.`,
  );
}
