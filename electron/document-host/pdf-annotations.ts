/**
 * What people added to a page: comments, highlights, stamps, text typed over it, and values of form fields. Values and typed text become
 * part of the page's text at their place; the rest follows its paragraph, in brackets.
 */
import { FormFields } from './pdf-form-fields.ts';
import { appearanceText, mostText, oneSpaced, type Rect, rectOf, typedRuns } from './pdf-typed-text.ts';
import type { TextRun } from './pdfium-page.ts';
import { type Pdfium, utf16Property } from './pdfium-wasm.ts';

export interface Remark {
  text: string; // one line, in brackets
  at: Rect;
}

export interface PageAnnotations {
  runs: TextRun[]; // of filled-in and typed text
  remarks: Remark[];
  fields: number; // with a value
  unfilled: number; // fields without one
  comments: number;
  highlights: number;
  attached: string[]; // names of the files that are attached here
  media: number; // films, sounds, 3D models
  unread: number; // more than are read on one page
}

const mostOnPage = 5000;

/** FPDF_ANNOTATION_SUBTYPE */
const kinds = {
  freeText: 3,
  highlight: 9,
  underline: 10,
  squiggly: 11,
  strikeOut: 12,
  stamp: 13,
  caret: 14,
  popup: 16,
  fileAttachment: 17,
  sound: 18,
  movie: 19,
  widget: 20,
  screen: 21,
  watermark: 24,
  threeD: 25,
  richMedia: 26,
  redact: 28,
} as const;
const link = 2;
const marked: Record<number, string> = {
  [kinds.highlight]: 'Highlighted',
  [kinds.underline]: 'Underlined',
  [kinds.squiggly]: 'Underlined',
  [kinds.strikeOut]: 'Struck out',
  [kinds.redact]: 'Marked for removal',
};
const isMedia = new Set<number>([kinds.sound, kinds.movie, kinds.screen, kinds.threeD, kinds.richMedia]);

/** Invisible, hidden, not shown on the screen. */
const hiddenFlags = 1 | 2 | 32;

export class AnnotationReader {
  readonly #pdfium: Pdfium;
  readonly #fields: FormFields;

  constructor(pdfium: Pdfium, document: number) {
    this.#pdfium = pdfium;
    this.#fields = new FormFields(pdfium, document);
  }

  /** `runs`: the page's text, which highlights refer to. undefined: the page has no annotations. */
  read(page: number, runs: readonly TextRun[]): PageAnnotations | undefined {
    const { api } = this.#pdfium;
    const n = api.FPDFPage_GetAnnotCount(page);
    if (n < 1) return undefined;
    const result: PageAnnotations = {
      runs: [],
      remarks: [],
      fields: 0,
      unfilled: 0,
      comments: 0,
      highlights: 0,
      attached: [],
      media: 0,
      unread: Math.max(0, n - mostOnPage),
    };
    for (let i = 0; i < Math.min(n, mostOnPage); i++) {
      const annotation = api.FPDFPage_GetAnnot(page, i);
      if (!annotation) continue;
      this.#readOne(annotation, runs, result);
      api.FPDFPage_CloseAnnot(annotation);
    }
    return result;
  }

