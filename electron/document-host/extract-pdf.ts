/** Reads PDF with PDFium (wasm): one span for each page with the text of the page; what is not read is named in notes. */
import type { ParsedDocument } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';
import { count, plural } from '../contract/number-words.ts';
import type { ExtractContext } from './extract-context.ts';
import { withAccents } from './pdf-accents.ts';
import { AnnotationReader } from './pdf-annotations.ts';
import { attachedNames } from './pdf-attachments.ts';
import { measureCharCodes } from './pdf-char-codes.ts';
import { UnpackedCopy } from './pdf-copy.ts';
import { GlyphNames } from './pdf-glyph-names.ts';
import { resolveHyphens } from './pdf-hyphens.ts';
import { Layers } from './pdf-layers.ts';
import { pageLines, withRemarks } from './pdf-layout.ts';
import { linesToText } from './pdf-lines.ts';
import { PdfNotes } from './pdf-notes.ts';
import { readXfa } from './pdf-xfa.ts';
import { readPageText } from './pdfium-page.ts';
import { loadPdfium, metaText, type Pdfium, pageLabel } from './pdfium-wasm.ts';
import { recognisePages } from './recognise-pages.ts';
import { TextBuilder } from './text-builder.ts';

/** FPDF_GetLastError */
const wrongPassword = 4;
const unsupportedSecurity = 5;

export async function extractPdf(context: ExtractContext): Promise<ParsedDocument> {
  const pdfium = await loadPdfium();
  const { api, memory } = pdfium;
  const { source } = context;
  const pointer = memory.wasmExports.malloc(source.size);
  if (!pointer) throw new AppError('DOC_TOO_LARGE', `${source.name} is too large for the PDF reader's memory.`);
  // Read directly into the wasm memory: a second copy of a large file would count against the memory limit.
  source.readInto(memory.HEAPU8.subarray(pointer, pointer + source.size));
  const document = api.FPDF_LoadMemDocument(pointer, source.size, context.password ?? '');
  if (!document) throw openError(api.FPDF_GetLastError(), context);
  // Neither the document nor its bytes are freed: the process ends with this file.
  const copy = new UnpackedCopy(pdfium, document, { pointer, size: source.size });
  const layers = new Layers(pdfium, copy);
  return readDocument(pdfium, document, layers, new GlyphNames(pdfium, copy), context);
}

async function readDocument(
  pdfium: Pdfium,
  document: number,
  layers: Layers,
  glyphNames: GlyphNames,
  context: ExtractContext,
): Promise<ParsedDocument> {
  const { source, limits } = context;
  const { api } = pdfium;
  const nPages = api.FPDF_GetPageCount(document);
  if (nPages < 1)
    throw new AppError('DOC_FORMAT', `${source.name} is a PDF without pages; it is probably damaged. Get it again.`);
  if (nPages > limits.maxPages) {
    throw new AppError(
      'DOC_TOO_LARGE',
      `${source.name} says it has ${plural(nPages, 'page')}; the most that can be opened is ${count(limits.maxPages)}. Split it.`,
    );
  }
  const charCodes = measureCharCodes(pdfium);
  const annotations = new AnnotationReader(pdfium, document);
  const notes = new PdfNotes();
  const texts: string[] = []; // [nPages]
  const withoutText: number[] = []; // page numbers from 1; notes written on a page's picture do not count as text
  for (let i = 0; i < nPages; i++) {
    context.onProgress(i, nPages);
    const page = api.FPDF_LoadPage(document, i);
    const pageText = page
      ? readPageText(pdfium, page, { charCodes, glyphNames, isHidden: (object) => layers.isHidden(object) })
      : undefined;
    if (pageText) pageText.runs = withAccents(pageText.runs);
    const added = pageText && annotations.read(page, pageText.runs);
    const text = pageText
      ? linesToText(withRemarks(pageLines([...pageText.runs, ...(added?.runs ?? [])]), added?.remarks ?? []))
      : '';
    texts.push(text);
    notes.addPage(i + 1, pageText, added, text !== '');
    if (pageText?.runs.length === 0) withoutText.push(i + 1);
    if (page) api.FPDF_ClosePage(page);
  }
  if (notes.unreadable === nPages) throw openError(0, context);
  const recognised = await recognisePages(pdfium, document, withoutText, context);
  for (const [pageNumber, { text }] of recognised) {
    texts[pageNumber - 1] = [text, texts[pageNumber - 1]].filter(Boolean).join('\n\n');
    notes.addRecognised(pageNumber);
  }
  const xfa = readXfa(pdfium, document);
  if (xfa) {
    const whole = texts.join('\n');
    const values = xfa.values.filter((value) => !whole.includes(value.slice(value.indexOf(': ') + 2)));
    if (values.length > 0)
      texts.push([texts.pop() ?? '', `[Filled into the form: ${values.join('; ')}]`].filter(Boolean).join('\n\n'));
    notes.addXfa(xfa);
  }
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  for (const [i, text] of resolveHyphens(texts).entries()) {
    builder.addPage(pageLabel(pdfium, document, i).trim() || `${i + 1}`, text, recognised.get(i + 1)?.recognised);
  }
  if (!builder.hasText) throw noText(context, nPages);
  notes.addHiddenLayers(layers.names, layers.undecided);
  notes.addAttached(attachedNames(pdfium, document));
  notes.addTo(context.notes);
  const title = metaText(pdfium, document, 'Title').trim();
  return builder.finish(isRealTitle(title) ? title : source.stem, 'pdf', context.notes);
}

/** Whether the title is a real one: word processors and printers write file names into it. */
function isRealTitle(title: string): boolean {
  return (
    title.length > 2 &&
    !/^(untitled|microsoft word|slide 1$|\()|\.(docx?|pdf|indd|tex|dvi|rtf|pptx?|xlsx?|p65|qxd)$/i.test(title)
  );
}

function noText({ source: { name }, choice }: ExtractContext, nPages: number): AppError {
  const pages =
    nPages === 1
      ? 'Its only page is a picture or blank'
      : `Its ${plural(nPages, 'page')} (1-${nPages}) are pictures or blank`;
  const sentence = `${name} holds no text. ${pages}`;
  return choice.recognise === 'never'
    ? new AppError('DOC_NO_TEXT', `${sentence}.`, { advice: 'recognise-text' })
    : new AppError('DOC_NO_TEXT', `${sentence}; text recognition found no word in them.`);
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
      'DOC_PROTECTED',
      `${name} is encrypted in a way that cannot be read here. Save a copy without protection.`,
    );
  }
  return new AppError(
    'DOC_FORMAT',
    `${name} is a damaged PDF and cannot be read. Get it again, or open it elsewhere and save it anew.`,
  );
}
