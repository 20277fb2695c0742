/** One text of a DOCX (the main one, a header, a note, a cell) as blocks of Markdown: paragraphs, lists, headings, tables. */
import { readDrawing } from './docx-drawings.ts';
import { type InlineHost, InlineReader } from './docx-inline.ts';
import { Numbering } from './docx-numbering.ts';
import type { DocxShared, NoteStory } from './docx-shared.ts';
import { integer, isOn, outlineLevel, type Style, toggle } from './docx-styles.ts';
import { type Cell, cellLine, maxSpan, tableText } from './table-text.ts';
import { childNamed, childrenNamed, elements, type XmlElement } from './xml-tree.ts';

export interface StoryOptions {
  /** The part with this text. */
  part: string;
  /** A header or footer, in which page numbers differ on each page. */
  leavesPagesOut?: boolean;
  /** The text of another file that is inserted here, by the relation's id. */
  chunk(id: string): string;
  /** Called with the section properties, in order. */
  section?(properties: XmlElement): void;
}

interface Block {
  text: string;
  isItem: boolean; // items follow each other without an empty line
  isHeading: boolean;
}

const pageWords = new Set(
  'page pages of seite seiten von página pagina páginas de di da sur van strona z str стр страница из p pg s 第 页 頁 共'.split(
    ' ',
  ),
);

export class StoryReader implements InlineHost {
  readonly #shared: DocxShared;
  readonly #options: StoryOptions;
  readonly #numbering: Numbering;
  readonly #inline: InlineReader;
  readonly #blocks: Block[] = [];
  readonly #parent: StoryReader | undefined; // of a cell: its notes go below the whole table
  readonly #notes: { story: NoteStory; id: string; mark: string }[] = [];
  readonly #endnotes: { id: string; mark: string }[] = [];
  readonly #drawn: Block[] = [];
  #joined = ''; // text of a paragraph whose end is deleted or hidden: the next one goes on in its line
  #hasTable = false;
  drawings = 0;

  constructor(shared: DocxShared, options: StoryOptions, parent?: StoryReader) {
    this.#shared = shared;
    this.#options = options;
    this.#parent = parent;
    this.#numbering = parent ? parent.#numbering : new Numbering(shared.numbering, shared.styles);
    this.#inline = new InlineReader(shared, this, options.leavesPagesOut ?? false);
  }

  get isLayout(): boolean {
    // A heading alone in a cell is the label of a column.
    return this.#hasTable || (this.#blocks.length > 1 && this.#blocks.some(({ isHeading }) => isHeading));
  }

  read(element: XmlElement): void {
    for (const child of elements(element)) this.block(child);
  }

  block(element: XmlElement): void {
    switch (element.name) {
      case 'w:p':
        this.#paragraph(element);
        break;
      case 'w:tbl':
        this.#table(element);
        break;
      case 'w:altChunk':
        this.#add(this.#options.chunk(element.attributes['r:id'] ?? ''));
        break;
      case 'w:sectPr':
        this.#options.section?.(element);
        break;
      case 'w:subDoc':
        this.#shared.leftOut(this.#linked(element), 'it is another file that this one only points to');
        break;
      case 'mc:AlternateContent':
        this.#alternative(element);
        break;
      case 'm:oMathPara':
      case 'm:oMath':
      case 'w:r':
      case 'w:hyperlink':
        this.#paragraph({ name: 'w:p', attributes: {}, children: [element] }); // text outside of a paragraph
        break;
      case 'w:ins':
      case 'w:moveTo':
        this.#shared.count('tracked-changes');
        this.read(element);
        break;
      case 'w:del':
        this.#shared.count('tracked-changes');
        break;
      case 'w:sdt':
        this.#shared.countUnfilled(element);
        this.read(element);
        break;
      case 'w:moveFrom':
      case 'w:sdtPr':
      case 'w:sdtEndPr':
      case 'w:tcPr':
        break;
      default:
        this.read(element); // customXml and other elements that contain blocks
    }
  }

