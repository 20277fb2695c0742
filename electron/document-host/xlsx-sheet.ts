/** Reads one sheet of a workbook: its rows with merged cells repeated and comments in their cells, then charts and text boxes. */
import { chartText } from './docx-drawings.ts';
import type { DocxPackage } from './docx-package.ts';
import type { SheetNotes } from './sheet-notes.ts';
import type { TableParts } from './table-parts.ts';
import { repeated } from './table-text.ts';
import { richText, type SheetFormats } from './xlsx-values.ts';
import { readXml } from './xml-guard.ts';
import {
  childNamed,
  childrenNamed,
  descendantsNamed,
  elements,
  isElement,
  textOf,
  type XmlElement,
} from './xml-tree.ts';

export interface SheetSource {
  files: DocxPackage;
  part: string;
  strings: readonly string[];
  formats: SheetFormats;
  found: SheetNotes;
}

const maxColumns = 16_384;
const maxMerged = 100_000; // cells that repeat another one; whole columns are merged only for appearance

export function readSheet(source: SheetSource, table: TableParts): string[] {
  const { files, part, found } = source;
  const comments = readComments(files, part);
  found.comments += comments.size;
  const merges = new Merges(readXml(files.bytes(part)));
  let number = 0;
  const row = (element: XmlElement): void => {
    if (element.name !== 'row') return;
    const at = Number(element.attributes.r);
    number = Number.isInteger(at) && at > number ? at : number + 1;
    if (isTrue(element.attributes.hidden)) found.hiddenRows++;
    const cells: string[] = [];
    let column = 0; // from 0
    for (const cell of childrenNamed(element, 'c')) {
      const address = position(cell.attributes.r ?? '');
      column = address && address.column >= column ? address.column : column;
      if (column >= maxColumns) break;
      const comment = comments.get(`${column},${number}`);
      comments.delete(`${column},${number}`);
      cells[column] = [cellText(cell, source), comment].filter(Boolean).join(' ');
      column++;
    }
    merges.fill(number, cells);
    table.add({ number, cells: Array.from(cells, (text) => text ?? '') });
  };
  const sheet = files.xml(part, { parent: 'sheetData', onChild: row });
  found.hiddenRows += childrenNamed(childNamed(sheet, 'cols'), 'col').filter(({ attributes }) =>
    isTrue(attributes.hidden),
  ).length;
  // Comments of empty cells whose rows are not in the file.
  for (const [address, comment] of comments) {
    const [at = 0, line = 0] = address.split(',').map(Number);
    const cells: string[] = [];
    cells[at] = comment;
    table.add({ number: line, cells: Array.from(cells, (text) => text ?? '') });
  }
  return [...drawings(files, part, found), ...printedAround(sheet)];
}

/** Header and footer of the printed sheet, each once, without the codes for fonts, page numbers and names. */
function printedAround(sheet: XmlElement): string[] {
  const texts = new Set<string>();
  for (const part of childNamed(sheet, 'headerFooter')?.children ?? []) {
    const [, kind] = isElement(part) ? (/^(?:odd|even|first)(Header|Footer)$/.exec(part.name) ?? []) : [];
    if (!isElement(part) || kind === undefined) continue;
    const text = textOf(part)
      .replace(/&(?:"[^"]*"|K[0-9A-F]{6}|K\d\d[+-]\d{3}|\d{1,3} ?|[BIUESXYPNDTZFAGOH])/g, '')
      .replace(/&[LCR]/g, '\t')
      .replace(/&&/g, '&')
      .replace(/\s+/g, ' ')
      .trim();
    if (/\p{L}{2}/u.test(text)) texts.add(`[${kind}: ${text}]`);
  }
  return [...texts];
}

function cellText(cell: XmlElement, { strings, formats, found }: SheetSource): string {
  const { t: type = 'n', s: style } = cell.attributes;
  const formula = childNamed(cell, 'f');
  const inline = childNamed(cell, 'is');
  if (type === 'inlineStr' && inline) return richText(inline);
  const element = childNamed(cell, 'v');
  const value = element ? textOf(element) : '';
  if (value === '' && formula && type !== 'str') {
    found.withoutValue++;
    return `=${textOf(formula)}`;
  }
  if (type === 's') return strings[Number(value)] ?? '';
  if (type === 'b') return value === '1' ? 'TRUE' : 'FALSE';
  const isNumber = type === 'n' && value !== '' && Number.isFinite(Number(value));
  return isNumber ? formats.shown(Number(value), Number(style ?? 0)) : value;
}

interface Merge {
  firstColumn: number;
  lastColumn: number;
  firstRow: number;
  lastRow: number;
  text: string;
}

/** The merged ranges. The file lists them after the rows, but they are needed while the rows are read. */
class Merges {
  readonly #byFirstRow: Merge[] = [];
  #open: Merge[] = [];
  #left = maxMerged;

  constructor(xml: string) {
    for (const [, from = '', to = ''] of xml.matchAll(/<(?:\w+:)?mergeCell [^>]*?ref="([A-Z]+\d+):([A-Z]+\d+)"/g)) {
      const [first, last] = [position(from), position(to)];
      if (!first || !last) continue;
      this.#byFirstRow.push({
        firstColumn: first.column,
        lastColumn: Math.min(last.column, maxColumns - 1),
        firstRow: first.row,
        lastRow: last.row,
        text: '',
      });
    }
    this.#byFirstRow.sort((a, b) => b.firstRow - a.firstRow); // the next range is the last element
  }

  fill(row: number, cells: string[]): void {
    for (let next = this.#byFirstRow.at(-1); next && next.firstRow <= row; next = this.#byFirstRow.at(-1)) {
      next.text = repeated(next.firstRow === row ? (cells[next.firstColumn] ?? '') : '');
      this.#open.push(next);
      this.#byFirstRow.pop();
    }
    if (this.#open.length === 0) return;
    this.#open = this.#open.filter(({ lastRow }) => lastRow >= row);
    for (const { firstColumn, lastColumn, text } of this.#open) {
      for (let column = firstColumn; text !== '' && column <= lastColumn && this.#left > 0; column++) {
        if (cells[column]) continue;
        cells[column] = text;
        this.#left--;
      }
    }
  }
}

