/**
 * Some facts of a file, which PDFium's interface does not give, are in its dictionaries. They are read from a copy that PDFium writes, in
 * which no object is packed. The copy is made when it is first needed.
 */
import { DictReader } from './pdf-dict.ts';
import type { Pdfium } from './pdfium-wasm.ts';

const mostCopied = 200 * 1024 * 1024; // bytes of the largest file that is copied
const removeSecurity = 3; // FPDF_SaveAsCopy: strings in the copy are readable

export class UnpackedCopy {
  readonly #pdfium: Pdfium;
  readonly #document: number;
  readonly #pointer: number;
  readonly #size: number;
  #made: { reader: DictReader | undefined } | undefined;

  /** `pointer`, `size`: of the file's bytes in the wasm memory. */
  constructor(pdfium: Pdfium, document: number, { pointer, size }: { pointer: number; size: number }) {
    this.#pdfium = pdfium;
    this.#document = document;
    this.#pointer = pointer;
    this.#size = size;
  }

  /** The file itself. The view must not be kept across a call of PDFium. */
  get file(): Buffer {
    const { buffer, byteOffset } = this.#pdfium.memory.HEAPU8;
    return Buffer.from(buffer, byteOffset + this.#pointer, this.#size);
  }

  /** undefined: the file is too large, or the copy failed. */
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
