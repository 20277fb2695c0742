/**
 * KV caches that are kept on disk, which the engine writes: one file for each document, and one for each reasoning effort that it was read
 * with. The folder is the only record of them: the name is <document's id>.<key of what it was read with>.kv, the time of change is that of
 * the last use. To make room the least recently used files are deleted, never any other file.
 */
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { bytesText } from '../../contract/number-words.ts';
import { freeBytesOf } from './disk-space.ts';

export interface KeptFile {
  documentId: string;
  /** A key of model, cache type, device, pages and effort. */
  key: string;
  bytes: number;
  usedAt: number;
}

const named = /^([0-9a-f-]{36})\.([0-9a-f]{16})\.kv$/;

/** The free space is checked before writing, with this margin. */
const margin = 1.1;

export class KeptFiles {
  readonly #dir: string;
  readonly #freeBytes: () => Promise<number>;
  #files: KeptFile[] = [];

  /** Removes files of documents that are gone, and unfinished files. */
  constructor(dir: string, isInLibrary: (documentId: string) => boolean, freeBytes?: () => Promise<number>) {
    this.#dir = dir;
    this.#freeBytes = freeBytes ?? (() => freeBytesOf(dir));
    for (const name of namesIn(dir)) {
      const [, documentId = '', key = ''] = named.exec(name) ?? [];
      const stats = statSync(join(dir, name), { throwIfNoEntry: false });
      if (stats?.isFile() && documentId !== '' && isInLibrary(documentId))
        this.#files.push({ documentId, key, bytes: stats.size, usedAt: stats.mtimeMs });
      else if (name.endsWith('.part') || documentId !== '') remove(join(dir, name));
    }
  }

  get list(): readonly KeptFile[] {
    return this.#files;
  }

  get bytes(): number {
    return this.#files.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  find(documentId: string, key: string): KeptFile | undefined {
    return this.#files.find((file) => file.documentId === documentId && file.key === key);
  }

  /** The path of a document's file; it contains no title. */
  pathOf(documentId: string, key: string): string {
    return join(this.#dir, `${documentId}.${key}.kv`);
  }

  /** The most bytes that are kept: `limit`, or a tenth of what is free and kept, at most 20 GB. */
  async most(limit: number | undefined): Promise<number> {
    if (limit !== undefined) return limit;
    return Math.min(20 * 2 ** 30, Math.floor((this.bytes + (await this.#freeBytes())) / 10));
  }

  /** Throws DISK_FULL with both numbers when even deleting older files would not make enough room. */
  async checkRoom(bytes: number, limit: number | undefined): Promise<void> {
    const most = await this.most(limit);
    if (bytes > most)
      throw new AppError('DISK_FULL', `It takes ${bytesText(bytes)} on disk; ${bytesText(most)} may be kept there.`, {
        advice: 'keep-more',
      });
    const free = (await this.#freeBytes()) + this.bytes;
    if (free < margin * bytes)
      throw new AppError(
        'DISK_FULL',
        `It needs ${bytesText(margin * bytes)} on disk, in the folder kv of RocketDoc’s data, and ${bytesText(free)} are free there. Make room, and read it again.`,
      );
  }

  /** Deletes the document's older files but for those with the keys `beside`, then the least recently used ones, until this one fits. */
  async makeRoom(
    documentId: string,
    bytes: number,
    limit: number | undefined,
    beside: readonly string[] = [],
  ): Promise<void> {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    chmodSync(this.#dir, 0o700);
    await this.checkRoom(bytes, limit);
    const most = await this.most(limit);
    for (const file of this.#of(documentId)) if (!beside.includes(file.key)) this.drop(documentId, file.key);
    for (const oldest of [...this.#files].sort((a, b) => a.usedAt - b.usedAt)) {
      if (this.bytes + bytes <= most && (await this.#freeBytes()) >= margin * bytes) return;
      this.drop(oldest.documentId, oldest.key);
    }
  }

  /** Notes that the file is complete on disk. */
  add(documentId: string, key: string): void {
    const stats = statSync(this.pathOf(documentId, key), { throwIfNoEntry: false });
    this.#files = this.#files.filter((file) => file.documentId !== documentId || file.key !== key);
    if (stats) this.#files.push({ documentId, key, bytes: stats.size, usedAt: stats.mtimeMs });
  }

  used(documentId: string, key: string): void {
    const file = this.find(documentId, key);
    if (!file) return;
    const now = new Date();
    file.usedAt = now.getTime();
    try {
      utimesSync(this.pathOf(documentId, key), now, now);
    } catch {
      // The time only decides which file is deleted first.
    }
  }

  /** Deletes the document's file with this key, or all that it has, and returns how many bytes that freed. */
  drop(documentId: string, key?: string): number {
    const gone = this.#of(documentId).filter(
      (file) => (key === undefined || file.key === key) && remove(this.pathOf(documentId, file.key)),
    );
    this.#files = this.#files.filter((file) => !gone.includes(file));
    return gone.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  clear(): number {
    return [...this.#files].reduce((sum, { documentId, key }) => sum + this.drop(documentId, key), 0);
  }

  #of(documentId: string): KeptFile[] {
    return this.#files.filter((file) => file.documentId === documentId);
  }
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return []; // the folder does not exist yet or cannot be read: nothing is kept
  }
}

/** False: the file could not be removed. */
function remove(path: string): boolean {
  try {
    rmSync(path, { force: true });
    return true;
  } catch {
    return false;
  }
}
