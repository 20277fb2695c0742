/**
 * A table's cell may stand beside several rows, with its lines between theirs. Where the table is drawn row by row, the order of drawing
 * shows the rows: such a cell belongs to the first row that it stands beside. Pure.
 */
import { columnOf, mostLines } from './pdf-rows.ts';
import type { Segment } from './pdf-segments.ts';

interface Cell {
  column: number;
  lines: Segment[]; // from top to bottom
}

type DrawnRow = Cell[]; // from left to right

const level = 0.35; // of the size: lines that differ less are on one level
const nextLine = 1.45; // of the size, from one line of a cell to the next

/** The blocks of printed lines; a first line of a spanning cell that stands above the first of its rows is put to their block. */
export function withFirstLines(blocks: readonly Segment[][][], gutters: readonly number[]): Segment[][][] {
  const result: Segment[][][] = [];
  for (const block of blocks) {
    const last = result.at(-1);
    const together = last?.length === 1 && goesOnIn(last[0] as Segment[], block) ? [...last, ...block] : undefined;
    if (together && rowsAsDrawn(together, gutters)) result[result.length - 1] = together;
    else result.push(block);
  }
  return result;
}

const goesOnIn = (line: readonly Segment[], block: readonly Segment[][]): boolean =>
  line.every(({ order }) => block.some((lower) => lower.some((segment) => segment.order === order + 1)));

/** The rows of printed lines, one of whose cells spans them; each row from its upper left segment on. undefined: there is no such cell. */
export function rowsAsDrawn(lines: readonly Segment[][], gutters: readonly number[]): Segment[][] | undefined {
  const rows = drawnRows(lines, gutters);
  const [first, ...others] = rows;
  if (!first || others.length === 0) return undefined;
  const shared = new Set(others.flatMap((row) => row.map(({ column }) => column)));
  const spanning = first.filter(({ column }) => !shared.has(column));
  const beside = first.filter(({ column }) => shared.has(column));
  if (beside.length !== shared.size || first.some(({ lines: { length } }) => length > mostLines)) return undefined;
  if (!spanning.some((cell) => beside.every((other) => isLower(cell, other)))) return undefined;
  if (![beside, ...others].every(isLevel)) return undefined;
  return inTurn([beside, ...others]) ? rows.map((row) => row.flatMap((cell) => cell.lines)) : undefined;
}

/** A new row begins where the drawing goes back to a column on the left, or to the same one but not in its next line. */
function drawnRows(lines: readonly Segment[][], gutters: readonly number[]): DrawnRow[] {
  const rows: DrawnRow[] = [];
  for (const segment of lines.flat().sort((a, b) => a.order - b.order)) {
    const column = columnOf(segment, gutters);
    const row = rows.at(-1);
    const cell = row?.at(-1);
    if (cell?.column === column && isNextLine(cell.lines.at(-1) as Segment, segment)) cell.lines.push(segment);
    else if (row && cell && cell.column < column) row.push({ column, lines: [segment] });
    else rows.push([{ column, lines: [segment] }]);
  }
  return rows;
}

function isNextLine(upper: Segment, lower: Segment): boolean {
  const step = upper.base - lower.base;
  return lower.order === upper.order + 1 && step > level * lower.size && step < nextLine * lower.size;
}

const topOf = ({ lines }: Cell): number => (lines[0] as Segment).base;
const bottomOf = ({ lines }: Cell): number => (lines.at(-1) as Segment).base;
const sizeOf = ({ lines }: Cell): number => (lines[0] as Segment).size;

/** Whether a cell goes on below the first line of another. */
const isLower = (cell: Cell, other: Cell): boolean => topOf(other) - bottomOf(cell) > level * sizeOf(cell);

/** Whether a row's cells begin on one level, or are centred beside each other. */
function isLevel(row: DrawnRow): boolean {
  const near = (ys: readonly number[]): boolean =>
    Math.max(...ys) - Math.min(...ys) < level * Math.min(...row.map(sizeOf));
  return near(row.map(topOf)) || near(row.map((cell) => (topOf(cell) + bottomOf(cell)) / 2));
}

/** Whether each row is below the one before. */
function inTurn(rows: readonly DrawnRow[]): boolean {
  return rows.slice(1).every((row, i) => {
    const lowest = Math.min(...(rows[i] as DrawnRow).map(bottomOf));
    return row.every((cell) => lowest - topOf(cell) > level * sizeOf(cell));
  });
}
