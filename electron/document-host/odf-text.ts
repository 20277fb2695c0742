/**
 * Text of an OpenDocument file as Markdown blocks: headings, paragraphs, numbered lists, tables, and notes and comments at their places.
 */
import { readOdfDrawing } from './odf-drawings.ts';
import type { OdfPackage } from './odf-package.ts';
import { ListCounter, type ListLevel, type OdfStyles } from './odf-styles.ts';
import { subscript, superscript } from './script-marks.ts';
import { type Cell, maxSpan, tableText } from './table-text.ts';
import type { WriterNotes } from './writer-notes.ts';
import {
  childNamed,
  childrenNamed,
  descendantsNamed,
  elements,
  isElement,
  textOf,
  type XmlElement,
} from './xml-tree.ts';

const maxRepeats = 1000; // of a row or cell that the file writes once
const textProperties = 'style:text-properties';

interface InList {
  levels: ReadonlyMap<number, ListLevel>;
  counter: ListCounter;
  level: number; // from 1
}

export class OdfText {
  readonly files: OdfPackage;
  readonly found: WriterNotes;
  readonly #styles: OdfStyles;
  readonly #outline = new ListCounter();
  readonly #counters = new Map<string, ListCounter>(); // by list id, and the last one by list style
  #footnotes: string[] = []; // of the block that is being read
  #after: string[] = []; // text boxes and the like: they follow the paragraph that they are anchored to

  constructor(files: OdfPackage, styles: OdfStyles, found: WriterNotes) {
    this.files = files;
    this.#styles = styles;
    this.found = found;
  }

  blocks(parent: XmlElement): string[] {
    return elements(parent).flatMap((element) => this.#block(element));
  }

  /** The blocks in one line, for a cell or a comment. */
  line(parent: XmlElement): string {
    return this.blocks(parent).join('\n').trim();
  }

  #block(element: XmlElement): string[] {
    const { name, attributes } = element;
    switch (name) {
      case 'text:h':
        return this.#heading(element, '');
      case 'text:p':
        return this.#finish(this.#paragraph(element));
      case 'text:list':
        return this.#list(element, undefined);
      case 'table:table':
        return [this.table(element)].filter((text) => text !== '');
      case 'text:section':
        if (attributes['text:display'] !== 'none') return this.blocks(element);
        this.found.hidden++;
        return [];
      case 'text:tracked-changes':
        this.found.trackedChanges += childrenNamed(element, 'text:changed-region').length;
        return [];
      case 'office:annotation':
        return [this.#comment(element, '')];
      case 'text:index-title-template':
      case 'text:sequence-decls':
      case 'text:variable-decls':
      case 'text:user-field-decls':
      case 'office:forms':
      case 'office:settings':
        return [];
      default:
        if (/-source$|-template$/.test(name)) return []; // how an index is made
        if (name.startsWith('draw:') || name.startsWith('dr3d:')) return this.drawing(element);
        return this.blocks(element);
    }
  }

  #heading(element: XmlElement, label: string): string[] {
    const level = Math.max(1, Number(element.attributes['text:outline-level'] ?? 1) || 1);
    const isListHeader = element.attributes['text:is-list-header'] === 'true';
    const text = this.#paragraph(element);
    if (text === '') return this.#finish('');
    const own = label !== '' || isListHeader ? label : this.#outline.next(this.#styles.outline, level, undefined);
    const line = [own, text.replace(/\s*\n\s*/g, ' ')].filter(Boolean).join(' ');
    return this.#finish(`${'#'.repeat(Math.min(6, level))} ${line}`);
  }

