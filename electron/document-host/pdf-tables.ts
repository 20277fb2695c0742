/** Decides whether a band is a table or columns of text, and finds a table's rows. Pure. */
import type { Band } from './pdf-bands.ts';
import { shareToTheLeft } from './pdf-direction.ts';
import { breakWord, endsBroken } from './pdf-hyphens.ts';
import type { PdfLine } from './pdf-lines.ts';
import { sideOf } from './pdf-prose.ts';
import { columnOf, mostLines, rowsOf } from './pdf-rows.ts';
import type { Segment } from './pdf-segments.ts';
import { rowsAsDrawn, withFirstLines } from './pdf-spanning-cells.ts';

const closeLines = 1.5; // sizes between two lines of a cell, at most

export function isTable(band: Band): boolean {
  const left = sideOf(band.left);
  const right = sideOf(band.right);
  const both = [left, right];
  const reads = both.every(({ words, continued }) => words >= 3 && continued >= 0.2);
  if ([band.left, band.right].every(listsPages)) return false;
  const { switches, rows } = drawing(band);
  if (switches <= Math.max(1, 0.25 * rows)) {
    // Drawn one column after the other. Few programs draw a table in this way: its cells are short and of different kinds.
    if (reads || isAlphabetic(band)) return false;
    if (labels(band) >= 0.5 && aligned(band) >= 0.5) return true;
    if (aligned(band) < 0.9) return false;
    const numbers = both.some((side) => side.numbers >= 0.5) && Math.min(left.words, right.words) <= 2.5;
    // One of the sides may have sentences; columns of names are recognised by lines that continue in the next one.
    const short =
      Math.min(left.words, right.words) <= 3 && both.every(({ continued }) => continued < 0.2) && rows <= 30;
    return numbers || (short && [band.left, band.right].every((side) => isFlush(side, band.gutters)));
  }
  // Lists such as a bibliography have many words, and their lines are not level.
  if (switches < 0.5 * rows && both.every(({ words }) => words >= 3) && aligned(band) < 0.85) return false;
  if (!reads) return true;
  // If the drawing changes sides on every printed line, these are columns drawn line by line; if less often, a table drawn cell by cell. A
  // text beside its translation, drawn paragraph by paragraph, is not a table: its rows would end inside words.
  const isByCells = switches >= Math.max(3, 0.25 * rows) && switches < 1.2 * rows;
  if (!isByCells) return false;
  const logical = logicalRows(band);
  return logical.length > 1 && !breaksWords(logical, band.gutters);
}

/** Whether the segments are a table of contents or an index: most entries end with dots and page numbers. */
function listsPages(segments: readonly Segment[]): boolean {
  const ends = /(?:(?:[.·…]\s*){4,}|[.·…](?:\s[.·…])+\s*)[\divxlc]+(,\s?\d+)*$/u;
  return segments.filter(({ text }) => ends.test(text)).length >= 0.5 * segments.length;
}

/** How often the drawing changes from one side to the other, and the number of lines with text on both sides. */
function drawing({ left, right }: Band): { switches: number; rows: number } {
  const sides = [...left.map(({ order }) => [order, 0]), ...right.map(({ order }) => [order, 1])].sort(
    (a, b) => (a[0] as number) - (b[0] as number),
  );
  let switches = 0;
  for (let i = 1; i < sides.length; i++) if (sides[i]?.[1] !== sides[i - 1]?.[1]) switches++;
  const bases = left.map(({ base }) => base);
  return {
    switches,
    rows: right.filter(({ base, size }) => bases.some((y) => Math.abs(y - base) < 0.3 * size)).length,
  };
}

/** The share of the shorter side's segments that are level with one of the other side. */
export function aligned({ left, right }: Band): number {
  const [few, many] = left.length < right.length ? [left, right] : [right, left];
  const on = few.filter(({ base, size }) => many.some((other) => Math.abs(other.base - base) < 0.35 * size));
  return on.length / Math.max(1, few.length);
}

/** The share of the left side's segments that end with a colon, or are a number such as 7.2.81 at the start of their line. */
function labels({ left }: Band): number {
  const firsts = new Set(rowsOf(left).map(([first]) => first));
  const isLabel = (segment: Segment): boolean =>
    /:$/.test(segment.text) || (/^\d+(\.\d+)*\.?$/.test(segment.text) && firsts.has(segment));
  return left.filter(isLabel).length / Math.max(1, left.length);
}

/** Whether the lines begin, or end, at the same x, as a table's cells do, in contrast to centred lines such as an author's address. */
function isFlush(segments: readonly Segment[], gutters: readonly number[]): boolean {
  const columns: Segment[][] = Array.from({ length: gutters.length + 1 }, () => []);
  for (const segment of segments) {
    const middle = (segment.left + segment.right) / 2;
    (columns[gutters.filter((x) => x < middle).length] as Segment[]).push(segment);
  }
  return columns.every((column) =>
    (['left', 'right'] as const).some((side) => {
      if (column.length === 0) return true;
      const xs = column.map((segment) => segment[side]).sort((a, b) => a - b);
      const usual = xs[xs.length >> 1] as number;
      return xs.filter((x) => Math.abs(x - usual) < 2).length >= 0.8 * xs.length;
    }),
  );
}

