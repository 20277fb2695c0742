/**
 * Layers (optional content) that the file switches off: what is on them does not stand on the page, so it is left out of
 * the text and the layer is named. PDFium draws by the layers' state but does not tell it. The state is in the catalog,
 * which is found in a copy that PDFium writes: there no object is packed. Only files with marks of layers are copied.
 */
import { DictReader, textOf } from './pdf-dict.ts';
import { type Pdfium, utf16Property } from './pdfium-wasm.ts';

const mostCopied = 200 * 1024 * 1024; // bytes of a file of which a second copy still fits
const mostLayers = 500; // each is looked for through the whole copy
const removeSecurity = 3; // FPDF_SaveAsCopy: strings in the copy are readable

export class Layers {
  readonly #pdfium: Pdfium;
  readonly #document: number;
  readonly #mayHave: boolean;
  readonly #size: number;
  #off: ReadonlyMap<string, string> | undefined; // names, by their keys
  readonly #met = new Set<string>(); // names of layers whose text was left out

  constructor(pdfium: Pdfium, document: number, file: Uint8Array) {
    this.#pdfium = pdfium;
    this.#document = document;
    const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
    this.#size = bytes.length;
    // In files with object streams the catalog may be packed.
    this.#mayHave = bytes.includes('/OCProperties') || bytes.includes('/ObjStm');
  }

  /** The layers whose text was left out. */
  get names(): string[] {
    return [...this.#met];
  }

  /** Whether the page does not show a text object; undefined where no file of this kind has layers. */
  get isHidden(): ((textObject: number) => boolean) | undefined {
    return this.#mayHave ? (textObject) => this.#isOnHiddenLayer(textObject) : undefined;
  }

  #isOnHiddenLayer(textObject: number): boolean {
    const { api, memory } = this.#pdfium;
    const n = Math.min(50, memory.wasmExports.FPDFPageObj_CountMarks(textObject));
    for (let i = 0; i < n; i++) {
      const mark = api.FPDFPageObj_GetMark(textObject, i);
      if (!mark || this.#markString((p, bytes, out) => api.FPDFPageObjMark_GetName(mark, p, bytes, out)) !== 'OC')
        continue;
      const given = this.#markString((p, bytes, out) =>
        api.FPDFPageObjMark_GetParamStringValue(mark, 'Name', p, bytes, out),
      );
      this.#off ??= this.#layersThatAreOff();
      const name = this.#off.get(keyOf(given));
      if (name === undefined) continue;
      this.#met.add(name);
      return true;
    }
    return false;
  }

  /** These calls write the length in bytes to `out` and answer whether they could. */
  #markString(get: (pointer: number, bytes: number, out: number) => boolean): string {
    const { memory } = this.#pdfium;
    const out = memory.wasmExports.malloc(4);
    if (!out) return '';
    try {
      return utf16Property(
        this.#pdfium,
        (pointer, bytes) => (get(pointer, bytes, out) ? (memory.HEAPU32[out >> 2] ?? 0) : 0),
        500,
      );
    } finally {
      memory.wasmExports.free(out);
    }
  }

  #layersThatAreOff(): Map<string, string> {
    const off = new Map<string, string>();
    const on = new Set<string>();
    const reader = this.#size > mostCopied ? undefined : this.#copy();
    const properties = reader?.get(reader.find('/OCProperties'));
    if (!reader || !properties) return off;
    const config = reader.entry(properties, 'D');
    const all = reader.items(reader.entry(properties, 'OCGs')).slice(0, mostLayers);
    const listed = (key: string): Set<string> => new Set(reader.items(config && reader.entry(config, key)).map(String));
    const isOffAtFirst = textOf(config && reader.entry(config, 'BaseState')) === '/OFF';
    const offs = listed('OFF');
    const ons = listed('ON');
    for (const layer of all) {
      const name = reader.entry(reader.get(layer), 'Name');
      const key = keyOf(Buffer.isBuffer(name) ? name.toString('latin1') : '');
      const isOff = isOffAtFirst ? !ons.has(String(layer)) : offs.has(String(layer));
      if (isOff) off.set(key, textOf(name) || 'a layer without a name');
      else on.add(key);
    }
    // Of two layers with one name, one of them shown, nothing is left out.
    for (const key of on) off.delete(key);
    return off;
  }

  #copy(): DictReader | undefined {
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

/** PDFium takes a layer's name for UTF-8, which it seldom is: of what it gives, only the bytes of ASCII can be compared. */
function keyOf(name: string): string {
  return name.replace(/[^ -~]/g, '');
}
