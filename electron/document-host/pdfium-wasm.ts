/** Loads PDFium's wasm module once, gives views of its memory, and reads its strings. All pointers are into the wasm memory. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { init, type WrappedPdfiumModule } from '@embedpdf/pdfium';

/** The wasm exports are called directly for every character, because the module's wrappers take longer than the calls themselves. */
interface WasmExports {
  malloc(bytes: number): number;
  free(pointer: number): void;
  FPDFPageObj_CountMarks(object: number): number;
  FPDFPage_CountObjects(page: number): number;
  FPDFPage_GetObject(page: number, i: number): number;
  FPDFFormObj_CountObjects(form: number): number;
  FPDFFormObj_GetObject(form: number, i: number): number;
  FPDFPageObj_GetType(object: number): number;
  FPDFPageObj_GetMatrix(object: number, matrix: number): number;
  FPDFPageObj_GetClipPath(object: number): number;
  FPDFClipPath_CountPaths(clip: number): number;
  FPDFClipPath_CountPathSegments(clip: number, path: number): number;
  FPDFClipPath_GetPathSegment(clip: number, path: number, i: number): number;
  FPDFPathSegment_GetPoint(segment: number, x: number, y: number): number;
  FPDFTextObj_GetTextRenderMode(textObject: number): number;
  FPDFText_CountChars(textPage: number): number;
  FPDFText_GetUnicode(textPage: number, i: number): number;
  FPDFText_HasUnicodeMapError(textPage: number, i: number): number;
  FPDFText_IsHyphen(textPage: number, i: number): number;
  FPDFText_GetTextObject(textPage: number, i: number): number;
  FPDFText_GetLooseCharBox(textPage: number, i: number, rect: number): number;
  FPDFText_GetCharBox(textPage: number, i: number, l: number, r: number, b: number, t: number): number;
  FPDFText_GetCharOrigin(textPage: number, i: number, x: number, y: number): number;
  FPDFText_GetFontSize(textPage: number, i: number): number;
  FPDFText_GetMatrix(textPage: number, i: number, matrix: number): number;
}

/** PDFium replaces the views when its memory grows, so a view must not be kept across a call. */
export interface PdfiumMemory {
  HEAPU8: Uint8Array;
  HEAPU32: Uint32Array;
  HEAPF32: Float32Array;
  HEAPF64: Float64Array;
  wasmExports: WasmExports;
}

export interface Pdfium {
  api: WrappedPdfiumModule;
  memory: PdfiumMemory;
}

export async function loadPdfium(): Promise<Pdfium> {
  const wasm = readFileSync(createRequire(import.meta.url).resolve('@embedpdf/pdfium/pdfium.wasm'));
  // Given here so that the package does not look for its wasm by URL.
  const wasmBinary = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength) as ArrayBuffer;
  const api = await init({ wasmBinary } as Parameters<typeof init>[0]);
  api.PDFiumExt_Init();
  return { api, memory: api.pdfium as unknown as PdfiumMemory };
}

export function readUtf16(memory: PdfiumMemory, pointer: number, units: number): string {
  return Buffer.from(memory.HEAPU8.buffer, pointer, 2 * units).toString('utf16le');
}

/** Reads a PDFium string in two steps: the first call returns the length in bytes with the final NUL. It is cut after `maxUnits`. */
export function utf16Property(
  { memory }: Pdfium,
  get: (pointer: number, bytes: number) => number,
  maxUnits = 5000,
): string {
  const bytes = get(0, 0);
  if (bytes <= 2) return '';
  const pointer = memory.wasmExports.malloc(bytes);
  if (!pointer) return '';
  try {
    get(pointer, bytes);
    return readUtf16(memory, pointer, Math.min(maxUnits, (bytes - 2) >> 1)).replaceAll(/[\0\uFFFE\uFFFF]/g, '');
  } finally {
    memory.wasmExports.free(pointer);
  }
}

export function metaText(pdfium: Pdfium, document: number, tag: string): string {
  return utf16Property(pdfium, (pointer, bytes) => pdfium.api.FPDF_GetMetaText(document, tag, pointer, bytes));
}

/** The page's label, such as "xii" or "A-3"; '' if the PDF has none. */
export function pageLabel(pdfium: Pdfium, document: number, pageIndex: number): string {
  return utf16Property(pdfium, (pointer, bytes) => pdfium.api.FPDF_GetPageLabel(document, pageIndex, pointer, bytes));
}