/** Whether the band is an index: its entries are in alphabetical order down the left column and on down the right one. */
function isAlphabetic({ left, right }: Band): boolean {
  // In the order of drawing, because one side may have several columns.
  const entries = [left, right].flatMap((side) => [...side].sort((a, b) => a.order - b.order));
  const withLetters = entries.filter(({ text }) => /\p{L}/u.test(text));
  // Commands and files may have a sign before their name.
  const initials = withLetters
    .map(({ text }) => /^[^\p{L}\d\s]{0,2}(\p{L})/u.exec(text)?.[1]?.toLowerCase())
    .filter((letter) => letter !== undefined);
  if (initials.length < 12 || initials.length < 0.8 * withLetters.length) return false;
  let steps = 0;
  for (let i = 1; i < initials.length; i++) if ((initials[i - 1] as string) <= (initials[i] as string)) steps++;
  return steps / (initials.length - 1) > 0.85;
}

/** The table's rows, each with its printed lines: a cell may have several lines. */
function logicalRows({ left, right, gutters }: Band): Segment[][][] {
  const rows = rowsOf([...left, ...right]);
  const { switches } = drawing({ left, right } as Band);
  const firstGutter = gutters[0] ?? Number.POSITIVE_INFINITY;
  const result: Segment[][][] = [];
  let lastOrder = -1; // order of the segment of the row that is drawn last
  for (const [i, row] of rows.entries()) {
    const before = rows[i - 1];
    const firstOrder = Math.min(...row.map(({ order }) => order));
    const goesOn =
      before !== undefined &&
      switches > 1 &&
      isClose(before, row) &&
      (firstOrder < lastOrder || row.every(({ left: x }) => x > firstGutter));
    if (goesOn) (result.at(-1) as Segment[][]).push(row);
    else {
      result.push([row]);
      lastOrder = -1;
    }
    lastOrder = Math.max(lastOrder, ...row.map(({ order }) => order));
  }
  return result.flatMap((group) =>
    isOneRow(group, gutters)
      ? [group]
      : withFirstLines(drawnApart(group, gutters), gutters).flatMap((rows) => partsOfOneRow(rows, gutters)),
  );
}

/**
 * Divides lines where the drawing does not come back to what is above, as after each row that is drawn cell by cell. If a cell's lines are
 * centred beside the others, the last of them are drawn last too, but directly after the line of that cell above them.
 */
function drawnApart(lines: readonly Segment[][], gutters: readonly number[]): Segment[][][] {
  const first = lines.map((line) => Math.min(...ordersOf(line)));
  for (let i = first.length - 2; i >= 0; i--) first[i] = Math.min(first[i] as number, first[i + 1] as number);
  const blocks: Segment[][][] = [];
  const above = new Map<number, Segment>(); // by column
  let last = -1;
  let isCentred = false;
  for (const [i, line] of lines.entries()) {
    const returns = last > (first[i] as number);
    const goesOn = line.every((segment) => above.get(columnOf(segment, gutters))?.order === segment.order - 1);
    if (returns || (isCentred && goesOn) || dividesWord(lines[i - 1] ?? [], line)) {
      blocks.at(-1)?.push(line);
      isCentred ||= returns;
    } else {
      blocks.push([line]);
      isCentred = false;
    }
    for (const segment of line) above.set(columnOf(segment, gutters), segment);
    last = Math.max(last, ...ordersOf(line));
  }
  return blocks.flatMap((block) => (isShifted(block, gutters) ? block.map((line) => [line]) : [block]));
}

/** Whether lines of one column are closer than those of a cell: two texts beside each other, whose lines are not level. */
function isShifted(lines: readonly Segment[][], gutters: readonly number[]): boolean {
  return lines
    .slice(1)
    .some((lower, i) =>
      lower.some((b) =>
        lines[i]?.some(
          (a) =>
            columnOf(a, gutters) === columnOf(b, gutters) &&
            /\p{L}{2}/u.test(a.text) &&
            a.base - b.base < 0.75 * b.size,
        ),
      ),
    );
}

/**
 * Divides lines that may be one row, and are not as a whole: above the headings of two columns there may be one that spans both. A word that
 * goes on in the next line shows that both are one row.
 */