/** Comments by "column,row": old notes, and the threads of newer versions, which repeat a thread in an old note. */
function readComments(files: DocxPackage, part: string): Map<string, string> {
  const comments = new Map<string, string>();
  const relations = [...files.relations(part).values()].filter((relation) => files.has(relation.part));
  for (const { part: name } of relations.filter(({ kind }) => kind === 'comments')) {
    const root = files.xml(name);
    const authors = childrenNamed(childNamed(root, 'authors'), 'author').map(textOf);
    for (const comment of childrenNamed(childNamed(root, 'commentList'), 'comment')) {
      const body = childNamed(comment, 'text');
      const author = authors[Number(comment.attributes.authorId)] ?? '';
      const text = (body ? richText(body) : '').replace(/^\[Threaded comment\][\s\S]*?\n\s*Comment:\s*/, '').trim();
      const by = author === '' || author.startsWith('tc=') ? '' : ` by ${author}`;
      const at = position(comment.attributes.ref ?? '');
      if (at && text !== '') comments.set(`${at.column},${at.row}`, `[Comment${by}: ${text}]`);
    }
  }
  return comments;
}

function drawings(files: DocxPackage, part: string, found: SheetNotes): string[] {
  const name = files.related(part, 'drawing');
  if (name === undefined) return [];
  const texts: string[] = [];
  const visit = (element: XmlElement): void => {
    if (element.name === 'c:chart') {
      const chart = files.relations(name).get(element.attributes['r:id'] ?? '')?.part ?? '';
      if (files.has(chart)) texts.push(chartText(files.xml(chart)));
      return;
    }
    if (element.name === 'xdr:txBody') {
      const text = descendantsNamed(element, 'a:p').map((paragraph) =>
        descendantsNamed(paragraph, 'a:t').map(textOf).join(''),
      );
      if (text.join('').trim() !== '') texts.push(text.join('\n'));
      return;
    }
    if (element.name === 'xdr:pic') {
      const description = descendantsNamed(element, 'xdr:cNvPr')[0]?.attributes.descr?.trim();
      if (description) texts.push(`[${description}]`);
      else found.pictures++;
      return;
    }
    for (const child of element.children) if (isElement(child)) visit(child);
  };
  for (const anchor of elements(files.xml(name))) visit(anchor);
  return texts;
}

/** "B3" -> { column: 1, row: 3 } */
function position(address: string): { column: number; row: number } | undefined {
  const [, letters, digits] = /^\$?([A-Z]{1,3})\$?(\d{1,7})$/.exec(address) ?? [];
  if (letters === undefined) return undefined;
  let column = 0;
  for (const letter of letters) column = 26 * column + letter.charCodeAt(0) - 64;
  return { column: column - 1, row: Number(digits) };
}

function isTrue(value: string | undefined): boolean {
  return value === '1' || value === 'true';
}
