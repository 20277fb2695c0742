/** Collects normalised text and its page spans in order; the spans always cover the text. Throws when the text exceeds the limit. */
import type { DocumentFormat } from '../contract/document-kinds.ts';
import { maxPageSpans, type PageSpan, type ParsedDocument } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';
import { bytesText } from '../contract/number-words.ts';
import type { ImportNotes } from './import-notes.ts';
import { markdownSections } from './markdown-sections.ts';
import { normaliseText } from './normalise-text.ts';
import { oneLine } from './wording.ts';

const pageGap = '\n\n'; // between pages; belongs to the page before it

export class TextBuilder {
  readonly #parts: string[] = [];
  readonly #pages: PageSpan[] = [];
  readonly #name: string;
  readonly #maxTextBytes: number;
  #length = 0; // UTF-16 units
  #bytes = 0; // UTF-8
  #hasText = false;

  constructor(name: string, maxTextBytes: number) {
    this.#name = name;
    this.#maxTextBytes = maxTextBytes;
  }

  get hasText(): boolean {
    return this.#hasText;
  }

  /** Adds one page. An empty page is kept as an empty span, so that pages[i] stays physical page i + 1. */
  addPage(label: string, rawText: string, recognised?: PageSpan['recognised']): void {
    const text = normaliseText(rawText).trimEnd();
    this.#append(text === '' ? '' : text + pageGap);
    this.#close(label, recognised);
  }

  /** Adds text unchanged, without a gap after it. */
  addPiece(label: string, rawText: string): void {
    this.#appendStretch(label, normaliseText(rawText));
  }

  /** Adds Markdown with one span for each heading; the text before the first heading is labelled `label`. */
  addSections(label: string, rawMarkdown: string): void {
    const markdown = normaliseText(rawMarkdown);
    for (const section of markdownSections(markdown)) {
      this.#appendStretch(section.heading ?? label, markdown.slice(section.start, section.end));
    }
  }

  finish(title: string, format: DocumentFormat, notes: ImportNotes): ParsedDocument {
    if (!this.#hasText) throw new AppError('DOC_EMPTY', `${this.#name} holds no text.`);
    let text = this.#parts.join('');
    this.#parts.length = 0;
    if (text.endsWith(pageGap)) text = text.slice(0, -pageGap.length);
    for (const page of this.#pages) {
      page.start = Math.min(page.start, text.length);
      page.end = Math.min(page.end, text.length);
    }
    return {
      title: oneLine(title) || oneLine(this.#name) || 'Untitled',
      format,
      text,
      pages: mergeSpans(this.#pages, maxPageSpans),
      notes: notes.list(),
    };
  }

  /** Splits a long text into several spans, each of which can be stored, shown and found by itself. */
  #appendStretch(label: string, text: string): void {
    let part = 1;
    for (let at = 0; ; part++) {
      const end = spanEnd(text, at);
      this.#append(text.slice(at, end));
      this.#close(part === 1 ? label : `${oneLine(label) || `${this.#pages.length}`} (${part})`);
      at = end;
      if (at >= text.length) return;
    }
  }

  #append(text: string): void {
    if (text === '') return;
    this.#bytes += Buffer.byteLength(text);
    if (this.#bytes > this.#maxTextBytes) {
      throw new AppError(
        'DOC_TOO_LARGE',
        `${this.#name} holds more than ${bytesText(this.#maxTextBytes)} of text, the most that can be opened. Split it into smaller files.`,
      );
    }
    this.#parts.push(text);
    this.#length += text.length;
    this.#hasText ||= /\S/.test(text);
  }

  #close(label: string, recognised?: PageSpan['recognised']): void {
    const start = this.#pages.at(-1)?.end ?? 0;
    this.#pages.push({
      label: oneLine(label) || `${this.#pages.length + 1}`,
      start,
      end: this.#length,
      ...(recognised && { recognised }),
    });
  }
}

/** UTF-16 units; about twenty pages of a book. */
const longestSpan = 1 << 16;

/** Where a span ends: where a line begins, else before a space; never inside a character. */
function spanEnd(text: string, start: number): number {
  const most = start + longestSpan;
  if (text.length <= most) return text.length;
  const line = text.lastIndexOf('\n', most - 1) + 1;
  if (line > start) return line;
  const space = text.lastIndexOf(' ', most - 1);
  if (space > start) return space;
  return /[\ud800-\udbff]/.test(text.charAt(most - 1)) ? most - 1 : most;
}

/** Merges neighbouring spans under the first one's label, so that there are at most `max`. */
export function mergeSpans(pages: readonly PageSpan[], max: number): PageSpan[] {
  if (pages.length <= max) return [...pages];
  const groupSize = Math.ceil(pages.length / max);
  const merged: PageSpan[] = [];
  for (let i = 0; i < pages.length; i += groupSize) {
    const group = pages.slice(i, i + groupSize) as [PageSpan, ...PageSpan[]];
    merged.push({ ...group[0], end: (group.at(-1) ?? group[0]).end });
  }
  return merged;
}
