/** A picture file as a document of one page, where text recognition is asked for. */
import type { ParsedDocument } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';
import type { ExtractContext } from './extract-context.ts';
import { resolveHyphens } from './pdf-hyphens.ts';
import { noteRecognised } from './recognise-pages.ts';
import { Recogniser } from './recogniser.ts';
import { TextBuilder } from './text-builder.ts';

/** Unpacked, 4 bytes a pixel, and once more turned: 400 MB. */
const maxPixels = 50_000_000;
const a4Inches = 11.7; // the longer edge

export async function extractPicture(context: ExtractContext): Promise<ParsedDocument> {
  const { source, choice, limits, notes } = context;
  if (choice.recognise === 'never') {
    throw new AppError('DOC_NO_TEXT', `${source.name} is a picture.`, { advice: 'recognise-text' });
  }
  const bytes = source.readAll();
  const size = pictureSize(bytes);
  if (!size) throw new AppError('DOC_FORMAT', `${source.name} is a damaged picture. Save it anew as PNG or JPEG.`);
  if (size.width * size.height > maxPixels) {
    throw new AppError(
      'DOC_TOO_LARGE',
      `${source.name} has ${size.width.toLocaleString('en-US')} x ${size.height.toLocaleString('en-US')} pixels; the most is ${maxPixels / 1e6} million. Make it smaller.`,
    );
  }
  context.onProgress(0, 1, 'recognising');
  const recogniser = await Recogniser.start(context, 1);
  // How large the paper was is not known: most are A4 or letter, and fill the picture.
  const dpi = Math.min(600, Math.max(70, Math.max(size.width, size.height) / a4Inches));
  const page = await recogniser.recognise({ bytes, dpi });
  await recogniser.end();
  if (!page) throw new AppError('DOC_FORMAT', `${source.name} is a damaged picture. Save it anew as PNG or JPEG.`);
  if (page.text === '') {
    throw new AppError('DOC_NO_TEXT', `${source.name} holds no text: text recognition found no word in the picture.`);
  }
  noteRecognised(new Map([[1, page]]), notes);
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  builder.addPage('1', resolveHyphens([page.text])[0] ?? '', page.recognised);
  return builder.finish(source.stem, 'picture', notes);
}

interface Size {
  width: number; // pixels
  height: number;
}

/** From the headers of PNG, JPEG, WebP and BMP; undefined: none of them, or cut. */
function pictureSize(bytes: Uint8Array): Size | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const head = view.toString('latin1', 0, 16);
  try {
    if (head.startsWith('\x89PNG')) return { width: view.readUInt32BE(16), height: view.readUInt32BE(20) };
    if (head.startsWith('BM')) return { width: view.readInt32LE(18), height: Math.abs(view.readInt32LE(22)) };
    if (head.startsWith('RIFF')) return webpSize(view);
    if (head.startsWith('\xff\xd8')) return jpegSize(view);
  } catch {
    // a header that is cut
  }
  return undefined;
}

function webpSize(view: Buffer): Size | undefined {
  const kind = view.toString('latin1', 12, 16);
  if (kind === 'VP8X') return { width: 1 + view.readUIntLE(24, 3), height: 1 + view.readUIntLE(27, 3) };
  if (kind === 'VP8 ') return { width: view.readUInt16LE(26) & 0x3fff, height: view.readUInt16LE(28) & 0x3fff };
  if (kind !== 'VP8L') return undefined;
  const bits = view.readUInt32LE(21);
  return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
}

/** Walks the segments to the frame header (SOF0 to SOF15, without DHT, JPG and DAC). */
function jpegSize(view: Buffer): Size | undefined {
  for (let at = 2; at + 9 < view.length; ) {
    if (view[at] !== 0xff) return undefined;
    const marker = view[at + 1] as number;
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { width: view.readUInt16BE(at + 7), height: view.readUInt16BE(at + 5) };
    }
    at += marker === 0xff ? 1 : 2 + view.readUInt16BE(at + 2);
  }
  return undefined;
}
