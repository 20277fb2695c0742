/** Reads a zip's central directory (APPNOTE 4.3): where each entry is and what it declares. Every number in it is checked. */
import { AppError } from '../contract/errors.ts';
import { count as countText, plural } from '../contract/number-words.ts';

export interface ZipEntry {
  name: string;
  method: number; // 0 stored, 8 deflate
  crc: number;
  packedBytes: number;
  unpackedBytes: number;
  headerStart: number; // offset of the local header
  dataStart: number; // offset of the packed bytes
  encrypted: boolean;
  symlink: boolean;
}

const endSignature = 0x06054b50;
const centralSignature = 0x02014b50;
const localSignature = 0x04034b50;

export function readZipDirectory(bytes: Uint8Array, fileName: string, maxEntries: number): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const broken = (why: string): AppError =>
    new AppError('DOC_FORMAT', `${fileName} is damaged: ${why}. Get it again or save it anew.`);
  const end = findEnd(view);
  if (end === undefined) throw broken('the end of the archive is missing');
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  // 0xffff marks a zip64 archive: it has 65,535 entries or more, or its program always writes zip64. It is refused in both cases.
  if (count > maxEntries) {
    throw new AppError(
      'DOC_BOMB',
      `${fileName} was not opened: it holds ${plural(count, 'part')}; the most is ${countText(maxEntries)}.`,
    );
  }
  const entries: ZipEntry[] = [];
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== centralSignature)
      throw broken('its list of parts is cut');
    const flags = view.getUint16(at + 8, true);
    const nameBytes = view.getUint16(at + 28, true);
    const extraBytes = view.getUint16(at + 30, true);
    const commentBytes = view.getUint16(at + 32, true);
    const headerStart = view.getUint32(at + 42, true);
    if (at + 46 + nameBytes + extraBytes + commentBytes > bytes.length) throw broken('its list of parts is cut');
    if (headerStart + 30 > bytes.length || view.getUint32(headerStart, true) !== localSignature) {
      throw broken('a part is not where its list says');
    }
    const rawName = Buffer.from(bytes.buffer, bytes.byteOffset + at + 46, nameBytes);
    const entry: ZipEntry = {
      name: rawName.toString(flags & 0x800 ? 'utf8' : 'latin1'),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packedBytes: view.getUint32(at + 20, true),
      unpackedBytes: view.getUint32(at + 24, true),
      headerStart,
      dataStart: headerStart + 30 + view.getUint16(headerStart + 26, true) + view.getUint16(headerStart + 28, true),
      encrypted: (flags & 1) !== 0,
      // Upper half of the external attributes: Unix mode.
      symlink: ((view.getUint32(at + 38, true) >>> 16) & 0xf000) === 0xa000,
    };
    readZip64Sizes(view, at + 46 + nameBytes, extraBytes, entry);
    if (entry.dataStart + entry.packedBytes > bytes.length) throw broken('a part is cut');
    entries.push(entry);
    at += 46 + nameBytes + extraBytes + commentBytes;
  }
  return entries;
}

/** Finds the end record, which is followed by a comment of at most 65,535 bytes. */
function findEnd(view: DataView): number | undefined {
  for (let at = view.byteLength - 22; at >= 0 && at >= view.byteLength - 22 - 0xffff; at--) {
    if (view.getUint32(at, true) === endSignature) return at;
  }
  return undefined;
}

/** Some writers put the sizes of small entries into the zip64 extra field (id 1) too: unpacked, then packed, 8 bytes each. */
function readZip64Sizes(view: DataView, start: number, length: number, entry: ZipEntry): void {
  if (entry.unpackedBytes !== 0xffffffff && entry.packedBytes !== 0xffffffff) return;
  for (let at = start; at + 4 <= start + length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    const fieldEnd = Math.min(start + length, at + 4 + view.getUint16(at + 2, true));
    let value = at + 4;
    for (const key of ['unpackedBytes', 'packedBytes'] as const) {
      if (entry[key] !== 0xffffffff || value + 8 > fieldEnd) continue;
      entry[key] = Number(view.getBigUint64(value, true));
      value += 8;
    }
    return;
  }
}
