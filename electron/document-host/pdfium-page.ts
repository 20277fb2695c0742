/** Reads one page through PDFium: its text and where each printed line stands. All pointers are into the wasm memory. */
import type { WrappedPdfiumModule } from '@embedpdf/pdfium';
import { brokenWordMark, type PdfLine } from './pdf-lines.ts';

/** The wasm memory as views. PDFium replaces them when its memory grows: never keep one over a call. */
export interface PdfiumMemory {
  HEAPU8: Uint8Array;
  HEAPF32: Float32Array;
  wasmExports: { malloc(bytes: number): number; free(pointer: number): void };
}

export function pdfiumMemory(pdfium: WrappedPdfiumModule): PdfiumMemory {
  return pdfium.pdfium as unknown as PdfiumMemory;
}

export function readUtf16(memory: PdfiumMemory, pointer: number, units: number): string {
  return Buffer.from(memory.HEAPU8.buffer, pointer, 2 * units).toString('utf16le');
}

export interface PdfPageText {
  lines: PdfLine[];
  chars: number; // characters PDFium found, white space included
  unmapped: number; // characters whose font does not say which letter they are
}

/** Undefined when the page itself is broken. `isForm`: the document has form fields, whose contents count as text. */
export function readPdfPage(
  pdfium: WrappedPdfiumModule,
  document: number,
  pageIndex: number,
  isForm: boolean,
): PdfPageText | undefined {
  const memory = pdfiumMemory(pdfium);
  let page = pdfium.FPDF_LoadPage(document, pageIndex);
  if (page && isForm) {
    // Writes what is filled in into the page, in memory only; the page shows it when it is loaded again.
    pdfium.FPDFPage_Flatten(page, 0);
    pdfium.FPDF_ClosePage(page);
    page = pdfium.FPDF_LoadPage(document, pageIndex);
  }
  if (!page) return undefined;
  const textPage = pdfium.FPDFText_LoadPage(page);
  if (!textPage) {
    pdfium.FPDF_ClosePage(page);
    return undefined;
  }
  const chars = Math.max(0, pdfium.FPDFText_CountChars(textPage));
  const pointer = memory.wasmExports.malloc(2 * (chars + 1) + 16);
  try {
    const boxPointer = (pointer + 2 * (chars + 1) + 3) & ~3; // 4 x f32, aligned
    const written = pdfium.FPDFText_GetText(textPage, 0, chars, pointer); // units, the closing NUL included
    // Some versions of PDFium write U+0002 for the hyphen, others U+FFFE.
    const text = readUtf16(memory, pointer, Math.max(0, written - 1)).replaceAll('\u0002', brokenWordMark);
    // PDFium leaves some characters out of the text; only then do the two numberings differ.
    const charOf = (i: number): number =>
      text.length === chars ? i : pdfium.FPDFText_GetCharIndexFromTextIndex(textPage, i);
    const boxOf = (i: number): Box | undefined => {
      if (!pdfium.FPDFText_GetLooseCharBox(textPage, charOf(i), boxPointer)) return undefined;
      const at = boxPointer >> 2;
      const [left = 0, top = 0, right = 0, bottom = 0] = memory.HEAPF32.subarray(at, at + 4);
      return { left, top, right, bottom };
    };
    let unmapped = 0;
    for (let i = 0; i < chars; i++) if (pdfium.FPDFText_HasUnicodeMapError(textPage, i) === 1) unmapped++;
    return { lines: printedLines(text, boxOf), chars, unmapped };
  } finally {
    memory.wasmExports.free(pointer);
    pdfium.FPDFText_ClosePage(textPage);
    pdfium.FPDF_ClosePage(page);
  }
}

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Cuts at line ends and at U+FFFE, with which PDFium replaces a word-breaking hyphen and its line end. */
function printedLines(text: string, boxOf: (i: number) => Box | undefined): PdfLine[] {
  const lines: PdfLine[] = [];
  for (const match of text.matchAll(/([^\r\n\uFFFE]*)([\r\n]+|\uFFFE(?:\r?\n)?|$)/g)) {
    const raw = match[1] as string;
    const line = raw.trim();
    const broken = (match[2] as string).startsWith(brokenWordMark);
    if (line === '') {
      const before = lines.at(-1);
      if (broken && before) before.broken = true;
      continue;
    }
    const start = match.index + raw.indexOf(line.charAt(0));
    lines.push({ text: line, broken, ...lineBox(line, start, boxOf) });
  }
  return lines;
}

function lineBox(line: string, start: number, boxOf: (i: number) => Box | undefined): Omit<PdfLine, 'text' | 'broken'> {
  const first = boxOf(start) ?? { left: 0, top: 1, right: 1, bottom: 0 };
  const last = boxOf(start + line.length - 1) ?? first;
  let widestGap = 0;
  for (let at = line.indexOf(' '); at > 0; at = line.indexOf(' ', at + 1)) {
    const before = boxOf(start + at - 1);
    const after = boxOf(start + at + 1);
    if (before && after) widestGap = Math.max(widestGap, after.left - before.right);
  }
  return {
    left: Math.min(first.left, last.left),
    right: Math.max(first.right, last.right),
    top: Math.max(first.top, last.top),
    bottom: Math.min(first.bottom, last.bottom),
    widestGap,
  };
}

/** "xii" or "A-3" where the PDF numbers its pages so; '' where it does not. */
export function pageLabel(pdfium: WrappedPdfiumModule, document: number, pageIndex: number): string {
  return utf16Property(pdfium, (pointer, bytes) => pdfium.FPDF_GetPageLabel(document, pageIndex, pointer, bytes));
}

export function metaText(pdfium: WrappedPdfiumModule, document: number, tag: string): string {
  return utf16Property(pdfium, (pointer, bytes) => pdfium.FPDF_GetMetaText(document, tag, pointer, bytes));
}

/** PDFium's two-step strings: the first call answers the length in bytes, closing NUL included. */
function utf16Property(pdfium: WrappedPdfiumModule, get: (pointer: number, bytes: number) => number): string {
  const memory = pdfiumMemory(pdfium);
  const bytes = get(0, 0);
  if (bytes <= 2 || bytes > 10_000) return '';
  const pointer = memory.wasmExports.malloc(bytes);
  try {
    get(pointer, bytes);
    return readUtf16(memory, pointer, (bytes - 2) >> 1).replaceAll(brokenWordMark, '');
  } finally {
    memory.wasmExports.free(pointer);
  }
}
