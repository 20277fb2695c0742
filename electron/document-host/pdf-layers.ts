/**
 * Layers (optional content) that the file switches off: the page does not show what is on them, so it is left out of the text and a note
 * names the layer. PDFium draws according to the layers' state but does not report it. The state is in the catalog, which is read from an
 * unpacked copy. Only files that may have layers are copied.
 */
import type { UnpackedCopy } from './pdf-copy.ts';
import { type DictReader, type PdfValue, textOf } from './pdf-dict.ts';
import { type Pdfium, utf16Property } from './pdfium-wasm.ts';

const mostLayers = 500; // each is searched in the whole copy
const mostNested = 20; // expressions within each other
const mostSteps = 1000; // in one expression

interface LayerRules {
  off: ReadonlyMap<string, string>; // names of layers that are switched off, by their keys
  memberships: Membership[];
}

/** A membership (OCMD): its content is shown depending on the state of several layers. */
interface Membership {
  keys: string; // of its dictionary
  isShown: boolean;
  name: string; // of a layer that decides
}

export class Layers {
  readonly #pdfium: Pdfium;
  readonly #copy: UnpackedCopy;
  #mayHave: boolean | undefined; // undefined: not looked at yet
  #rules: LayerRules | undefined;
  #undecided = 0; // text objects of which it is not clear which rule holds
  readonly #met = new Set<string>(); // names of layers whose text was left out

  constructor(pdfium: Pdfium, copy: UnpackedCopy) {
    this.#pdfium = pdfium;
    this.#copy = copy;
  }

  /** The layers whose text was left out. */
  get names(): string[] {
    return [...this.#met];
  }

  /** How many pieces of text are read although a rule may hide them. */
  get undecided(): number {
    return this.#undecided;
  }

  /** Whether the page does not show a text object because of its layer. */
  isHidden(textObject: number): boolean {
    const { api, memory } = this.#pdfium;
    const n = Math.min(50, memory.wasmExports.FPDFPageObj_CountMarks(textObject));
    if (n <= 0) return false;
    this.#mayHave ??= mayHaveLayers(this.#copy.file);
    if (!this.#mayHave) return false;
    for (let i = 0; i < n; i++) {
      const mark = api.FPDFPageObj_GetMark(textObject, i);
      if (!mark || this.#markString((p, bytes, out) => api.FPDFPageObjMark_GetName(mark, p, bytes, out)) !== 'OC')
        continue;
      this.#rules ??= this.#layerRules();
      const given = this.#markString((p, bytes, out) =>
        api.FPDFPageObjMark_GetParamStringValue(mark, 'Name', p, bytes, out),
      );
      const name = given === '' ? this.#hiddenByRule(mark, this.#rules) : this.#rules.off.get(keyOf(given));
      if (name === undefined) continue;
      this.#met.add(name);
      return true;
    }
    return false;
  }

  /** Whether a membership hides the content: PDFium does not say which membership it is, only which entries it has. */
  #hiddenByRule(mark: number, { memberships }: LayerRules): string | undefined {
    const keys = this.#entriesOf(mark);
    const alike = memberships.filter((membership) => membership.keys === keys);
    const hidden = alike.filter(({ isShown }) => !isShown);
    if (hidden.length === 0) return undefined;
    if (hidden.length === alike.length) return hidden[0]?.name;
    this.#undecided++;
    return undefined;
  }

  #entriesOf(mark: number): string {
    const { api } = this.#pdfium;
    const n = Math.min(20, Math.max(0, api.FPDFPageObjMark_CountParams(mark)));
    const keys = Array.from({ length: n }, (_, i) =>
      this.#markString((p, bytes, out) => api.FPDFPageObjMark_GetParamKey(mark, i, p, bytes, out)),
    );
    return keysText(keys);
  }

  /** Reads a string with calls that write the length in bytes to `out` and return whether they succeeded. */
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

