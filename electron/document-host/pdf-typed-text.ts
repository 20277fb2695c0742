/** Text of annotations and form fields, and their rectangles. */
import { ofNoLine, type TextRun } from './pdfium-page.ts';
import type { Pdfium } from './pdfium-wasm.ts';

/** Points; y grows upwards. */
export interface Rect {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export const mostText = 20_000; // UTF-16 units of one annotation

export function rectOf({ api, memory }: Pdfium, annotation: number): Rect | undefined {
  const buffer = memory.wasmExports.malloc(16); // 4 x f32
  if (!buffer) return undefined;
  const has = api.FPDFAnnot_GetRect(annotation, buffer);
  const [left = 0, top = 0, right = 0, bottom = 0] = memory.HEAPF32.subarray(buffer >> 2, (buffer >> 2) + 4);
  memory.wasmExports.free(buffer);
  if (!has || ![left, top, right, bottom].every(Number.isFinite)) return undefined;
  return {
    left: Math.min(left, right),
    right: Math.max(left, right),
    top: Math.max(top, bottom),
    bottom: Math.min(top, bottom),
  };
}

/** The text in an annotation's drawing. */
export function appearanceText({ api, memory }: Pdfium, annotation: number): string {
  const document = api.EPDFAnnot_ExportAppearanceAsDocument(annotation);
  if (!document) return '';
  const page = api.FPDF_LoadPage(document, 0);
  const textPage = page ? api.FPDFText_LoadPage(page) : 0;
  let text = '';
  if (textPage) {
    const n = Math.min(mostText, Math.max(0, memory.wasmExports.FPDFText_CountChars(textPage)));
    for (let i = 0; i < n; i++) {
      const code = memory.wasmExports.FPDFText_GetUnicode(textPage, i);
      text += code < 0x20 || code > 0xffff || (code >= 0xe000 && code <= 0xf8ff) ? ' ' : String.fromCharCode(code);
    }
    api.FPDFText_ClosePage(textPage);
  }
  if (page) api.FPDF_ClosePage(page);
  api.FPDF_CloseDocument(document);
  return oneSpaced(text);
}

/** Runs for text in a rectangle, from its top left corner on. They belong to none of PDFium's lines. */
export function typedRuns(text: string, at: Rect): TextRun[] {
  const lines = text
    .split(/[\r\n\u2028\u2029]+/)
    .map((line) => oneSpaced(line))
    .filter((line) => line !== '');
  const height = at.top - at.bottom;
  const size = Math.max(4, Math.min(12, height / (1.2 * Math.max(1, lines.length))));
  // In a low field one line is centred vertically; several lines begin at the top.
  const top = height > 2 * size && lines.length > 0 ? at.top - 1.1 * size : at.bottom + height / 2 - 0.35 * size;
  return lines.map((line, i) => {
    const width = Math.min(0.5 * size, Math.max(1, at.right - at.left - 2) / line.length);
    const left = at.left + 1;
    return {
      text: line,
      lefts: Array.from({ length: line.length }, (_, k) => left + k * width),
      rights: Array.from({ length: line.length }, (_, k) => left + (k + 1) * width),
      left,
      right: left + line.length * width,
      base: top - i * 1.2 * size,
      size,
      rise: 0.93 * size,
      fall: 0.22 * size,
      turn: 0,
      line: ofNoLine,
      spaced: true,
      flow: 'right',
    };
  });
}

export function oneSpaced(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
}
