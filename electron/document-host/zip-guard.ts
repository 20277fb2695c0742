/**
 * Opens an untrusted zip archive. The central directory is checked as a whole before anything is inflated; entries are inflated one at a
 * time, in memory, never beyond the size they declare, and their CRC is compared. An archive inside the archive is not opened. Nothing is
 * ever written under an entry's name.
 */
import { inflateRawSync } from 'node:zlib';
import { AppError } from '../contract/errors.ts';
import { bytesText, plural } from '../contract/number-words.ts';
import { readZipDirectory, type ZipEntry } from './zip-directory.ts';

export const zipLimits = {
  maxEntries: 10_000,
  maxTotalBytes: 500_000_000, // all entries, unpacked
  maxRatio: 100, // unpacked / packed, for entries of ratioFromBytes and more
  ratioFromBytes: 1_000_000,
};

export class GuardedZip {
  readonly #bytes: Uint8Array;
  readonly #entries: ReadonlyMap<string, ZipEntry>;
  readonly #name: string; // the file's, for messages

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#name = name;
    const entries = readZipDirectory(bytes, name, zipLimits.maxEntries);
    for (const entry of entries) this.#checkName(entry);
    this.#checkSizes(entries);
    // Some programs on Windows write names with backslashes.
    this.#entries = new Map(entries.map((entry) => [entry.name.replaceAll('\\', '/'), entry]));
  }

  get names(): string[] {
    return [...this.#entries.keys()];
  }

  has(entryName: string): boolean {
    return this.#entries.has(entryName);
  }

  /** Unpacked bytes of one entry. */
  read(entryName: string): Uint8Array {
    const entry = this.#entries.get(entryName);
    if (!entry) throw this.#broken(`it has no part named ${entryName}`);
    if (entry.encrypted) {
      throw new AppError('DOC_PROTECTED', `${this.#name} is an encrypted archive. Save a copy without a password.`);
    }
    const packed = this.#bytes.subarray(entry.dataStart, entry.dataStart + entry.packedBytes);
    const unpacked = entry.method === 0 ? packed : this.#inflate(packed, entry);
    if (unpacked.length !== entry.unpackedBytes || crc32(unpacked) !== entry.crc) {
      throw this.#broken(`its part ${entry.name} is damaged`);
    }
    return unpacked;
  }

  #inflate(packed: Uint8Array, entry: ZipEntry): Uint8Array {
    if (entry.method !== 8)
      throw this.#broken(`its part ${entry.name} is packed by an unknown method (${entry.method})`);
    try {
      // One byte more than declared is allowed, so that a wrong size is noticed and the data are not silently cut.
      return inflateRawSync(packed, { maxOutputLength: entry.unpackedBytes + 1 });
    } catch (error) {
      if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') {
        throw this.#bomb(
          `its part ${entry.name} unpacks to more than the ${bytesText(entry.unpackedBytes)} it declares`,
        );
      }
      throw this.#broken(`its part ${entry.name} is damaged`);
    }
  }

  #checkName(entry: ZipEntry): void {
    const { name } = entry;
    const segments = name.split(/[/\\]/);
    if (name === '' || segments.includes('..') || /^[/\\]|^[A-Za-z]:|\0/.test(name) || entry.symlink) {
      throw this.#broken(`it holds a part with an unsafe name (${name.slice(0, 80)})`);
    }
  }

  #checkSizes(entries: readonly ZipEntry[]): void {
    let total = 0;
    for (const entry of entries) {
      total += entry.unpackedBytes;
      const ratio = entry.unpackedBytes / Math.max(1, entry.packedBytes);
      if (entry.unpackedBytes >= zipLimits.ratioFromBytes && ratio > zipLimits.maxRatio) {
        throw this.#bomb(
          `its part ${entry.name} unpacks to ${bytesText(entry.unpackedBytes)}, ${Math.round(ratio)} times its size`,
        );
      }
    }
    if (total > zipLimits.maxTotalBytes) {
      throw this.#bomb(
        `its ${plural(entries.length, 'part')} unpack to ${bytesText(total)}; the most is ${bytesText(zipLimits.maxTotalBytes)}`,
      );
    }
    const inOrder = [...entries].sort((a, b) => a.headerStart - b.headerStart);
    for (const [i, entry] of inOrder.entries()) {
      const end = entry.dataStart + entry.packedBytes;
      if (end > (inOrder[i + 1]?.headerStart ?? this.#bytes.length)) {
        throw this.#bomb(`its part ${entry.name} overlaps another one`);
      }
    }
  }

  #broken(why: string): AppError {
    return new AppError('DOC_FORMAT', `${this.#name} cannot be opened: ${why}. Get it again or save it anew.`);
  }

  #bomb(why: string): AppError {
    return new AppError(
      'DOC_BOMB',
      `${this.#name} was not opened: ${why}. Files like this are made to fill up memory.`,
    );
  }
}

let crcTable: Uint32Array | undefined; // [256]

export function crc32(bytes: Uint8Array): number {
  crcTable ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    return c;
  });
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) {
    crc = (crc >>> 8) ^ (crcTable[(crc ^ (bytes[i] as number)) & 0xff] as number);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
