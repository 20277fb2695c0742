/** The pages of a TIFF file, as scanners and fax machines write it, as grey pictures. utif2 decodes one page at a time. */
import UTIF from 'utif2';
import { AppError } from '../contract/errors.ts';
import { plural } from '../contract/number-words.ts';
import { greyPicture, type Picture } from './turned-picture.ts';

interface TiffPage {
  width: number; // pixels
  height: number;
  dpi: number | undefined;
  /** undefined: the page is damaged or packed in an unusual way. */
  picture(): Picture | undefined;
}

const tags = { width: 256, height: 257, subfile: 254, dpi: 282, unit: 296 }; // TIFF 6.0

export function tiffPages(bytes: Uint8Array, name: string, maxPages: number): TiffPage[] {
  checkDirectories(bytes, name, maxPages);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  return UTIF.decode(file).flatMap((directory) => {
    const first = (tag: number): number | undefined => {
      const value = directory[`t${tag}`];
      return Array.isArray(value) && typeof value[0] === 'number' ? value[0] : undefined;
    };
    const width = first(tags.width);
    const height = first(tags.height);
    // Bit 0 of the subfile type marks a smaller copy of another page.
    if (!width || !height || ((first(tags.subfile) ?? 0) & 1) === 1) return [];
    const resolution = first(tags.dpi);
    const perInch = first(tags.unit) === 3 ? 2.54 : 1; // else it is per centimetre
    return [
      {
        width,
        height,
        dpi: resolution && first(tags.unit) !== 1 ? resolution * perInch : undefined,
        picture: () => {
          try {
            UTIF.decodeImage(file, directory);
            const grey = greyOf(UTIF.toRGBA8(directory), width * height);
            directory.data = new Uint8Array(); // each page is only needed once
            return greyPicture(grey, width, height, 0);
          } catch {
            return undefined;
          }
        },
      },
    ];
  });
}

function greyOf(rgba: Uint8Array, pixels: number): Uint8Array {
  const grey = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) {
    const [r = 0, g = 0, b = 0, a = 255] = [rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2], rgba[4 * i + 3]];
    const light = 0.3 * r + 0.59 * g + 0.11 * b;
    grey[i] = 255 - ((255 - light) * a) / 255; // on white paper
  }
  return grey;
}

/** Checks the chain of directories, because the library would follow a circular one without end. */
function checkDirectories(bytes: Uint8Array, name: string, maxPages: number): void {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = view[0] === 0x49;
  const u16 = (at: number): number => (isLittle ? view.readUInt16LE(at) : view.readUInt16BE(at));
  const u32 = (at: number): number => (isLittle ? view.readUInt32LE(at) : view.readUInt32BE(at));
  const seen = new Set<number>();
  try {
    for (let at = u32(4); at !== 0; at = u32(at + 2 + 12 * u16(at))) {
      if (seen.has(at)) throw new RangeError('a circle');
      seen.add(at);
      if (seen.size > maxPages) {
        throw new AppError('DOC_TOO_LARGE', `${name} has more than ${plural(maxPages, 'page')}. Split it.`);
      }
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('DOC_FORMAT', `${name} is a damaged TIFF file. Scan or save it anew.`, { cause: error });
  }
}