  /** Returns the whole text, with everything that was held back. */
  finish(): string {
    const held = [this.#joined, this.#inline.fields.storyEnd()].filter((text) => text.trim() !== '').join('\n');
    this.#joined = '';
    if (held !== '') this.#add(held);
    for (const { id, mark } of this.#endnotes.splice(0)) this.#addNote('endnote', id, mark);
    return joinBlocks(this.#blocks);
  }

  drawing(element: XmlElement): void {
    const { boxes, blocks, pictures } = readDrawing(this.#shared, this.#options.part, element);
    this.drawings += boxes.length + blocks.length + pictures;
    for (const box of boxes) {
      const reader = new StoryReader(this.#shared, this.#options, this);
      reader.read(box);
      const text = reader.finish();
      if (text.trim() !== '') this.#drawn.push({ text, isItem: false, isHeading: false });
    }
    for (const text of blocks) this.#drawn.push({ text, isItem: false, isHeading: false });
  }

  noteMark(story: NoteStory, id: string, customMark: string | undefined): string {
    if (!this.#shared.noteContent(story, id)) return customMark ?? '';
    const mark = `[${customMark ?? this.#shared.mark(story, id)}]`;
    if (!this.#shared.isFirst(story, id)) return mark;
    const root = this.#root();
    if (story === 'endnote') root.#endnotes.push({ id, mark });
    else root.#notes.push({ story, id, mark });
    return mark;
  }

  comment(id: string): string {
    const comment = this.#shared.comments.get(id);
    if (!comment || !this.#shared.isFirst('comment', id)) return '';
    this.#shared.count('comments');
    const by = comment.author === '' ? '' : ` by ${comment.author}`;
    const done = comment.isDone && !comment.isReply ? ', resolved' : '';
    return `[${comment.isReply ? 'Reply' : 'Comment'}${by}${done}: ${this.#apart(comment.content)}]`;
  }

  /** A text with a numbering of its own, such as a comment, in one line. */
  #apart(content: XmlElement): string {
    const reader = new StoryReader(this.#shared, { ...this.#options, section: () => {} });
    reader.read(content);
    return cellLine(reader.finish());
  }

  #paragraph(element: XmlElement): void {
    const properties = childNamed(element, 'w:pPr');
    const style = this.#shared.styles.paragraph(childNamed(properties, 'w:pStyle')?.attributes['w:val']);
    const { text, changes } = this.#inline.paragraph(element, style);
    const section = childNamed(properties, 'w:sectPr');
    if (section) this.#options.section?.(section);
    const whole = this.#joined + this.#withoutPages(text);
    this.#joined = '';
    if (this.#endIsGone(properties, changes)) this.#joined = whole;
    else if (childNamed(properties, 'w:framePr')?.attributes['w:dropCap']?.match(/drop|margin/))
      this.#joined = whole.trim();
    else this.#addParagraph(whole, properties, style);
    this.#blocks.push(...this.#drawn.splice(0));
    if (this.#joined === '') this.#flushNotes();
  }

  #addParagraph(text: string, properties: XmlElement | undefined, style: Style): void {
    const number = this.#number(properties, style);
    const heading = outlineLevel(properties) ?? style.heading ?? (style.isTitle ? 1 : 0);
    if (text.trim() === '' && (!number || number.bullet)) return;
    const label = number && (!number.bullet || heading === 0) ? number.text : '';
    if (heading > 0) {
      const line = (label + text).replace(/\s+/g, ' ').trim();
      this.#blocks.push({ text: `${'#'.repeat(Math.min(heading, 6))} ${line}`, isItem: false, isHeading: true });
      return;
    }
    const indent = number ? '  '.repeat(number.level) : '';
    this.#blocks.push({
      text: `${indent}${label}${text.trim()}`.trimEnd(),
      isItem: number !== undefined,
      isHeading: false,
    });
  }

  #number(properties: XmlElement | undefined, style: Style): ReturnType<Numbering['next']> {
    const own = childNamed(properties, 'w:numPr');
    const value = (name: string): string | undefined => childNamed(own, name)?.attributes['w:val'];
    const numId = value('w:numId') ?? style.numId;
    if (numId === undefined || numId === '0') return undefined;
    const level = integer(value('w:ilvl'));
    // A number that comes from a style has the level that names this style, else the style's own level.
    return value('w:numId') === undefined
      ? this.#numbering.next(numId, level, style.ids, style.level)
      : this.#numbering.next(numId, level ?? 0, []);
  }

  /** Whether the paragraph mark is deleted, moved or hidden, so that the next paragraph continues this one. */
  #endIsGone(properties: XmlElement | undefined, changes: number): boolean {
    const mark = childNamed(properties, 'w:rPr');
    const isDeleted = childNamed(mark, 'w:del') !== undefined;
    if (changes === 0 && (isDeleted || childNamed(mark, 'w:ins'))) this.#shared.count('tracked-changes');
    return isDeleted || childNamed(mark, 'w:moveFrom') !== undefined || (toggle(mark, 'w:vanish') ?? false);
  }

  /** Leaves out a header's text beside a page number only if it consists of words such as "page" and "of". */
  #withoutPages(text: string): string {
    const isOnlyPage = text
      .toLowerCase()
      .split(/[^\p{L}]+/u)
      .every((word) => word === '' || pageWords.has(word));
    return this.#inline.fields.takeMetPageField() && isOnlyPage ? '' : text;
  }

  #table(table: XmlElement): void {
    this.#hasTable = true;
    const rows: Cell[][] = [];
    let isLayout = false;
    for (const row of rowsOf(table)) {
      const properties = childNamed(row, 'w:trPr');
      if (childNamed(properties, 'w:del')) {
        this.#shared.count('tracked-changes');
        continue;
      }
      if (childNamed(properties, 'w:ins')) this.#shared.count('tracked-changes');
      if (toggle(properties, 'w:hidden')) {
        this.#shared.count('hidden-text');
        continue;
      }
      const skipped = integer(childNamed(properties, 'w:gridBefore')?.attributes['w:val']) ?? 0;
      const cells: Cell[] = skipped > 0 ? [{ text: '', columns: Math.min(skipped, maxSpan), below: 'none' }] : [];
      for (const cell of cellsOf(row)) {
        const { read, layout } = this.#cell(cell);
        isLayout ||= layout;
        if (read.below === 'left' && cells.length > 0) (cells.at(-1) as Cell).columns++;
        else cells.push(read);
      }
      rows.push(cells);
    }
    const isFrame = rows.every((cells) => cells.length < 2); // a box around text
    if (isLayout || isFrame) for (const cell of rows.flat()) this.#add(cell.text);
    else this.#add(tableText(rows));
    this.#flushNotes();
  }

  #cell(cell: XmlElement): { read: Cell; layout: boolean } {
    const properties = childNamed(cell, 'w:tcPr');
    const reader = new StoryReader(this.#shared, this.#options, this);
    reader.read(cell);
    const written = reader.finish();
    const text = reader.isLayout ? written : written.replace(/^#{1,6} /, '');
    const value = (name: string): string | undefined => childNamed(properties, name)?.attributes['w:val'];
    const goesOn = (name: string): boolean =>
      childNamed(properties, name) !== undefined && value(name) !== 'restart' && isOn(value(name) ?? 'continue');
    return {
      read: {
        text,
        columns: Math.min(Math.max(integer(value('w:gridSpan')) ?? 1, 1), maxSpan),
        below: goesOn('w:hMerge') ? 'left' : goesOn('w:vMerge') ? 'above' : 'none',
      },
      layout: reader.isLayout,
    };
  }

  #alternative(element: XmlElement): void {
    const before = this.#blocks.length + this.#joined.length;
    for (const branch of elements(element)) {
      this.read(branch);
      if (this.#blocks.length + this.#joined.length > before) return;
    }
  }

  #root(): StoryReader {
    return this.#parent ? this.#parent.#root() : this;
  }

  #flushNotes(): void {
    if (this.#parent) return;
    for (const { story, id, mark } of this.#notes.splice(0)) this.#addNote(story, id, mark);
  }

  #addNote(story: NoteStory, id: string, mark: string): void {
    const content = this.#shared.noteContent(story, id);
    const text = content ? this.#apart(content) : '';
    if (text !== '') this.#add(`${mark} ${text}`);
  }

  #add(text: string): void {
    if (text.trim() !== '') this.#blocks.push({ text: text.trim(), isItem: false, isHeading: false });
  }

  #linked(element: XmlElement): string {
    return (
      this.#shared.files.relations(this.#options.part).get(element.attributes['r:id'] ?? '')?.target ?? 'subdocument'
    );
  }
}

function rowsOf(table: XmlElement): XmlElement[] {
  return within(table, 'w:tr', 'w:tbl');
}

function cellsOf(row: XmlElement): XmlElement[] {
  return within(row, 'w:tc', 'w:tr').filter((cell) => !childNamed(childNamed(cell, 'w:tcPr'), 'w:cellDel'));
}

/** Rows or cells, which may be inside content controls and tracked changes. */
function within(element: XmlElement, name: string, stop: string): XmlElement[] {
  return elements(element).flatMap((child) => {
    if (child.name === name) return [child];
    if (child.name === stop || child.name === 'w:del' || /Pr$/.test(child.name)) return [];
    const branch = child.name === 'mc:AlternateContent' ? childrenNamed(child, 'mc:Choice')[0] : child;
    return branch ? within(branch, name, stop) : [];
  });
}

function joinBlocks(blocks: readonly Block[]): string {
  let text = '';
  for (const [i, block] of blocks.entries()) {
    const before = blocks[i - 1];
    text += (before ? (before.isItem && block.isItem ? '\n' : '\n\n') : '') + block.text;
  }
  return text;
}
