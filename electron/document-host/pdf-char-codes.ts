/**
 * The character codes of a text object. PDFium's interface gives only the letters, and in the usual encodings code 255 octal, the soft
 * hyphen, and code 055, the hyphen, are the same letter. PDFium's text object has the codes as a vector of 32-bit numbers. The vector's
 * place in the object is determined, when codes are first needed, with a document whose codes are known; if it is not found, there are no codes,
 * and both hyphens stay hyphens.
 */
import type { Pdfium } from './pdfium-wasm.ts';

export type CharCodes = (textObject: number) => Uint32Array | undefined;

const mostCodes = 100_000;
const wordsSearched = 100; // of 4 bytes, from the start of the object

export function measureCharCodes(pdfium: Pdfium): CharCodes {
  let measured: { place: number | undefined } | undefined;
  return (textObject) => {
    measured ??= { place: measuredPlace(pdfium) };
    return measured.place === undefined ? undefined : codesAt(pdfium, textObject, measured.place);
  };
}

/** The codes of the vector whose first and last address are at word `place` of the object and after it. */
function codesAt({ memory }: Pdfium, textObject: number, place: number): Uint32Array | undefined {
  const words = memory.HEAPU32;
  const first = words[(textObject >> 2) + place] ?? 0;
  const last = words[(textObject >> 2) + place + 1] ?? 0;
  const n = (last - first) / 4;
  if (first === 0 || first % 4 !== 0 || !Number.isInteger(n) || n < 1 || n > mostCodes) return undefined;
  return words.subarray(first >> 2, last >> 2);
}

const probeCodes = [0x41, 0xad, 0x42, 0x2d, 0x43];

function measuredPlace(pdfium: Pdfium): number | undefined {
  const { api, memory } = pdfium;
  const content = 'BT /F1 12 Tf 50 50 Td <41AD422D43> Tj ET';
  const file = Buffer.from(
    `%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj ` +
      // A Type 3 font without glyph drawings: PDFium would look for another kind of font on the system and load it.
      `3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</Font<</F1<</Type/Font/Subtype/Type3` +
      `/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/CharProcs<<>>/Encoding<</Differences[]>>/FirstChar 65/LastChar 65/Widths[1]` +
      `>>>>>>>>endobj 4 0 obj<</Length ${content.length}>>stream\n${content}\n` +
      `endstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n`,
    'latin1',
  );
  const pointer = memory.wasmExports.malloc(file.length);
  if (!pointer) return undefined;
  memory.HEAPU8.set(file, pointer);
  const document = api.FPDF_LoadMemDocument(pointer, file.length, '');
  const page = document ? api.FPDF_LoadPage(document, 0) : 0;
  const textPage = page ? api.FPDFText_LoadPage(page) : 0;
  const object = textPage ? memory.wasmExports.FPDFText_GetTextObject(textPage, 0) : 0;
  let place: number | undefined;
  for (let word = 0; object !== 0 && place === undefined && word < wordsSearched; word++) {
    const codes = codesAt(pdfium, object, word);
    if (codes?.length === probeCodes.length && probeCodes.every((code, i) => codes[i] === code)) place = word;
  }
  if (textPage) api.FPDFText_ClosePage(textPage);
  if (page) api.FPDF_ClosePage(page);
  if (document) api.FPDF_CloseDocument(document);
  memory.wasmExports.free(pointer);
  return place;
}
