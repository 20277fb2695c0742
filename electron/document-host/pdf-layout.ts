/**
 * Determines the order in which a page's segments are read. Columns of text are read one after the other, and a table's row stays a row, in
 * whatever order the file draws them. The positions of the segments decide; only if they allow both, the text and the order of drawing
 * decide. Pure.
 */

import type { Remark } from './pdf-annotations.ts';
import { type Band, columnAndLine, findBand } from './pdf-bands.ts';
import { shareToTheLeft } from './pdf-direction.ts';
import { withFormulas } from './pdf-formulas.ts';
import type { PdfLine } from './pdf-lines.ts';
import { lineOf, rowsOf } from './pdf-rows.ts';
import { type Segment, segmentsOf } from './pdf-segments.ts';
import { hasMarginLabels, tableParts, withMarginLabels } from './pdf-table-parts.ts';
import { isTable, tableLines } from './pdf-tables.ts';
import type { TextRun, Turn } from './pdfium-page.ts';

const mostSegments = 3000; // a page with more keeps the file's order: the search for columns would take too long
const mostDepth = 30; // columns within columns
const leastBefore = 8; // sizes of a line before the place at which a formula's number stands
const linesAround = 2.5; // sizes above and below such a number

/** The page's lines in reading order. Turned text follows after the text in the most frequent direction. */
export function pageLines(runs: readonly TextRun[]): PdfLine[] {
  const groups = new Map<Turn, TextRun[]>();
  for (const run of runs) {
    const group = groups.get(run.turn);
    if (group) group.push(run);
    else groups.set(run.turn, [run]);
  }
  const chars = (group: readonly TextRun[]): number => group.reduce((sum, { text }) => sum + text.length, 0);
  const sorted = [...groups.values()].sort((a, b) => chars(b) - chars(a));
  const lines: PdfLine[] = [];
  for (const group of sorted) {
    const segments = segmentsOf(group);
    const down = group.filter(({ flow }) => flow === 'down');
    const keepsOrder = segments.length > mostSegments || group[0]?.turn === 4 || chars(down) > 0.5 * chars(group);
    if (keepsOrder) for (const segment of segments) lines.push(lineOf([segment], -1));
    else layOut(withLeaders(withMarkers(withFormulas(segments))), 0, lines);
  }
  return lines;
}

/** Adds each remark to the nearest line beside or above it. */
export function withRemarks(lines: PdfLine[], remarks: readonly Remark[]): PdfLine[] {
  for (const { text, at } of remarks) {
    let nearest: PdfLine | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const line of lines) {
      const dx = Math.max(0, line.left - at.right, at.left - line.right);
      const dy = Math.max(0, line.bottom - at.top, at.bottom - line.top);
      // A vertical distance counts three times as much as a horizontal one; among equally near lines the last one is taken.
      const distance = dx + 3 * dy;
      if (distance <= least) {
        least = distance;
        nearest = line;
      }
    }
    if (!nearest) {
      nearest = {
        text: '',
        left: at.left,
        right: at.right,
        top: at.top,
        bottom: at.bottom,
        size: at.top - at.bottom,
        widestGap: 0,
        column: -1,
        isRow: false,
      };
      lines.push(nearest);
    }
    nearest.remarks = [...(nearest.remarks ?? []), text];
  }
  return lines;
}

function layOut(segments: readonly Segment[], depth: number, lines: PdfLine[]): void {
  const isLeaf = segments.length <= 3 || depth >= mostDepth;
  const columns = isLeaf ? undefined : columnAndLine(segments);
  if (columns) {
    for (const column of columns) layOut(column, depth + 1, lines);
    return;
  }
  const band = isLeaf ? undefined : findBand(segments);
  if (!band) {
    const column = lines.length; // the first line's index, which no other column has
    for (const row of rowsOf(segments)) lines.push(lineOf(row, column));
    return;
  }
  const layColumns = ({ left, right }: Band): void => {
    for (const side of shareToTheLeft(segments) > 0.5 ? [right, left] : [left, right]) layOut(side, depth + 1, lines);
  };
  layOut(band.above, depth + 1, lines);
  if (!isTable(band)) layColumns(band);
  else if (hasMarginLabels(band)) layOut(withMarginLabels(band), depth + 1, lines);
  else {
    for (const part of tableParts(band)) {
      if (part.isBeside) layColumns(part.band);
      else lines.push(...tableLines(part.band));
    }
  }
  layOut(band.below, depth + 1, lines);
}