  #paragraph(element: XmlElement): string {
    const style = element.attributes['text:style-name'];
    if (this.#styles.property('paragraph', style, textProperties, 'text:display') === 'none') {
      if (textOf(element).trim() !== '') this.found.hidden++;
      return '';
    }
    return this.#inline(element, '').replace(/^[ \n]+|[ \t\n]+$/g, '');
  }

  /** The block, followed by its footnotes and text boxes. */
  #finish(text: string): string[] {
    const all = [text, ...this.#footnotes, ...this.#after].filter((block) => block !== '');
    this.#footnotes = [];
    this.#after = [];
    return all;
  }

  #list(list: XmlElement, outer: InList | undefined): string[] {
    const { attributes } = list;
    const styleName = attributes['text:style-name'] ?? firstParagraphList(list, this.#styles);
    const levels = this.#styles.list(styleName) ?? outer?.levels ?? new Map();
    const inList: InList = outer
      ? { levels, counter: outer.counter, level: outer.level + 1 }
      : { levels, counter: this.#counterOf(attributes, styleName ?? ''), level: 1 };
    const lines: string[] = [];
    for (const item of elements(list)) {
      if (item.name !== 'text:list-item' && item.name !== 'text:list-header') continue;
      lines.push(...this.#item(item, inList));
    }
    // A list with its nested lists is one block; empty lines separate headings inside it.
    return outer ? lines : [lines.join('\n')].filter((text) => text !== '');
  }

  #counterOf(attributes: Record<string, string>, style: string): ListCounter {
    const goesOn = attributes['text:continue-list'];
    const known =
      goesOn !== undefined
        ? this.#counters.get(`#${goesOn}`)
        : attributes['text:continue-numbering'] === 'true'
          ? this.#counters.get(style)
          : undefined;
    const counter = known ?? new ListCounter();
    this.#counters.set(style, counter);
    if (attributes['xml:id'] !== undefined) this.#counters.set(`#${attributes['xml:id']}`, counter);
    return counter;
  }

  #item(item: XmlElement, inList: InList): string[] {
    const { levels, counter, level } = inList;
    const indent = '  '.repeat(Math.min(8, level - 1));
    const lines: string[] = [];
    let labelled = item.name === 'text:list-header';
    for (const child of elements(item)) {
      if (child.name === 'text:list') {
        lines.push(...this.#list(child, inList));
        continue;
      }
      let label = '';
      if (!labelled) {
        const start = Number(item.attributes['text:start-value']);
        label = counter.next(levels, level, Number.isInteger(start) ? start : undefined);
        labelled = true;
        if (label === '' && levels.get(level)?.isNumber !== true) label = '-';
      }
      if (child.name === 'text:h') {
        lines.push('', ...this.#heading(child, label === '-' ? '' : label), '');
        continue;
      }
      const [text = '', ...more] = this.#block(child);
      if (text !== '') lines.push(`${indent}${[label, text].filter(Boolean).join(' ')}`);
      lines.push(...more.map((block) => `${indent}${block}`));
    }
    return lines;
  }

  table(table: XmlElement): string {
    const rows: Cell[][] = [];
    const visit = (parent: XmlElement): void => {
      for (const row of elements(parent)) {
        if (row.name !== 'table:table-row') {
          if (/^table:table-(header-rows|rows|row-group)$/.test(row.name)) visit(row);
          continue;
        }
        const cells = this.#cells(row);
        const times = Math.min(maxRepeats, Number(row.attributes['table:number-rows-repeated'] ?? 1) || 1);
        for (let i = 0; i < (cells.some(({ text }) => text !== '') ? times : 1); i++) rows.push(cells);
      }
    };
    visit(table);
    return tableText(rows);
  }

  #cells(row: XmlElement): Cell[] {
    const cells: Cell[] = [];
    let covered = 0; // cells to come that this row's own span covers
    for (const cell of elements(row)) {
      if (!/^table:(covered-)?table-cell$/.test(cell.name)) continue;
      const repeats = Math.min(maxSpan, Number(cell.attributes['table:number-columns-repeated'] ?? 1) || 1);
      for (let i = 0; i < repeats; i++) {
        if (cell.name === 'table:covered-table-cell') {
          if (covered > 0) covered--;
          else cells.push({ text: '', columns: 1, below: 'above' });
          continue;
        }
        const columns = Math.min(maxSpan, Number(cell.attributes['table:number-columns-spanned'] ?? 1) || 1);
        covered = columns - 1;
        cells.push({ text: this.line(cell), columns, below: 'none' });
      }
    }
    return cells;
  }

  drawing(element: XmlElement): string[] {
    return readOdfDrawing(this, element);
  }

  #inline(parent: XmlElement, start: string): string {
    let text = start;
    for (const node of parent.children) text += isElement(node) ? this.#inlineElement(node, text) : collapsed(node);
    return text.slice(start.length);
  }

  #inlineElement(element: XmlElement, before: string): string {
    const { name, attributes } = element;
    switch (name) {
      case 'text:s':
        return ' '.repeat(Math.min(100, Number(attributes['text:c'] ?? 1) || 1));
      case 'text:tab':
        return '\t';
      case 'text:line-break':
        return '\n';
      case 'text:span':
        return this.#span(element, before);
      case 'text:note':
        return this.#note(element);
      case 'office:annotation':
        return this.#comment(element, before);
      case 'text:hidden-text':
      case 'text:hidden-paragraph':
        if (attributes['text:is-hidden'] === 'true') {
          this.found.hidden++;
          return '';
        }
        return this.#inline(element, '') || (attributes['text:string-value'] ?? '');
      case 'text:ruby': {
        const base = childNamed(element, 'text:ruby-base');
        const reading = textOf(childNamed(element, 'text:ruby-text') ?? { name: '', attributes: {}, children: [] });
        return `${base ? this.#inline(base, '') : ''}${reading.trim() === '' ? '' : `(${reading.trim()})`}`;
      }
      case 'text:script':
      case 'office:annotation-end':
      case 'text:alphabetical-index-mark':
      case 'text:toc-mark':
        return '';
      default:
        if (!name.startsWith('draw:')) return this.#inline(element, '');
        return this.#anchored(element);
    }
  }

  /** A formula or a picture's description is put into the line; a text box follows the paragraph. */
  #anchored(element: XmlElement): string {
    const outer = { footnotes: this.#footnotes, after: this.#after };
    this.#footnotes = [];
    this.#after = [];
    const blocks = this.drawing(element);
    this.#footnotes = outer.footnotes;
    this.#after = outer.after;
    const [first = ''] = blocks;
    if (blocks.length <= 1 && /^[[$][^\n]*[\]$]$/.test(first)) return first;
    this.#after.push(...blocks);
    return '';
  }

  #span(element: XmlElement, before: string): string {
    const style = element.attributes['text:style-name'];
    if (this.#styles.property('text', style, textProperties, 'text:display') === 'none') {
      if (textOf(element).trim() !== '') this.found.hidden++;
      return '';
    }
    const text = this.#inline(element, '');
    const position = this.#styles.property('text', style, textProperties, 'style:text-position') ?? '';
    if (/^super|^[1-9]/.test(position)) return superscript(text, before);
    return /^sub|^-/.test(position) ? subscript(text) : text;
  }

  #note(element: XmlElement): string {
    const mark = `[${textOf(childNamed(element, 'text:note-citation') ?? element).trim()}]`;
    const body = childNamed(element, 'text:note-body');
    if (body) {
      const outer = this.#footnotes;
      this.#footnotes = [];
      const text = this.line(body);
      this.#footnotes = outer;
      this.#footnotes.push(`${mark} ${text}`);
    }
    return mark;
  }

  #comment(element: XmlElement, before: string): string {
    const creator = childNamed(element, 'dc:creator');
    const author = creator ? textOf(creator).trim() : '';
    const paragraphs = [...descendantsNamed(element, 'text:p')].map((paragraph) => this.#inline(paragraph, '').trim());
    this.found.comments++;
    const text = `[Comment${author === '' ? '' : ` by ${author}`}: ${paragraphs.filter(Boolean).join(' ')}]`;
    return before === '' || /\s$/.test(before) ? text : ` ${text}`;
  }
}

function firstParagraphList(list: XmlElement, styles: OdfStyles): string | undefined {
  const item = elements(list)[0];
  const paragraph = item && elements(item).find(({ name }) => name === 'text:p' || name === 'text:h');
  return styles.listOfParagraph(paragraph?.attributes['text:style-name']);
}

/** Any white space in the file means one space; further spaces are written as elements. */
function collapsed(text: string): string {
  return text.replace(/[ \t\r\n]+/g, ' ');
}
