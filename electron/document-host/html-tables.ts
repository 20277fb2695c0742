/** Tables of a page: layout tables are replaced by their content, cells that span rows or columns are repeated. */
import type { CheerioAPI } from 'cheerio';
import { around, type HtmlElement, isHtmlElement } from './html-nodes.ts';
import { cellLine, maxSpan, repeated } from './table-text.ts';

const mostAdded = 200_000; // cells, in one page
const widest = 250; // columns to which cells are repeated

export function writeTables($: CheerioAPI): void {
  unfoldLayoutTables($);
  let left = mostAdded;
  for (const table of $('table').get()) left = repeatSpans($, table, left);
}

/** A table that contains tables or headings is for layout; as a table's row its text would become one endless line. */
function unfoldLayoutTables($: CheerioAPI): void {
  const layout = new Set<HtmlElement>();
  for (const element of $('table,h1,h2,h3,h4,h5,h6').get()) {
    const outer = tableAround(element);
    // A heading alone in a cell of a header row is a column's label.
    if (outer && (element.tagName === 'table' || !isLabel($, element))) layout.add(outer);
  }
  const isOfLayout = (_: number, part: HtmlElement): boolean => layout.has(tableAround(part) as HtmlElement);
  for (const part of $('thead,tbody,tfoot,tr,td,th').filter(isOfLayout).get()) part.tagName = 'div';
  for (const table of layout) table.tagName = 'div';
}

function isLabel($: CheerioAPI, heading: HtmlElement): boolean {
  const cell = heading.parent;
  return isHtmlElement(cell) && cell.tagName === 'th' && $(cell).children().length === 1;
}

function tableAround(element: HtmlElement): HtmlElement | undefined {
  return around(element, ({ tagName }) => tagName === 'table');
}

/** Repeats spanning cells; returns how many cells may still be added to the page. */
function repeatSpans($: CheerioAPI, table: HtmlElement, mostHere: number): number {
  let left = mostHere;
  const rows = $(table)
    .find('tr')
    .filter((_, row) => tableAround(row) === table)
    .get();
  const above: ({ rows: number; name: string; text: string } | undefined)[] = []; // by column: a cell that goes on below
  for (const [at, row] of rows.entries()) {
    let column = 0;
    const fill = (before: HtmlElement | undefined): void => {
      for (let cell = above[column]; cell && cell.rows > 0 && left > 0 && column < widest; cell = above[column]) {
        cell.rows--;
        left--;
        const copy = $(`<${cell.name}></${cell.name}>`).text(cell.text);
        if (before) $(before).before(copy);
        else $(row).append(copy);
        column++;
      }
    };
    for (const cell of $(row).children('td,th').get()) {
      fill(cell);
      const span = (name: string, most: number): number =>
        Math.min(Math.max(Number.parseInt(cell.attribs[name] ?? '1', 10) || 1, 1), most);
      const columns = span('colspan', maxSpan);
      const below = cell.attribs.rowspan?.trim() === '0' ? rows.length - at - 1 : span('rowspan', rows.length - at) - 1;
      const text = columns > 1 || below > 0 ? repeated(cellLine($(cell).text())) : '';
      for (let i = 0; i < columns; i++) {
        if (i > 0 && left > 0 && column < widest) {
          left--;
          $(cell).after($(`<${cell.tagName}></${cell.tagName}>`).text(text));
        }
        above[column++] = below > 0 ? { rows: below, name: cell.tagName, text } : undefined;
      }
    }
    fill(undefined);
  }
  return left;
}