  #readOne(annotation: number, runs: readonly TextRun[], result: PageAnnotations): void {
    const { api } = this.#pdfium;
    const kind = api.FPDFAnnot_GetSubtype(annotation);
    if (kind === link || kind === kinds.popup) return;
    if ((api.FPDFAnnot_GetFlags(annotation) & hiddenFlags & ~1) !== 0) return;
    const at = rectOf(this.#pdfium, annotation);
    if (!at) return;
    if (kind === kinds.widget) {
      const filled = this.#fields.read(annotation, at);
      result.runs.push(...filled.runs);
      if (filled.hasValue) result.fields++;
      else if (filled.isUnfilled) result.unfilled++;
      return;
    }
    if (kind === kinds.fileAttachment) {
      const file = api.FPDFAnnot_GetFileAttachment(annotation);
      const name = file
        ? utf16Property(this.#pdfium, (p, bytes) => api.FPDFAttachment_GetName(file, p, bytes), 500)
        : '';
      result.attached.push(name.trim() || 'a file without a name');
    }
    if (isMedia.has(kind)) result.media++;
    const contents = this.#string(annotation, 'Contents') || plain(this.#string(annotation, 'RC'));
    if (kind === kinds.freeText) {
      if (contents !== '') result.comments++;
      result.runs.push(...typedRuns(contents, at));
      return;
    }
    const author = oneSpaced(this.#string(annotation, 'T'));
    const by = author === '' ? '' : ` by ${author}`;
    const word = marked[kind];
    if (word !== undefined) {
      const words = this.#markedWords(annotation, at, runs);
      if (words === '' && contents === '') return;
      result.highlights++;
      const quoted = words === '' ? '' : `: “${words}”`;
      result.remarks.push({
        text: `[${word}${by}${quoted}${contents === '' ? '' : `; comment: ${oneSpaced(contents)}`}]`,
        at,
      });
      return;
    }
    const text = oneSpaced(
      contents || (kind === kinds.stamp || kind === kinds.watermark ? this.#stampText(annotation) : ''),
    );
    // A reply that only sets a state, such as "accepted", is not shown on the page.
    if (text === '' || api.FPDFAnnot_HasKey(annotation, 'State')) return;
    result.comments++;
    const title =
      kind === kinds.stamp || kind === kinds.watermark ? 'Stamp' : kind === kinds.caret ? 'To be inserted' : 'Comment';
    result.remarks.push({ text: `[${title}${by}: ${text}]`, at });
  }

  #string(annotation: number, key: string): string {
    const { api } = this.#pdfium;
    return utf16Property(
      this.#pdfium,
      (p, bytes) => api.FPDFAnnot_GetStringValue(annotation, key, p, bytes),
      mostText,
    ).trim();
  }

  #stampText(annotation: number): string {
    return (
      appearanceText(this.#pdfium, annotation) || this.#string(annotation, 'Name').replace(/([a-z])(?=[A-Z])/g, '$1 ')
    );
  }

  /** The words under the highlight's quads; each quad covers a line or a part of one. */
  #markedWords(annotation: number, at: Rect, runs: readonly TextRun[]): string {
    const { api, memory } = this.#pdfium;
    const quads: Rect[] = [];
    const n = Math.min(200, api.FPDFAnnot_CountAttachmentPoints(annotation));
    const buffer = memory.wasmExports.malloc(32); // 8 x f32: four points
    if (!buffer) return '';
    for (let i = 0; i < n; i++) {
      if (!api.FPDFAnnot_GetAttachmentPoints(annotation, i, buffer)) continue;
      const points = memory.HEAPF32.subarray(buffer >> 2, (buffer >> 2) + 8);
      const xs = [0, 2, 4, 6].map((k) => points[k] as number);
      const ys = [1, 3, 5, 7].map((k) => points[k] as number);
      quads.push({ left: Math.min(...xs), right: Math.max(...xs), bottom: Math.min(...ys), top: Math.max(...ys) });
    }
    memory.wasmExports.free(buffer);
    const parts = (quads.length > 0 ? quads : [at]).map((quad) => wordsIn(quad, runs));
    return oneSpaced(parts.join(' ').replace(/(\p{L})[-\u00AD] (?=\p{Ll})/gu, '$1')).replaceAll('\u00AD', '');
  }
}

function wordsIn({ left, right, top, bottom }: Rect, runs: readonly TextRun[]): string {
  let text = '';
  for (const run of runs) {
    const y = run.base + 0.3 * run.size;
    if (run.turn !== 0 || y < bottom || y > top || run.right < left || run.left > right) continue;
    let part = '';
    for (let i = 0; i < run.text.length; i++) {
      const x = run.lefts[i] as number;
      const next = run.lefts[i + 1] ?? run.right;
      const middle = next > x ? (x + next) / 2 : x + 0.2 * run.size;
      if (middle > left && middle < right) part += run.text[i];
    }
    if (part !== '') text += (run.spaced && text !== '' ? ' ' : '') + part;
  }
  return text;
}

/** The plain text of rich text: tags are removed, and its few entities are resolved. */
function plain(xhtml: string): string {
  return xhtml
    .replace(/<\/(p|div)>|<br\s*\/?>/gi, '\n')
    .replace(/<[^>]*>/g, '')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#(\d{1,6});/g, (_match, code: string) =>
      Number(code) > 31 ? String.fromCodePoint(Math.min(Number(code), 0x10ffff)) : ' ',
    )
    .replace(/&amp;/g, '&')
    .trim();
}