/** Joins "1." or a bullet in a column of its own with the line after it. */
function withMarkers(segments: readonly Segment[]): Segment[] {
  const byLeft = segments.map((segment) => ({ ...segment })).sort((a, b) => a.left - b.left);
  const gone = new Set<Segment>();
  for (const marker of byLeft) {
    if (!/^([•◦▪■□➢✓❖‣●○–—*-]|\(?(\d{1,3}|[a-z]|[ivx]{1,5})[.)]|\[\d{1,3}\])$/u.test(marker.text)) continue;
    const next = byLeft.find(
      ({ left, base, size }) =>
        left >= marker.right && left - marker.right < 3 * size && Math.abs(base - marker.base) < 0.2 * size,
    );
    if (!next || gone.has(next) || (next.order !== marker.order + 1 && endsLine(marker, segments))) continue;
    gone.add(marker);
    next.text = `${marker.text} ${next.text}`;
    next.left = marker.left;
  }
  return byLeft.filter((segment) => !gone.has(segment)).sort((a, b) => a.order - b.order);
}

/**
 * Whether a segment, such as a formula's number, is drawn directly after the segment on its left, or ends with the lines of a column above
 * or below it.
 */
function endsLine({ order, left, right, base, size }: Segment, segments: readonly Segment[]): boolean {
  const before = segments[order - 1]; // they are in the order of drawing
  if (before && before.right <= left && Math.abs(before.base - base) < 0.7 * size) return true;
  return segments.some(
    (line) =>
      Math.abs(line.right - right) < 0.1 * size &&
      left - line.left > leastBefore * size &&
      Math.abs(line.base - base) < linesAround * size,
  );
}

const leader = /(?:^|\s)(?:(?:[.·…]\s*){4,}|[.·…](?:\s[.·…])+\s*)$/u;
const isLeader = (text: string): boolean => '.·…'.includes(text.trimEnd().slice(-1)) && leader.test(text);

/**
 * Joins an entry of a table of contents or an index, the dots after it and the page numbers into one segment, so that they do not look like
 * columns.
 */
function withLeaders(segments: readonly Segment[]): Segment[] {
  const byLeft = segments.map((segment) => ({ ...segment })).sort((a, b) => a.left - b.left);
  const gone = new Set<Segment>();
  for (const dots of byLeft) {
    if (gone.has(dots) || !isLeader(dots.text)) continue;
    const isBeside = ({ base, size }: Segment): boolean => Math.abs(base - dots.base) < 0.2 * size;
    const number = byLeft.find(
      (other) =>
        /^(\d{1,4}|[ivxlc]{1,6})(,\s?\d{1,4})*$/u.test(other.text) &&
        isBeside(other) &&
        other.left >= dots.right &&
        other.left - dots.right < 3 * other.size,
    );
    if (!number || gone.has(number)) continue;
    join(dots, number);
    gone.add(number);
    if (!/^[.·…\s]+\d/u.test(dots.text)) continue;
    const entry = byLeft.findLast(
      (other) =>
        !gone.has(other) && isBeside(other) && other.right <= dots.left && dots.left - other.right < 3 * other.size,
    );
    if (!entry) continue;
    join(entry, dots);
    gone.add(dots);
  }
  return byLeft.filter((segment) => !gone.has(segment)).sort((a, b) => a.order - b.order);
}

function join(segment: Segment, next: Segment): void {
  segment.text = `${segment.text.trimEnd()}\t${next.text}`;
  segment.right = next.right;
}
