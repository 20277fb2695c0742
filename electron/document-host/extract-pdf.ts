/** PDF through PDFium (wasm): one span per page, paragraphs put together, pages without text named. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { init, type WrappedPdfiumModule } from '@embedpdf/pdfium';
import type { ParsedDocument } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';
import type { ImportNote, NoteKind } from '../contract/import-notes.ts';
import type { ExtractContext } from './extract-context.ts';
import { linesToText, resolveHyphens } from './pdf-lines.ts';
import { metaText, pageLabel, pdfiumMemory, readPdfPage } from './pdfium-page.ts';
import { TextBuilder } from './text-builder.ts';
import { countText, pageRanges } from './wording.ts';

/** FPDF_GetLastError */
const wrongPassword = 4;
const unsupportedSecurity = 5;

export async function extractPdf(context: ExtractContext): Promise<ParsedDocument> {
  const pdfium = await loadPdfium();
  const { source } = context;
  const memory = pdfiumMemory(pdfium);
  const pointer = memory.wasmExports.malloc(source.size);
  if (!pointer) throw new AppError('DOC_TOO_LARGE', `${source.name} is too large for the PDF reader's memory.`);
  // Straight into the wasm memory: a second copy of a large file would count against the limit.
  source.readInto(memory.HEAPU8.subarray(pointer, pointer + source.size));
  const document = pdfium.FPDF_LoadMemDocument(pointer, source.size, context.password ?? '');
  if (!document) throw openError(pdfium.FPDF_GetLastError(), context);
  // Neither the document nor its bytes are freed: the process ends with this file.
  return readDocument(pdfium, document, context);
}

async function loadPdfium(): Promise<WrappedPdfiumModule> {
  const wasm = readFileSync(createRequire(import.meta.url).resolve('@embedpdf/pdfium/pdfium.wasm'));
  // Given here so that the package does not look for its wasm by URL.
  const wasmBinary = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength) as ArrayBuffer;
  const pdfium = await init({ wasmBinary } as Parameters<typeof init>[0]);
  pdfium.PDFiumExt_Init();
  return pdfium;
}

function readDocument(pdfium: WrappedPdfiumModule, document: number, context: ExtractContext): ParsedDocument {
  const { source, limits } = context;
  const nPages = pdfium.FPDF_GetPageCount(document);
  if (nPages < 1)
    throw new AppError('DOC_FORMAT', `${source.name} is a PDF without pages; it is probably damaged. Get it again.`);
  if (nPages > limits.maxPages) {
    throw new AppError(
      'DOC_TOO_LARGE',
      `${source.name} says it has ${countText(nPages, 'page')}; the most that can be opened is ${limits.maxPages.toLocaleString('en-US')}. Split it.`,
    );
  }
  const texts: string[] = []; // [nPages]
  const withoutText: number[] = []; // page numbers from 1
  const unreadable: number[] = [];
  const isForm = pdfium.FPDF_GetFormType(document) !== 0;
  let chars = 0;
  let unmapped = 0;
  for (let i = 0; i < nPages; i++) {
    context.onProgress(i, nPages);
    const page = readPdfPage(pdfium, document, i, isForm);
    const text = page ? linesToText(page.lines) : '';
    texts.push(text);
    chars += page?.chars ?? 0;
    unmapped += page?.unmapped ?? 0;
    if (!page) unreadable.push(i + 1);
    else if (text === '') withoutText.push(i + 1);
  }
  if (unreadable.length === nPages) throw openError(0, context);
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  for (const [i, text] of resolveHyphens(texts).entries()) {
    builder.addPage(pageLabel(pdfium, document, i).trim() || `${i + 1}`, text);
  }
  if (!builder.hasText) throw noText(source.name, nPages);
  const { notes } = context;
  if (withoutText.length > 0) notes.add(pagesNote('pages-without-text', withoutText, 'no text (blank or scanned)'));
  if (unreadable.length > 0) notes.add(pagesNote('pages-unreadable', unreadable, 'damage and could not be read'));
  if (unmapped > 0.1 * chars) {
    const percent = Math.round((100 * unmapped) / chars);
    const sentence = `${percent} % of the characters have no known letter: the fonts of this PDF do not say what they mean.`;
    notes.add({ kind: 'unknown-glyphs', count: unmapped, sentence });
  }
  const title = metaText(pdfium, document, 'Title').trim();
  return builder.finish(isRealTitle(title) ? title : source.stem, 'pdf', notes);
}

function pagesNote(kind: NoteKind, pageNumbers: readonly number[], what: string): ImportNote {
  const isOne = pageNumbers.length === 1;
  const sentence = `${isOne ? 'Page' : 'Pages'} ${pageRanges(pageNumbers)} ${isOne ? 'has' : 'have'} ${what}.`;
  return { kind, count: pageNumbers.length, sentence, ...(isOne ? { page: pageNumbers[0] } : {}) };
}

/** Word processors and printers leave file names there. */
function isRealTitle(title: string): boolean {
  return (
    title.length > 2 &&
    !/^(untitled|microsoft word|slide 1$|\()|\.(docx?|pdf|indd|tex|dvi|rtf|pptx?|xlsx?|p65|qxd)$/i.test(title)
  );
}

function noText(name: string, nPages: number): AppError {
  const pages =
    nPages === 1
      ? 'Its only page is a picture or blank'
      : `Its ${nPages.toLocaleString('en-US')} pages (1-${nPages}) are pictures or blank`;
  return new AppError(
    'DOC_NO_TEXT',
    `${name} holds no text. ${pages}. Run text recognition (OCR) on it and open the result.`,
  );
}

function openError(lastError: number, { source, password }: ExtractContext): AppError {
  const { name } = source;
  if (lastError === wrongPassword) {
    return new AppError(
      'DOC_ENCRYPTED',
      password
        ? `The password for ${name} is not right. Try again.`
        : `${name} is protected by a password. Enter it to open the file.`,
    );
  }
  if (lastError === unsupportedSecurity) {
    return new AppError(
      'DOC_ENCRYPTED',
      `${name} is encrypted in a way that cannot be read here. Save a copy without protection.`,
    );
  }
  return new AppError(
    'DOC_FORMAT',
    `${name} is a damaged PDF and cannot be read. Get it again, or open it elsewhere and save it anew.`,
  );
}