  #layerRules(): LayerRules {
    const off = new Map<string, string>();
    const on = new Set<string>();
    const { reader } = this.#copy;
    const properties = reader?.get(reader.find('/OCProperties'));
    if (!reader || !properties) return { off, memberships: [] };
    const config = reader.entry(properties, 'D');
    const all = reader.items(reader.entry(properties, 'OCGs')).slice(0, mostLayers);
    const listed = (key: string): Set<string> => new Set(reader.items(config && reader.entry(config, key)).map(String));
    const isOffAtFirst = textOf(config && reader.entry(config, 'BaseState')) === '/OFF';
    const offs = listed('OFF');
    const ons = listed('ON');
    const isOff = (layer: PdfValue): boolean => (isOffAtFirst ? !ons.has(String(layer)) : offs.has(String(layer)));
    for (const layer of all) {
      const name = reader.entry(reader.get(layer), 'Name');
      const key = keyOf(Buffer.isBuffer(name) ? name.toString('latin1') : '');
      if (isOff(layer)) off.set(key, textOf(name) || unnamed);
      else on.add(key);
    }
    // If two layers have the same name and one of them is shown, nothing is left out.
    for (const key of on) off.delete(key);
    const memberships = reader
      .dictionaries('/OCMD')
      .slice(0, mostLayers)
      .map((membership): Membership => {
        const layers = layersOf(membership, reader);
        const hidden = layers.find(isOff) ?? layers[0];
        return {
          keys: keysText([...membership.keys()].map((key) => key.slice(1))),
          isShown: isShown(membership, reader, isOff),
          name: textOf(reader.entry(reader.get(hidden), 'Name')) || unnamed,
        };
      });
    return { off, memberships };
  }
}

/** In files with object streams the catalog may be packed. */
const mayHaveLayers = (file: Buffer): boolean => file.includes('/OCProperties') || file.includes('/ObjStm');

const unnamed = 'a layer without a name';
const keysText = (keys: readonly string[]): string => [...keys].sort().join(' ');

/** The layers that a membership depends on. */
function layersOf(membership: Map<string, PdfValue>, reader: DictReader): PdfValue[] {
  let left = mostSteps;
  const ofExpression = (value: PdfValue | undefined, depth: number): PdfValue[] => {
    if (--left < 0) return [];
    const whole = typeof value === 'string' ? reader.get(value) : value;
    if (depth > mostNested || !Array.isArray(whole)) return value === undefined ? [] : [value];
    return whole.slice(1).flatMap((part) => ofExpression(part, depth + 1));
  };
  const expression = membership.get('/VE');
  if (expression !== undefined) return ofExpression(expression, 0);
  const groups = membership.get('/OCGs');
  const whole = reader.get(groups);
  return Array.isArray(whole) ? whole : groups === undefined ? [] : [groups];
}

/** By ISO 32000, 8.11.2.2, an expression has precedence over the policy. */
function isShown(membership: Map<string, PdfValue>, reader: DictReader, isOff: (layer: PdfValue) => boolean): boolean {
  const expression = membership.get('/VE');
  if (expression !== undefined) return holds(expression, { reader, isOff, left: mostSteps }, 0);
  const layers = layersOf(membership, reader);
  if (layers.length === 0) return true;
  switch (membership.get('/P')) {
    case '/AllOn':
      return !layers.some(isOff);
    case '/AnyOff':
      return layers.some(isOff);
    case '/AllOff':
      return layers.every(isOff);
    default:
      return !layers.every(isOff);
  }
}

interface Evaluation {
  reader: DictReader;
  isOff: (layer: PdfValue) => boolean;
  left: number; // steps, limited because an expression may refer to the same part many times
}

function holds(expression: PdfValue, evaluation: Evaluation, depth: number): boolean {
  const { reader, isOff } = evaluation;
  if (--evaluation.left < 0) return true;
  const whole = typeof expression === 'string' ? reader.get(expression) : expression;
  if (depth > mostNested || !Array.isArray(whole)) return !isOff(expression);
  const [operator, ...parts] = whole;
  const each = (part: PdfValue): boolean => holds(part, evaluation, depth + 1);
  if (operator === '/Not') return parts[0] === undefined || !each(parts[0]);
  return operator === '/Or' ? parts.some(each) : parts.every(each);
}

/** PDFium decodes a layer's name as UTF-8, which it seldom is, so only its ASCII characters can be compared. */
function keyOf(name: string): string {
  return name.replace(/[^ -~]/g, '');
}
