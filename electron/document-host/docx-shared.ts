/** What the readers of one DOCX share: its parts, styles, notes and comments, and counts for the import's notes. */
import type { NoteKind } from '../contract/import-notes.ts';
import { are, plural, were } from '../contract/number-words.ts';
import type { DocxPackage } from './docx-package.ts';
import { integer, isOn, Styles } from './docx-styles.ts';
import type { ImportNotes } from './import-notes.ts';
import { formatNumber } from './number-formats.ts';
import { childNamed, childrenNamed, descendantsNamed, type XmlElement } from './xml-tree.ts';

export type NoteStory = 'footnote' | 'endnote';

export interface Comment {
  author: string;
  content: XmlElement;
  isReply: boolean;
  isDone: boolean;
}

interface NoteMarks {
  format: string;
  next: number;
  given: Map<string, number>; // by id
}

export class DocxShared {
  readonly files: DocxPackage;
  readonly notes: ImportNotes;
  readonly styles: Styles;
  readonly numbering: XmlElement | undefined;
  readonly comments = new Map<string, Comment>(); // by id
  readonly #stories: Record<NoteStory, ReadonlyMap<string, XmlElement>>;
  readonly #marks: Record<NoteStory, NoteMarks>;
  readonly #met = new Set<string>();
  readonly #counts = new Map<NoteKind, number>();

  constructor(files: DocxPackage, notes: ImportNotes) {
    this.files = files;
    this.notes = notes;
    this.styles = new Styles(this.related('styles'));
    this.numbering = this.related('numbering');
    this.#stories = { footnote: this.#story('footnote'), endnote: this.#story('endnote') };
    const settings = this.related('settings');
    this.#marks = {
      footnote: markFormat(childNamed(settings, 'w:footnotePr'), 'decimal'),
      endnote: markFormat(childNamed(settings, 'w:endnotePr'), 'lowerRoman'),
    };
    this.#readComments();
  }

  /** A part that the main text refers to. If it is damaged, a note names it and the rest is read. */
  related(kind: string): XmlElement | undefined {
    const part = this.files.related(this.files.mainPart, kind);
    return part === undefined ? undefined : this.part(part);
  }

  part(name: string): XmlElement | undefined {
    try {
      return this.files.xml(name);
    } catch {
      this.leftOut(name, 'it is damaged');
      return undefined;
    }
  }

  leftOut(name: string, why: string): void {
    const shown = name.slice(name.lastIndexOf('/') + 1);
    const sentence = `The part ${shown} of the file was not read: ${why}.`;
    this.notes.add({ kind: 'parts-not-read', count: 1, names: [shown], sentence });
  }

  count(kind: NoteKind, by = 1): void {
    this.#counts.set(kind, this.counted(kind) + by);
  }

  counted(kind: NoteKind): number {
    return this.#counts.get(kind) ?? 0;
  }

  /** Counts a content control that shows its placeholder, "Click to enter text", because nothing is filled in. */
  countUnfilled(control: XmlElement): void {
    const placeholder = childNamed(childNamed(control, 'w:sdtPr'), 'w:showingPlcHdr');
    if (placeholder && isOn(placeholder.attributes['w:val'] ?? 'true')) this.count('unfilled-fields');
  }

  /** The text of a note, without its mark. */
  noteContent(story: NoteStory, id: string): XmlElement | undefined {
    return this.#stories[story].get(id);
  }

  mark(story: NoteStory, id: string): string {
    const marks = this.#marks[story];
    const number = marks.given.get(id) ?? marks.next++;
    marks.given.set(id, number);
    return formatNumber(number, marks.format);
  }

  /** A note or comment is read only where it occurs first, which also ends one that refers to itself. */
  isFirst(kind: NoteStory | 'comment', id: string): boolean {
    const key = `${kind} ${id}`;
    if (this.#met.has(key)) return false;
    this.#met.add(key);
    return true;
  }

  addNotes(): void {
    const sentences: [NoteKind, (n: number) => string][] = [
      [
        'tracked-changes',
        (n) =>
          `${plural(n, 'tracked change')} ${were(n)} read as accepted: what was inserted stands in the text, what was deleted does not.`,
      ],
      [
        'comments',
        (n) =>
          `${plural(n, 'comment')} ${n === 1 ? 'stands' : 'stand'} in the text, in brackets where ${n === 1 ? 'it was' : 'they were'} made.`,
      ],
      [
        'unfilled-fields',
        (n) =>
          `${plural(n, 'field')} of the document ${are(n)} not filled in: the text has the placeholder that the page shows there.`,
      ],
      ['hidden-text', (n) => `${plural(n, 'passage')} marked as hidden ${were(n)} left out.`],
      ['equations', (n) => `${plural(n, 'equation')} ${were(n)} written as text, in LaTeX.`],
      ['pictures', (n) => `${plural(n, 'picture')} without a description ${were(n)} not read.`],
      [
        'fields-without-result',
        (n) => `${plural(n, 'field')} had no result in the file. Update the fields in Word (F9) and save it anew.`,
      ],
    ];
    for (const [kind, sentence] of sentences) {
      const n = this.counted(kind);
      if (n > 0) this.notes.add({ kind, count: n, sentence: sentence(n) });
    }
  }

  #story(story: NoteStory): Map<string, XmlElement> {
    const found = new Map<string, XmlElement>();
    for (const element of childrenNamed(this.related(`${story}s`), `w:${story}`)) {
      // The lines that Word draws above the notes are stored as notes of a special type.
      if (/separator|notice/i.test(element.attributes['w:type'] ?? '')) continue;
      found.set(element.attributes['w:id'] ?? '', element);
    }
    return found;
  }

  #readComments(): void {
    const extended = new Map<string, { isReply: boolean; isDone: boolean }>(); // by the id of the comment's last paragraph
    for (const { attributes } of childrenNamed(this.related('commentsExtended'), 'w15:commentEx')) {
      extended.set((attributes['w15:paraId'] ?? '').toUpperCase(), {
        isReply: attributes['w15:paraIdParent'] !== undefined,
        isDone: isOn(attributes['w15:done']),
      });
    }
    for (const content of childrenNamed(this.related('comments'), 'w:comment')) {
      const last = descendantsNamed(content, 'w:p').at(-1)?.attributes['w14:paraId'] ?? '';
      const { isReply = false, isDone = false } = extended.get(last.toUpperCase()) ?? {};
      const { 'w:id': id = '', 'w:author': author = '' } = content.attributes;
      this.comments.set(id, { author: author.trim(), content, isReply, isDone });
    }
  }
}

function markFormat(properties: XmlElement | undefined, otherwise: string): NoteMarks {
  return {
    format: childNamed(properties, 'w:numFmt')?.attributes['w:val'] ?? otherwise,
    next: integer(childNamed(properties, 'w:numStart')?.attributes['w:val']) ?? 1,
    given: new Map(),
  };
}
