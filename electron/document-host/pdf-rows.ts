/** Groups segments on one base line into rows, and makes a line of text from each. Pure. */
import { shareToTheLeft } from './pdf-direction.ts';
import type { PdfLine } from './pdf-lines.ts';
import type { Segment } from './pdf-segments.ts';

/** Rows from top to bottom: segments on one base line, in the direction of reading. */
export function rowsOf(segments: readonly Segment[]): Segment[][] {
  const rows: Segment[][] = [];
  for (const segment of [...segments].sort((a, b) => b.base - a.base)) {
    const row = rows.at(-1);
    const first = row?.[0];
    if (row && first && first.base - segment.base < 0.35 * Math.min(first.size, segment.size)) row.push(segment);
    else rows.push([segment]);
  }
  for (const row of rows) {
    row.sort((a, b) => a.left - b.left);
    if (shareToTheLeft(row) > 0.5) row.reverse();
  }
  return rows;
}

/** The column of a segment: the number of gutters on its left. */
export const columnOf = ({ left, right }: Segment, gutters: readonly number[]): number =>
  gutters.filter((x) => x < (left + right) / 2).length;

export const mostLines = 12; // of a cell; with more it is text beside text

/** White space wider than this, in sizes, separates the cells of a row. */
const cellGap = 1.5;

/** The segment with the most characters. */
function longest(row: readonly Segment[]): Segment {
  return row.reduce((most, segment) => (segment.text.length > most.text.length ? segment : most));
}

/** Makes one line from the segments of a row, in the order of reading. */
export function lineOf(row: readonly Segment[], column: number): PdfLine {
  const first = row[0] as Segment;
  const size = Math.max(...row.map((segment) => segment.size));
  let text = first.text;
  let widestGap = first.widestGap;
  for (const [i, segment] of row.entries()) {
    const before = row[i - 1];
    if (!before) continue;
    const gap = Math.max(segment.left - before.right, before.left - segment.right);
    widestGap = Math.max(widestGap, gap, segment.widestGap);
    text += (gap > cellGap * size ? '\t' : ' ') + segment.text;
  }
  return {
    text,
    left: Math.min(...row.map(({ left }) => left)),
    right: Math.max(...row.map(({ right }) => right)),
    top: Math.max(...row.map(({ top }) => top)),
    bottom: Math.min(...row.map(({ bottom }) => bottom)),
    size: longest(row).size,
    widestGap,
    column,
    isRow: false,
  };
}
