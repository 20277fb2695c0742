/** Notes on a PDF, collected page by page: one for each kind or, if the place matters, one for each page. */
import type { NoteKind } from '../contract/import-notes.ts';
import { are, plural } from '../contract/number-words.ts';
import type { ImportNotes } from './import-notes.ts';
import type { PageAnnotations } from './pdf-annotations.ts';
import type { XfaForm } from './pdf-xfa.ts';
import type { PageText } from './pdfium-page.ts';
import { pageRanges } from './wording.ts';

const mostPagesNamed = 30; // pages with a note of their own; the rest share one

interface OnPage {
  page: number;
  count: number;
}

export class PdfNotes {
  readonly #withoutText = new Set<number>(); // page numbers from 1
  readonly #unreadable: number[] = [];
  readonly #unknown: OnPage[] = [];
  readonly #guessed: OnPage[] = [];
  readonly #beyond: OnPage[] = [];
  readonly #clipped: OnPage[] = [];
  readonly #fields: OnPage[] = [];
  readonly #unfilled: OnPage[] = [];
  readonly #comments: OnPage[] = [];
  readonly #highlights: OnPage[] = [];
  readonly #unreadAnnotations: OnPage[] = [];
  readonly #media: OnPage[] = [];
  readonly #attached: string[] = [];
  readonly #hiddenLayers: string[] = [];
  #xfa: XfaForm | undefined;
  #undecided = 0;

  /** How many pages could not be read at all. */
  get unreadable(): number {
    return this.#unreadable.length;
  }

  addPage(page: number, pageText: PageText | undefined, added: PageAnnotations | undefined, hasText: boolean): void {
    if (added) this.#addAnnotations(page, added);
    if (!pageText) this.#unreadable.push(page);
    else if (!hasText) this.#withoutText.add(page);
    if (!pageText) return;
    if (pageText.unknown > 0) this.#unknown.push({ page, count: pageText.unknown });
    if (pageText.beyond > 0) this.#beyond.push({ page, count: pageText.beyond });
    if (pageText.clipped > 0) this.#clipped.push({ page, count: pageText.clipped });
    // A few may be a font's bullets; many mean that a font does not say which letters it shows.
    if (pageText.guessed > 0.1 * pageText.chars) this.#guessed.push({ page, count: pageText.guessed });
  }

  addXfa(form: XfaForm): void {
    this.#xfa = form;
  }

  /** The page's picture was recognised, so the page has text. */
  addRecognised(page: number): void {
    this.#withoutText.delete(page);
  }

  /** `undecided`: how many pieces of text are read although they may be hidden. */
  addHiddenLayers(names: readonly string[], undecided: number): void {
    this.#hiddenLayers.push(...names);
    this.#undecided = undecided;
  }

  addAttached(names: readonly string[]): void {
    this.#attached.push(...names);
  }

