/**
 * Writes tables as lines of "| a | b |". A cell that spans rows or columns is repeated in each of them, so that every line can be
 * understood alone.
 */

export interface Cell {
  text: string;
  columns: number; // that it spans
  /** Whether the cell continues the one above it, or the one to its left. */
  below: 'none' | 'above' | 'left';
}

export const maxSpan = 63; // columns; Word draws no more
const longestRepeated = 400; // characters; a longer text is written once and then referred to

export function tableText(rows: readonly (readonly Cell[])[]): string {
  let above: string[] = [];
  const lines: string[] = [];
  for (const row of rows) {
    const columns: string[] = []; // text by column
    for (const cell of row) {
      const own = cellLine(cell.text);
      const text = cell.below === 'above' && own === '' ? repeated(above[columns.length] ?? '') : own;
      columns.push(text);
      for (let i = 1; i < cell.columns; i++) columns.push(repeated(text));
    }
    if (columns.some((text) => text !== '')) lines.push(`| ${columns.join(' | ')} |`);
    above = columns;
  }
  return lines.join('\n');
}

/** A cell's text in one line. */
export function cellLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ');
}

export function repeated(text: string): string {
  return text.length <= longestRepeated ? text : '(as before)';
}