function partsOfOneRow(lines: readonly Segment[][], gutters: readonly number[]): Segment[][][] {
  if (isOneRow(lines, gutters)) return [[...lines]];
  const drawn = rowsAsDrawn(lines, gutters);
  if (drawn) return drawn.map((row) => row.map((segment) => [segment]));
  const parts: Segment[][][] = [];
  let isHeading = false; // the last part has a word over two lines
  for (const line of lines) {
    const last = parts.at(-1);
    const before = last?.at(-1) ?? [];
    const goesOn: boolean = isHeading ? comesBack(before, line) : dividesWord(before, line);
    isHeading = last !== undefined && goesOn && isOneRow([...last, line], gutters);
    if (isHeading) last?.push(line);
    else parts.push([line]);
  }
  return parts;
}

const ordersOf = (line: readonly Segment[]): number[] => line.map(({ order }) => order);

/** Whether the drawing goes back to a cell above, cell by cell. */
function comesBack(upper: readonly Segment[], lower: readonly Segment[]): boolean {
  return Math.min(...ordersOf(lower)) < Math.max(...ordersOf(upper));
}

const dividesWord = (upper: readonly Segment[], lower: readonly Segment[]): boolean =>
  upper.some((one) => lower.some((other) => isDivided(one, other)));

/** Whether a word that is broken at the end of one line goes on in the one below it. */
function isDivided(upper: Segment, lower: Segment): boolean {
  const overlap = Math.min(upper.right, lower.right) - Math.max(upper.left, lower.left);
  return lower.order === upper.order + 1 && overlap > 0 && endsBroken(upper.text) && /^\p{Ll}/u.test(lower.text);
}

/** Whether the lines are one row that is drawn cell by cell: the segments of each column are drawn together. */
function isOneRow(rows: readonly Segment[][], gutters: readonly number[]): boolean {
  if (rows.length > mostLines) return false;
  const ranges = cellsOf(rows, gutters, false)
    .map((cell) => cell.map(({ order }) => order))
    .map((orders) => ({ first: Math.min(...orders), last: Math.max(...orders) }))
    .sort((a, b) => a.first - b.first);
  return ranges.every(({ first }, i) => i === 0 || first > (ranges[i - 1] as { last: number }).last);
}

/** Whether a word continues from one row to the next. */
function breaksWords(rows: readonly Segment[][][], gutters: readonly number[]): boolean {
  const lasts: Segment[] = []; // by column
  for (const row of rows) {
    const segments = row.flat();
    const begun = new Set<number>();
    for (const segment of segments) {
      const column = columnOf(segment, gutters);
      const last = lasts[column];
      if (last && !begun.has(column) && endsBroken(last.text) && /^\p{Ll}/u.test(segment.text)) return true;
      begun.add(column);
    }
    for (const segment of segments) lasts[columnOf(segment, gutters)] = segment;
  }
  return false;
}

function isClose(upper: readonly Segment[], lower: readonly Segment[]): boolean {
  const step = Math.max(...upper.map(({ base }) => base)) - Math.max(...lower.map(({ base }) => base));
  return step < closeLines * Math.max(...lower.map(({ size }) => size));
}

/** One line for each row of the table, with its cells separated by tabs. */
export function tableLines(band: Band): PdfLine[] {
  const toTheLeft = shareToTheLeft([...band.left, ...band.right]) > 0.5;
  const table = logicalRows(band);
  const lines = table.map((rows): PdfLine => {
    const segments = rows.flat();
    const cells: Segment[][] =
      rows.length === 1 ? segments.map((segment) => [segment]) : cellsOf(rows, band.gutters, toTheLeft);
    return {
      text: cells.map(cellText).join('\t'),
      left: Math.min(...segments.map(({ left }) => left)),
      right: Math.max(...segments.map(({ right }) => right)),
      top: Math.max(...segments.map(({ top }) => top)),
      bottom: Math.min(...segments.map(({ bottom }) => bottom)),
      size: Math.max(...segments.map(({ size }) => size)),
      widestGap: 0,
      column: -1,
      isRow: true,
    };
  });
  // A cell that spans rows reaches down beside the next ones; its row ends where the next one begins.
  for (const [i, line] of lines.entries()) {
    const next = lines[i + 1];
    if (next && (table[i] as Segment[][]).length > 1 && line.bottom <= next.bottom && next.top < line.top)
      line.bottom = next.top;
  }
  return lines;
}

function cellsOf(rows: readonly Segment[][], gutters: readonly number[], toTheLeft: boolean): Segment[][] {
  const cells: Segment[][] = Array.from({ length: gutters.length + 1 }, () => []);
  for (const segment of rows.flat()) {
    (cells[columnOf(segment, gutters)] as Segment[]).push(segment);
  }
  const filled = cells.filter((cell) => cell.length > 0);
  return toTheLeft ? filled.reverse() : filled;
}

function cellText(cell: readonly Segment[]): string {
  let text = '';
  for (const [i, segment] of cell.entries()) {
    const before = cell[i - 1];
    if (before === undefined) text = segment.text;
    else if (endsBroken(text) && /^\p{Ll}/u.test(segment.text)) text = breakWord(text) + segment.text;
    else text += ` ${segment.text}`;
  }
  return text;
}
