/**
 * XFA forms: the form is stored as XML, which only Adobe's programs draw; the pages have a notice, or an older drawing of the form. The
 * layout is not read here; the values are, from the form's data.
 */
import type { Pdfium } from './pdfium-wasm.ts';
import { elements, parseXml, textOf, type XmlElement } from './xml-tree.ts';

/** FPDF_GetFormType */
const xfaFull = 2;
const xfaForeground = 3;

const mostPackets = 100;
const mostBytes = 20 * 1024 * 1024; // of the data
const mostValues = 5000;

export interface XfaForm {
  /** "surname: ZANZIBAR", in the order of the data. */
  values: string[];
  /** The pages have no form, only a notice that asks for another program. */
  isDynamic: boolean;
}

/** undefined: the file has no XFA form. */
export function readXfa(pdfium: Pdfium, document: number): XfaForm | undefined {
  const type = pdfium.api.FPDF_GetFormType(document);
  if (type !== xfaFull && type !== xfaForeground) return undefined;
  const values: string[] = [];
  const xml = dataPacket(pdfium, document);
  if (xml !== undefined) {
    try {
      const root = parseXml(xml);
      addValues(dataOf(root) ?? root, values);
    } catch {
      values.length = 0; // the data are damaged: a note says that the form is not read
    }
  }
  return { values, isDynamic: type === xfaFull };
}

function dataPacket(pdfium: Pdfium, document: number): string | undefined {
  const { api, memory } = pdfium;
  const n = Math.min(mostPackets, Math.max(0, api.FPDF_GetXFAPacketCount(document)));
  for (let i = 0; i < n; i++) {
    const name = bytesOf(memory, 500, (p, size) => api.FPDF_GetXFAPacketName(document, i, p, size));
    if (name?.toString('latin1').replaceAll('\0', '') !== 'datasets') continue;
    const content = bytesOf(memory, mostBytes, (p, size, out) =>
      api.FPDF_GetXFAPacketContent(document, i, p, size, out) ? (memory.HEAPU32[out >> 2] ?? 0) : 0,
    );
    return content?.toString('utf8');
  }
  return undefined;
}

/** Reads bytes in two steps: the first call returns how many there are. */
function bytesOf(
  memory: Pdfium['memory'],
  most: number,
  get: (pointer: number, size: number, out: number) => number,
): Buffer | undefined {
  const out = memory.wasmExports.malloc(4);
  if (!out) return undefined;
  const size = get(0, 0, out);
  const pointer = size > 0 && size <= most ? memory.wasmExports.malloc(size) : 0;
  try {
    if (!pointer) return undefined;
    get(pointer, size, out);
    return Buffer.from(memory.HEAPU8.subarray(pointer, pointer + size));
  } finally {
    if (pointer) memory.wasmExports.free(pointer);
    memory.wasmExports.free(out);
  }
}

const localName = ({ name }: XmlElement): string => name.replace(/^.*:/, '');

/** The element <xfa:data> in <xfa:datasets>, which may also have descriptions. */
function dataOf(root: XmlElement): XmlElement | undefined {
  return localName(root) === 'data' ? root : elements(root).find((child) => localName(child) === 'data');
}

function addValues(element: XmlElement, values: string[], depth = 0): void {
  if (values.length >= mostValues || depth > 200) return;
  const inner = elements(element);
  if (inner.length > 0) {
    for (const child of inner) addValues(child, values, depth + 1);
    return;
  }
  const text = textOf(element).replace(/\s+/g, ' ').trim();
  if (text !== '') values.push(`${localName(element)}: ${text}`);
}
