/**
 * What PDFium does not tell of a file stands in its dictionaries. They are read in a copy that PDFium writes: there no
 * object is packed. It is made when it is asked for first.
 */
import { DictReader } from './pdf-dict.ts';
import type { Pdfium } from './pdfium-wasm.ts';

const mostCopied = 200 * 1024 * 1024; // bytes of a file of which a second copy still fits
const removeSecurity = 3; // FPDF_SaveAsCopy: strings in the copy are readable

export class UnpackedCopy {
  readonly #pdfium: Pdfium;
  readonly #document: number;
  readonly #size: number;
  #made: { reader: DictReader | undefined } | undefined;

  /** `size`: of the file, in bytes. */
  constructor(pdfium: Pdfium, document: number, size: number) {
    this.#pdfium = pdfium;
    this.#document = document;
    this.#size = size;
  }

  /** Undefined: the file is too large, or cannot be written. */
  get reader(): DictReader | undefined {
    this.#made ??= { reader: this.#size > mostCopied ? undefined : this.#make() };
    return this.#made.reader;
  }

  #make(): DictReader | undefined {
    const { api, memory } = this.#pdfium;
    const writer = api.PDFiumExt_OpenFileWriter();
    if (!writer) return undefined;
    try {
      if (!api.FPDF_SaveAsCopy(this.#document, writer, removeSecurity)) return undefined;
      const size = api.PDFiumExt_GetFileWriterSize(writer);
      const pointer = memory.wasmExports.malloc(size);
      if (!pointer) return undefined;
      api.PDFiumExt_GetFileWriterData(writer, pointer, size);
      const reader = new DictReader(Buffer.from(memory.HEAPU8.subarray(pointer, pointer + size)));
      memory.wasmExports.free(pointer);
      return reader;
    } finally {
      api.PDFiumExt_CloseFileWriter(writer);
    }
  }
}
