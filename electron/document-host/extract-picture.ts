/** Reads a picture file as a document if text recognition is asked for: one page, or the pages of a TIFF file. */
import type { ParsedDocument } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';
import { count } from '../contract/number-words.ts';
import type { ExtractContext } from './extract-context.ts';
import { resolveHyphens } from './pdf-hyphens.ts';
import { notePages } from './pdf-notes.ts';
import { noteRecognised } from './recognise-pages.ts';
import { type RecognisedText, Recogniser } from './recogniser.ts';
import { TextBuilder } from './text-builder.ts';
import { tiffPages } from './tiff-pages.ts';
import type { Picture } from './turned-picture.ts';

/** At 4 bytes a pixel, and with a second, turned copy, this is 400 MB. */
const maxPixels = 50_000_000;
const a4Inches = 11.7; // the longer edge

export async function extractPicture(context: ExtractContext): Promise<ParsedDocument> {
  const { source, choice, limits, notes } = context;
  if (choice.recognise === 'never') {
    throw new AppError('DOC_NO_TEXT', `${source.name} is a picture.`, { advice: 'recognise-text' });
  }
  const pages = pagesOf(source.readAll(), context);
  if (pages.length === 0) throw damaged(source.name);
  context.onProgress(0, pages.length, 'recognising');
  const recogniser = await Recogniser.start(context, pages.length);
  const recognised = new Map<number, RecognisedText>();
  const unreadable: number[] = [];
  let done = 0;
  await recogniser.recogniseAll(
    pages.map((_, i) => i + 1),
    (pageNumber) => pages[pageNumber - 1]?.(),
    (pageNumber, page) => {
      if (!page) unreadable.push(pageNumber);
      else if (page.text !== '') recognised.set(pageNumber, page);
      context.onProgress(++done, pages.length, 'recognising');
    },
  );
  await recogniser.end();
  if (unreadable.length === pages.length) throw damaged(source.name);
  if (recognised.size === 0) {
    throw new AppError('DOC_NO_TEXT', `${source.name} holds no text: text recognition found no word in the picture.`);
  }
  noteRecognised(recognised, notes);
  const textless = pages.map((_, i) => i + 1).filter((page) => !recognised.has(page) && !unreadable.includes(page));
  notePages(notes, 'pages-without-text', textless, 'no text (blank, or no word was recognised)');
  notePages(notes, 'pages-unreadable', unreadable, 'damage and could not be read');
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  const texts = pages.map((_, i) => recognised.get(i + 1)?.text ?? '');
  for (const [i, text] of resolveHyphens(texts).entries())
    builder.addPage(`${i + 1}`, text, recognised.get(i + 1)?.recognised);
  return builder.finish(source.stem, 'picture', notes);
}

/** A function for each page that decodes its picture when it is needed. */
function pagesOf(bytes: Uint8Array, { source, limits }: ExtractContext): (() => Picture | undefined)[] {
  const isTiff = /^(II\*\0|MM\0\*)/.test(Buffer.from(bytes.subarray(0, 4)).toString('latin1'));
  if (isTiff) {
    return tiffPages(bytes, source.name, limits.maxPages).map(({ width, height, dpi, picture }) => {
      checkSize({ width, height }, source.name);
      return () => {
        const drawn = picture();
        return drawn && { ...drawn, dpi: dpi && dpi >= 70 && dpi <= 1200 ? dpi : likelyDpi({ width, height }) };
      };
    });
  }
  const size = pictureSize(bytes);
  if (!size) throw damaged(source.name);
  checkSize(size, source.name);
  return [() => ({ bytes, dpi: likelyDpi(size) })];
}

function checkSize({ width, height }: Size, name: string): void {
  if (width * height <= maxPixels) return;
  throw new AppError(
    'DOC_TOO_LARGE',
    `${name} has ${count(width)} x ${count(height)} pixels; the most is ${maxPixels / 1e6} million. Make it smaller.`,
  );
}

/** The resolution if the paper was A4 or letter and fills the picture, as with most scans; the file does not say. */
function likelyDpi({ width, height }: Size): number {
  return Math.min(600, Math.max(70, Math.max(width, height) / a4Inches));
}

function damaged(name: string): AppError {
  return new AppError('DOC_FORMAT', `${name} is a damaged picture. Save it anew as PNG or JPEG.`);
}

interface Size {
  width: number; // pixels
  height: number;
}

/** The size from the header of PNG, JPEG, WebP or BMP; undefined: another format, or the header is incomplete. */
function pictureSize(bytes: Uint8Array): Size | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const head = view.toString('latin1', 0, 16);
  try {
    if (head.startsWith('\x89PNG')) return { width: view.readUInt32BE(16), height: view.readUInt32BE(20) };
    if (head.startsWith('BM')) return { width: view.readInt32LE(18), height: Math.abs(view.readInt32LE(22)) };
    if (head.startsWith('RIFF')) return webpSize(view);
    if (head.startsWith('\xff\xd8')) return jpegSize(view);
  } catch {
    // the header is incomplete
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