  #addAnnotations(
    page: number,
    { fields, unfilled, comments, highlights, unread, media, attached }: PageAnnotations,
  ): void {
    if (fields > 0) this.#fields.push({ page, count: fields });
    if (unfilled > 0) this.#unfilled.push({ page, count: unfilled });
    if (comments > 0) this.#comments.push({ page, count: comments });
    if (highlights > 0) this.#highlights.push({ page, count: highlights });
    if (unread > 0) this.#unreadAnnotations.push({ page, count: unread });
    if (media > 0) this.#media.push({ page, count: media });
    this.#attached.push(...attached);
  }

  addTo(notes: ImportNotes): void {
    notePages(notes, 'pages-without-text', [...this.#withoutText], 'no text (blank or scanned)');
    notePages(notes, 'pages-unreadable', this.#unreadable, 'damage and could not be read');
    noteEachPage(
      notes,
      'unknown-glyphs',
      this.#unknown,
      (count) =>
        `${plural(count, 'character')} on the page ${count === 1 ? 'has' : 'have'} no known letter: the file does not say what ${count === 1 ? 'it means' : 'they mean'}. Each is shown as \uFFFD.`,
    );
    noteEachPage(
      notes,
      'guessed-letters',
      this.#guessed,
      (count) =>
        `${plural(count, 'character')} ${are(count)} guessed: the fonts do not say which letters they show. Compare with the page.`,
    );
    noteEachPage(
      notes,
      'hidden-text',
      this.#beyond,
      (count) =>
        `${plural(count, 'passage')} ${count === 1 ? 'stands' : 'stand'} outside the edges of the page, which does not show ${count === 1 ? 'it' : 'them'}; the text leaves ${count === 1 ? 'it' : 'them'} out.`,
    );
    noteEachPage(
      notes,
      'hidden-text',
      this.#clipped,
      (count) =>
        `${plural(count, 'passage')} ${are(count)} cut off, as around a cropped figure; the page does not show ${count === 1 ? 'it' : 'them'}, and the text leaves ${count === 1 ? 'it' : 'them'} out.`,
    );
    noteEachPage(
      notes,
      'form-fields',
      this.#fields,
      (count) =>
        `${plural(count, 'form field')} ${are(count)} filled in; what is filled in stands in the text where the field is.`,
    );
    noteEachPage(
      notes,
      'unfilled-fields',
      this.#unfilled,
      (count) => `${plural(count, 'form field')} ${are(count)} not filled in.`,
    );
    noteEachPage(
      notes,
      'comments',
      this.#comments,
      (count) =>
        `${plural(count, 'comment')} or other annotation${count === 1 ? '' : 's'}, in the text where ${count === 1 ? 'it stands' : 'they stand'}.`,
    );
    noteEachPage(
      notes,
      'highlights',
      this.#highlights,
      (count) =>
        `${plural(count, 'passage')} highlighted, underlined or struck out; the words are repeated after the paragraph.`,
    );
    noteEachPage(
      notes,
      'other',
      this.#unreadAnnotations,
      (count) => `${plural(count, 'further annotation')} ${are(count)} not read: there are too many.`,
    );
    noteEachPage(notes, 'media', this.#media, (count) => `${plural(count, 'film or sound')} ${are(count)} not read.`);
    if (this.#xfa) {
      const { values, isDynamic } = this.#xfa;
      const where = isDynamic ? 'the pages hold only a notice' : 'the pages may show it as it was saved last';
      const sentence = `The file is an XFA form, which only Adobe's programs draw; ${where}. Its labels and layout are not read: print it to PDF in Adobe Reader and open that.`;
      notes.add({ kind: 'parts-not-read', count: 1, names: ['XFA form'], sentence });
      if (values.length > 0) {
        const sentence = `${plural(values.length, 'value')} ${are(values.length)} filled into the XFA form and ${values.length === 1 ? 'stands' : 'stand'} at the end of the text.`;
        notes.add({ kind: 'form-fields', count: values.length, sentence });
      }
    }
    if (this.#hiddenLayers.length > 0) {
      const count = this.#hiddenLayers.length;
      const named = this.#hiddenLayers.slice(0, 20);
      const sentence = `${plural(count, 'layer')} of the file ${are(count)} switched off; the page does not show what is on ${count === 1 ? 'it' : 'them'}, and the text leaves it out: ${named.join(', ')}.`;
      notes.add({ kind: 'hidden-layers', count, names: named, sentence });
    }
    if (this.#undecided > 0) {
      const sentence = `${plural(this.#undecided, 'piece')} of text ${are(this.#undecided)} on layers that rules of the file switch on and off; which rule holds is not known, so the text may have more than the page shows.`;
      notes.add({ kind: 'other', count: this.#undecided, sentence });
    }
    if (this.#attached.length > 0) {
      const count = this.#attached.length;
      const named = this.#attached.slice(0, 20);
      const more = count > named.length ? ` and ${count - named.length} more` : '';
      const sentence = `${plural(count, 'file')} ${are(count)} attached to the PDF and ${are(count)} not read: ${named.join(', ')}${more}. Save ${count === 1 ? 'it' : 'them'} from a PDF viewer to open ${count === 1 ? 'it' : 'them'}.`;
      notes.add({ kind: 'attachments', count, names: named, sentence });
    }
  }
}

export function notePages(notes: ImportNotes, kind: NoteKind, pages: readonly number[], what: string): void {
  if (pages.length === 0) return;
  const one = pages.length === 1;
  const sentence = `${one ? 'Page' : 'Pages'} ${pageRanges(pages)} ${one ? 'has' : 'have'} ${what}.`;
  notes.add({ kind, count: pages.length, ...(one ? { page: pages[0] as number } : {}), sentence });
}

function noteEachPage(
  notes: ImportNotes,
  kind: NoteKind,
  pages: readonly OnPage[],
  sentenceFor: (count: number) => string,
): void {
  const named = pages.slice(0, mostPagesNamed);
  for (const { page, count } of named)
    notes.add({ kind, count, page, sentence: `Page ${page}: ${sentenceFor(count)}` });
  const rest = pages.slice(named.length);
  if (rest.length === 0) return;
  const count = rest.reduce((sum, each) => sum + each.count, 0);
  notes.add({ kind, count, sentence: `Pages ${pageRanges(rest.map(({ page }) => page))}: ${sentenceFor(count)}` });
}
