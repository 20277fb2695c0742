/** OpenDocument spreadsheets: each sheet as a table. The file has the shown text of each value. */
import type { ParsedDocument } from '../contract/documents.ts';
import type { ExtractContext } from './extract-context.ts';
import type { OdfPackage } from './odf-package.ts';
import { OdfStyles } from './odf-styles.ts';
import { OdfText } from './odf-text.ts';
import { SheetNotes } from './sheet-notes.ts';
import { writeSheet } from './sheet-text.ts';
import type { TableParts } from './table-parts.ts';
import { repeated } from './table-text.ts';
import { TextBuilder } from './text-builder.ts';
import { WriterNotes } from './writer-notes.ts';
import { childNamed, childrenNamed, elements, type XmlElement } from './xml-tree.ts';

const maxColumns = 16_384;
const maxRepeats = 1000; // of a filled row or cell that the file writes once
const maxRepeatedCells = 1_000_000; // in all copies of one row

export function extractOds(context: ExtractContext, files: OdfPackage): ParsedDocument {
  const { source, limits, notes } = context;
  const styles = new OdfStyles(files);
  const text = new WriterNotes();
  const found = new SheetNotes();
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  const sheets = childrenNamed(files.body('office:spreadsheet'), 'table:table');
  for (const [i, sheet] of sheets.entries()) {
    context.onProgress(i, sheets.length);
    const name = sheet.attributes['table:name'] ?? `Sheet ${i + 1}`;
    const style = sheet.attributes['table:style-name'];
    if (styles.property('table', style, 'style:table-properties', 'table:display') === 'false') {
      found.hiddenSheets.push(name);
    }
    const reader = new OdfText(files, styles, text);
    writeSheet(builder, name, (table) => {
      readRows(sheet, reader, found, table);
      const shapes = childNamed(sheet, 'table:shapes');
      return shapes ? elements(shapes).flatMap((shape) => reader.drawing(shape)) : [];
    });
  }
  found.addTo(notes, sheets.length);
  text.addTo(notes);
  return builder.finish(files.title() || source.stem, 'ods', notes);
}

interface Span {
  text: string;
  rows: number; // still to come
}

function readRows(sheet: XmlElement, reader: OdfText, found: SheetNotes, table: TableParts): void {
  const spans = new Map<number, Span>(); // by column: cells that go on in the rows below
  let number = 0;
  const visit = (parent: XmlElement): void => {
    for (const row of elements(parent)) {
      if (row.name !== 'table:table-row') {
        if (/^table:table-(header-rows|rows|row-group)$/.test(row.name)) visit(row);
        continue;
      }
      const times = Number(row.attributes['table:number-rows-repeated'] ?? 1) || 1;
      const visibility = row.attributes['table:visibility'];
      const cells = readCells(row, reader, found, spans);
      const isFilled = cells.some((text) => text !== '');
      if (isFilled && (visibility === 'collapse' || visibility === 'filter')) found.hiddenRows += times;
      const written = Math.min(times, maxRepeats, Math.ceil(maxRepeatedCells / Math.max(1, cells.length)));
      for (let i = 0; isFilled && i < written; i++) table.add({ number: number + i + 1, cells });
      if (isFilled) found.notRepeated += times - written;
      number += times;
    }
  };
  visit(sheet);
}

function readCells(row: XmlElement, reader: OdfText, found: SheetNotes, spans: Map<number, Span>): string[] {
  const cells: string[] = [];
  let left: { text: string; columns: number } | undefined; // the cell that covers the next ones
  for (const cell of elements(row)) {
    if (!/^table:(covered-)?table-cell$/.test(cell.name)) continue;
    const repeats = Number(cell.attributes['table:number-columns-repeated'] ?? 1) || 1;
    const text = cell.name === 'table:table-cell' ? cellText(cell, reader, found) : '';
    const columns = Number(cell.attributes['table:number-columns-spanned'] ?? 1) || 1;
    const rows = Number(cell.attributes['table:number-rows-spanned'] ?? 1) || 1;
    for (let i = 0; i < repeats && cells.length < maxColumns; i++) {
      const above = spans.get(cells.length);
      if (cell.name === 'table:covered-table-cell') {
        cells.push(repeated(above?.text ?? (left && left.columns-- > 0 ? left.text : '')));
      } else {
        left = columns > 1 ? { text, columns: columns - 1 } : undefined;
        for (let at = 0; rows > 1 && at < Math.min(columns, maxRepeats); at++)
          spans.set(cells.length + at, { text, rows });
        if (text === '' && repeats > maxRepeats) break; // empty cells to the end of the sheet
        cells.push(text);
      }
    }
  }
  for (const [column, span] of spans) if (--span.rows <= 0) spans.delete(column);
  return cells;
}

function cellText(cell: XmlElement, reader: OdfText, found: SheetNotes): string {
  const text = reader.line(cell);
  if (text !== '') return text;
  const value = storedValue(cell);
  if (value !== '' || cell.attributes['table:formula'] === undefined) return value;
  if (cell.attributes['office:value-type'] === 'string') return ''; // a formula whose value is an empty text
  found.withoutValue++;
  return cell.attributes['table:formula'].replace(/^\w+:/, '');
}

/** The value of a cell for which the file has no shown text: programs other than spreadsheets leave it out. */
function storedValue({ attributes }: XmlElement): string {
  const value = attributes['office:value'] ?? '';
  switch (attributes['office:value-type']) {
    case 'percentage':
      return value === '' ? '' : `${Number((100 * Number(value)).toPrecision(12))}%`;
    case 'currency':
      return [value, attributes['office:currency']].filter(Boolean).join(' ');
    case 'date':
      return (attributes['office:date-value'] ?? '').replace('T', ' ');
    case 'time':
      return (attributes['office:time-value'] ?? '').replace(/^PT(\d+)H(\d+)M(\d+).*$/, '$1:$2:$3');
    case 'boolean':
      return (attributes['office:boolean-value'] ?? '').toUpperCase();
    case 'string':
      return attributes['office:string-value'] ?? '';
    default:
      return value;
  }
}
