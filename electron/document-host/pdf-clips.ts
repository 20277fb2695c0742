/**
 * Clip paths: text outside of them is drawn but not shown, such as what a cropped figure has around the part that the page shows. A clip counts
 * as the rectangle around its path. PDFium gives a clip in the coordinates of the form (a drawing within the page) that the object is in.
 */
import type { Pdfium } from './pdfium-wasm.ts';

export interface ClipBox {
  left: number;
  bottom: number;
  right: number;
  top: number;
}

type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

interface Surroundings {
  matrix: Matrix; // from the form's coordinates to the page's
  box: ClipBox | undefined; // the clips of the forms around
}

/** FPDF_PAGEOBJ_* and the rendering mode of text that is never painted, as on recognised pages. */
const textType = 1;
const formType = 5;
const invisible = 3;

const identity: Matrix = [1, 0, 0, 1, 0, 0];
const mostSegments = 200; // of a path; a longer one does not clip here
const mostPaths = 20;
const mostDepth = 20; // forms within forms
const mostObjects = 300_000; // on a page

export class PageClips {
  readonly #pdfium: Pdfium;
  readonly #page: number;
  readonly #buffer: number; // 6 x f32; the caller frees it
  #inForms: Map<number, Surroundings> | undefined; // by text object
  #left = mostObjects;

  constructor(pdfium: Pdfium, page: number, buffer: number) {
    this.#pdfium = pdfium;
    this.#page = page;
    this.#buffer = buffer;
  }

  /** The part of the page in which a text object is shown; undefined: it is not clipped. */
  boxOf(textObject: number): ClipBox | undefined {
    const { wasmExports } = this.#pdfium.memory;
    if (wasmExports.FPDFTextObj_GetTextRenderMode(textObject) === invisible) return undefined;
    this.#inForms ??= this.#readForms();
    const around = this.#inForms.get(textObject);
    return meet(around?.box, this.#clip(textObject, around?.matrix ?? identity));
  }

  #readForms(): Map<number, Surroundings> {
    const { wasmExports } = this.#pdfium.memory;
    const found = new Map<number, Surroundings>();
    const n = wasmExports.FPDFPage_CountObjects(this.#page);
    for (let i = 0; i < n && this.#left-- > 0; i++) {
      const object = wasmExports.FPDFPage_GetObject(this.#page, i);
      if (wasmExports.FPDFPageObj_GetType(object) === formType)
        this.#readForm(object, { matrix: identity, box: undefined }, found, 0);
    }
    return found;
  }

  #readForm(form: number, around: Surroundings, found: Map<number, Surroundings>, depth: number): void {
    if (depth > mostDepth) return;
    const { wasmExports } = this.#pdfium.memory;
    const box = meet(around.box, this.#clip(form, around.matrix));
    const inner: Surroundings = { matrix: product(this.#matrixOf(form), around.matrix), box };
    const n = wasmExports.FPDFFormObj_CountObjects(form);
    for (let i = 0; i < n && this.#left-- > 0; i++) {
      const object = wasmExports.FPDFFormObj_GetObject(form, i);
      const type = wasmExports.FPDFPageObj_GetType(object);
      if (type === textType) found.set(object, inner);
      else if (type === formType) this.#readForm(object, inner, found, depth + 1);
    }
  }

  #matrixOf(object: number): Matrix {
    const { memory } = this.#pdfium;
    if (!memory.wasmExports.FPDFPageObj_GetMatrix(object, this.#buffer)) return identity;
    const [a = 1, b = 0, c = 0, d = 1, e = 0, f = 0] = memory.HEAPF32.subarray(
      this.#buffer >> 2,
      (this.#buffer >> 2) + 6,
    );
    return [a, b, c, d, e, f];
  }

  /** The rectangle that all clip paths of an object have in common. */
  #clip(object: number, matrix: Matrix): ClipBox | undefined {
    const { wasmExports } = this.#pdfium.memory;
    const clip = wasmExports.FPDFPageObj_GetClipPath(object);
    if (!clip) return undefined;
    let box: ClipBox | undefined;
    const n = Math.min(mostPaths, wasmExports.FPDFClipPath_CountPaths(clip));
    for (let i = 0; i < n; i++) box = meet(box, this.#pathBox(clip, i, matrix));
    return box;
  }

  #pathBox(clip: number, path: number, [a, b, c, d, e, f]: Matrix): ClipBox | undefined {
    const { memory } = this.#pdfium;
    const { wasmExports } = memory;
    const n = wasmExports.FPDFClipPath_CountPathSegments(clip, path);
    if (n < 1 || n > mostSegments) return undefined;
    const at = this.#buffer;
    const box: ClipBox = { left: Infinity, bottom: Infinity, right: -Infinity, top: -Infinity };
    for (let i = 0; i < n; i++) {
      const segment = wasmExports.FPDFClipPath_GetPathSegment(clip, path, i);
      if (!wasmExports.FPDFPathSegment_GetPoint(segment, at, at + 4)) return undefined;
      const x = memory.HEAPF32[at >> 2] as number;
      const y = memory.HEAPF32[(at >> 2) + 1] as number;
      const [pageX, pageY] = [a * x + c * y + e, b * x + d * y + f];
      box.left = Math.min(box.left, pageX);
      box.right = Math.max(box.right, pageX);
      box.bottom = Math.min(box.bottom, pageY);
      box.top = Math.max(box.top, pageY);
    }
    return box;
  }
}

function meet(a: ClipBox | undefined, b: ClipBox | undefined): ClipBox | undefined {
  if (!a || !b) return a ?? b;
  return {
    left: Math.max(a.left, b.left),
    bottom: Math.max(a.bottom, b.bottom),
    right: Math.min(a.right, b.right),
    top: Math.min(a.top, b.top),
  };
}

/** First `m`, then `n`. */
function product([a, b, c, d, e, f]: Matrix, [p, q, r, s, t, u]: Matrix): Matrix {
  return [a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u];
}

/** Whether hardly anything of a glyph's box is within the clip. */
export function isCutOff(glyph: ClipBox, clip: ClipBox): boolean {
  const x = Math.min(glyph.right, clip.right) - Math.max(glyph.left, clip.left);
  const y = Math.min(glyph.top, clip.top) - Math.max(glyph.bottom, clip.bottom);
  return x < leastShown * (glyph.right - glyph.left) || y < leastShown * (glyph.top - glyph.bottom);
}

const leastShown = 0.1; // of a glyph's width and height
