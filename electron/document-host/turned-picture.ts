/**
 * Turns upside-down pictures. Tesseract itself turns lines that run up or down, but not these. A grey picture of our own is turned; PNG and
 * JPEG get the EXIF orientation, which tesseract.js obeys.
 */
import { crc32 } from './zip-guard.ts';

/** A picture in a file format that Leptonica reads: PNM, PNG, JPEG, WebP, BMP. */
export interface Picture {
  bytes: Uint8Array;
  dpi: number;
}

export function greyPicture(pixels: Uint8Array, width: number, height: number, dpi: number): Picture {
  const header = Buffer.from(`P5\n${width} ${height}\n255\n`, 'latin1'); // PGM
  return { bytes: Buffer.concat([header, pixels]), dpi };
}

/** undefined: this kind of picture cannot be turned here. */
export function turnedOver({ bytes, dpi }: Picture): Picture | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const grey = /^P5\n(\d+) (\d+)\n255\n/.exec(view.toString('latin1', 0, 40));
  if (grey) {
    const pixels = view.subarray(grey[0].length);
    return greyPicture(Uint8Array.from(pixels).reverse(), Number(grey[1]), Number(grey[2]), dpi);
  }
  const mark = orientationMark(over[statedOrientation(view)] ?? 3);
  if (view.toString('latin1', 0, 4) === '\x89PNG') return { bytes: withPngMark(view, mark), dpi };
  if (view[0] === 0xff && view[1] === 0xd8) return { bytes: withJpegMark(view, mark), dpi };
  return undefined;
}

/** Each of EXIF's eight orientations after half a turn. */
const over: Record<number, number> = { 1: 3, 2: 4, 3: 1, 4: 2, 5: 7, 6: 8, 7: 5, 8: 6 };

/** The orientation as tesseract.js searches for it: a big-endian tag in the first 500 bytes. */
function statedOrientation(view: Buffer): number {
  const at = view.subarray(0, 500).indexOf(Buffer.from([1, 0x12, 0, 3, 0, 0, 0, 1, 0]));
  return at < 0 ? 1 : (view[at + 9] ?? 1);
}

/** A big-endian TIFF structure with one directory that has the tag Orientation. */
function orientationMark(orientation: number): Buffer {
  return Buffer.from([
    0x4d,
    0x4d,
    0,
    42,
    0,
    0,
    0,
    8,
    0,
    1,
    1,
    0x12,
    0,
    3,
    0,
    0,
    0,
    1,
    0,
    orientation,
    0,
    0,
    0,
    0,
    0,
    0,
  ]);
}

/** Inserts the mark after the PNG's header, which has 33 bytes with the file's signature. */
function withPngMark(view: Buffer, mark: Buffer): Buffer {
  const chunk = Buffer.concat([Buffer.alloc(4), Buffer.from('eXIf', 'latin1'), mark]);
  chunk.writeUInt32BE(mark.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(chunk.subarray(4)));
  return Buffer.concat([view.subarray(0, 33), chunk, checksum, view.subarray(33)]);
}

function withJpegMark(view: Buffer, mark: Buffer): Buffer {
  const head = Buffer.from([0xff, 0xe1, 0, mark.length + 8, ...Buffer.from('Exif\0\0', 'latin1')]);
  return Buffer.concat([view.subarray(0, 2), head, mark, view.subarray(2)]);
}
