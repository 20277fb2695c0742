/**
 * Models on their way into the models folder: fetched, paused, gone on with (also after a restart: what is there stays in a
 * `.part`), compared with the publisher's SHA-256, and only then given their name. A file with another SHA-256 is deleted: its
 * bytes are of no use, and the next try needs their room.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesText } from '../contract/bytes-text.ts';
import { AppError, toAppError } from '../contract/errors.ts';
import type { CatalogueModel, Download } from '../contract/models.ts';
import { freeBytesOf } from '../library/disk-space.ts';
import { type DownloadRequest, discardPart, downloadFile, partOf } from './download-file.ts';
import { TransferRate } from './transfer-rate.ts';

export interface DownloadOptions {
  dir: string;
  /** At most some times a second while bytes come, and at each change. */
  onChange: () => void;
  /** The file is whole, has the right SHA-256 and its final name. */
  onDone: (model: CatalogueModel, file: string) => void;
  /** Bytes that may still be written in a folder. */
  freeBytes?: (dir: string) => Promise<number>;
  times?: Pick<DownloadRequest, 'silenceMs' | 'retryMs'>;
}

interface Running {
  abort: AbortController;
  ended: Promise<void>;
}

/** Left free beside the file: a system without any room does strange things. */
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

  /** What an earlier run of RocketDoc left counts as paused. */
  async findParts(models: readonly CatalogueModel[]): Promise<void> {
    for (const model of models) {
      const done = Math.min(await partOf(this.#part(model), model.url), model.bytes);
      if (done > 0 && !this.#states.has(model.id)) this.#set(model, { phase: 'paused', done });
    }
  }

  /** Resolves when it has begun. DISK_FULL with both numbers, BUSY. Asked twice it goes on as it is. */
  async start(model: CatalogueModel): Promise<void> {
    if (this.#running.has(model.id)) return;
    if (this.#running.size >= maxRunning)
      throw new AppError('BUSY', `${maxRunning} models are being fetched already. Let one finish, or pause it.`);
    await mkdir(this.#options.dir, { recursive: true, mode: 0o700 });
    const done = Math.min(await partOf(this.#part(model), model.url), model.bytes);
    await this.#checkRoom(model, done);
    if (this.#running.has(model.id)) return;
    const abort = new AbortController();
    this.#set(model, { phase: 'downloading', done });
    this.#running.set(model.id, { abort, ended: this.#run(model, abort.signal) });
  }

  /** The bytes that are here stay. */
  async pause(modelId: string): Promise<void> {
    const running = this.#running.get(modelId);
    running?.abort.abort();
    await running?.ended;
  }

  /** And forgets what was fetched. */
  async cancel(model: CatalogueModel): Promise<void> {
    await this.pause(model.id);
    if (this.#running.has(model.id)) return; // someone started it anew meanwhile
    await discardPart(this.#part(model));
    this.#states.delete(model.id);
    this.#options.onChange();
  }

  /** What runs becomes paused. */
  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.pause(id)));
  }

  async #run(model: CatalogueModel, signal: AbortSignal): Promise<void> {
    const part = this.#part(model);
    const rate = new TransferRate();
    const { url, bytes } = model;
    try {
      const onProgress = (done: number) => {
        const bytesPerSecond = rate.add(done);
        const secondsLeft = bytesPerSecond > 0 ? (bytes - done) / bytesPerSecond : null;
        this.#set(model, { phase: 'downloading', done, bytesPerSecond, secondsLeft }, true);
      };
      await downloadFile({ url, bytes, part, signal, onProgress, ...this.#options.times });
      await this.#check(model, part, signal);
      const file = join(this.#options.dir, model.fileName);
      await rename(part, file);
      await discardPart(part);
      this.#states.delete(model.id);
      this.#options.onDone(model, file);
    } catch (error) {
      const done = Math.min(await partOf(part, url), bytes);
      const { code, message } = await this.#explain(error, model, done);
      if (code === 'CANCELLED') this.#set(model, { phase: 'paused', done });
      else this.#set(model, { phase: 'failed', done, failure: { code, message } });
    } finally {
      this.#running.delete(model.id);
      this.#options.onChange();
    }
  }

  /** From the disk, after the last byte: what is compared is what will be opened. */
  async #check(model: CatalogueModel, part: string, signal: AbortSignal): Promise<void> {
    this.#set(model, { phase: 'checking', done: 0 });
    const hash = createHash('sha256');
    let done = 0;
    for await (const chunk of createReadStream(part, { highWaterMark: 1024 * 1024 })) {
      if (signal.aborted) throw new AppError('CANCELLED', 'Stopped.');
      hash.update(chunk as Buffer);
      done += (chunk as Buffer).length;
      this.#set(model, { phase: 'checking', done }, true);
    }
    const digest = hash.digest('hex');
    if (digest === model.sha256) return;
    await discardPart(part);
    throw new AppError(
      'MODEL_CHECKSUM',
      `What came for ${model.title} is not the publisher's file: its SHA-256 is ${digest.slice(0, 16)}…, it should be ` +
        `${model.sha256.slice(0, 16)}…. It was deleted and never opened. Download it again.`,
    );
  }

  async #checkRoom(model: CatalogueModel, done: number): Promise<void> {
    const others = this.list.filter(({ modelId, phase }) => modelId !== model.id && phase === 'downloading');
    const promised = others.reduce((sum, { total, done }) => sum + total - done, 0);
    const need = model.bytes - done;
    const free = Math.max(0, (await this.#free()) - promised - spareBytes);
    if (free < need) throw diskFull(model.title, need, free);
  }

  #free(): Promise<number> {
    return (this.#options.freeBytes ?? freeBytesOf)(this.#options.dir);
  }

  async #explain(error: unknown, model: CatalogueModel, done: number): Promise<AppError> {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC') return diskFull(model.title, model.bytes - done, await this.#free().catch(() => 0));
    if (error instanceof AppError) return error;
    const why = toAppError(error).message.replaceAll(this.#options.dir, 'the models folder');
    return new AppError('IO', `${model.title} cannot be written: ${why}`, { cause: error });
  }

  #part({ fileName }: CatalogueModel): string {
    return join(this.#options.dir, `${fileName}.part`);
  }

  #set(model: CatalogueModel, changes: Partial<Download> & Pick<Download, 'phase'>, isProgress = false): void {
    const rest = { done: 0, total: model.bytes, bytesPerSecond: 0, secondsLeft: null, failure: null };
    this.#states.set(model.id, { modelId: model.id, ...rest, ...changes });
    // Who watches looks five times a second by himself while this runs.
    if (!isProgress) this.#options.onChange();
  }
}

function diskFull(title: string, need: number, free: number): AppError {
  return new AppError(
    'DISK_FULL',
    `${title} needs ${bytesText(need)} more on this disk and ${bytesText(free)} are free for it. Make room, then go on.`,
  );
}
