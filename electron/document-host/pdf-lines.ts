/** A PDF has printed lines; this file joins them to paragraphs by their positions. If in doubt, a line stays a line. Pure. */

import { shareToTheLeft } from './pdf-direction.ts';
import { breakWord, endsBroken } from './pdf-hyphens.ts';

/** One printed line. Coordinates in PDF points, y grows upwards. */
export interface PdfLine {
  text: string; // no line ends; trimmed
  left: number;
  right: number;
  top: number;
  bottom: number;
  size: number; // of the font: fonts of one size may differ in height
  widestGap: number; // largest white space inside the line, in points
  column: number; // lines with the same number are in one column
  isRow: boolean; // of a table: stays on a line of its own
  remarks?: string[]; // annotations at this line; they follow the paragraph
}

type Join = 'paragraph' | 'line' | 'space';
const separators: Record<Join, string> = { paragraph: '\n\n', line: '\n', space: ' ' };

export function linesToText(given: readonly PdfLine[]): string {
  const lines = inReadingDirection(given);
  const usual = usualLine(lines);
  const rightEdges = columnRightEdges(lines);
  const parts: string[] = [];
  let remarks: string[] = [];
  for (const [i, line] of lines.entries()) {
    const before = lines[i - 1];
    if (before) {
      const join = howToJoin(before, line, usual, rightEdges[i - 1] as number);
      if (goesOn(before, line, join)) parts.push(breakWord(parts.pop() as string));
      else {
        if (join !== 'space') {
          parts.push(...remarks.map((remark) => `\n${remark}`));
          remarks = [];
        }
        parts.push(join === 'space' && noSpaceBetween(before.text, line.text) ? '' : separators[join]);
      }
    }
    parts.push(line.text);
    remarks.push(...(line.remarks ?? []));
  }
  parts.push(...remarks.map((remark) => `\n${remark}`));
  return parts.join('');
}

/** Text that runs to the left begins at the right edge: mirrored, its lines are compared as those of other text. */
function inReadingDirection(lines: readonly PdfLine[]): readonly PdfLine[] {
  if (shareToTheLeft(lines) <= 0.5) return lines;
  return lines.map((line) => ({ ...line, left: -line.right, right: -line.left }));
}

/**
 * Whether line `a` ends inside a word that continues in `b`. A word broken at the end of the page keeps its hyphen, because its rest is on
 * another page.
 */
function goesOn(a: PdfLine, b: PdfLine, join: Join): boolean {
  if (!endsBroken(a.text)) return false;
  // A line across a table that goes on in the next one; the word of a cell is not known to.
  if ((a.isRow || b.isRow) && /\t/.test(a.text + b.text)) return false;
  const sizeChange = b.size / a.size;
  if (/^[\p{Ll}\p{Lo}]/u.test(b.text)) return sizeChange > 0.8 && sizeChange < 1.25;
  return join !== 'paragraph' && /^[\p{L}\d]/u.test(b.text) && !startsItem(b.text);
}

/** The usual size and leading of the page's lines, in points; leading is NaN on a page without two lines of one paragraph. */
interface Usual {
  leading: number;
  size: number;
  /** The leading of other sizes, such as that of notes, keyed by half points, where several lines follow each other. */
  others: ReadonlyMap<number, number>;
}

const halfPoints = (size: number): number => Math.round(2 * size);

function howToJoin(a: PdfLine, b: PdfLine, usual: Usual, rightEdge: number): Join {
  const size = a.top - a.bottom;
  const step = a.bottom - b.bottom;
  const sameRow = Math.abs(step) < 0.3 * size;
  if (a.isRow !== b.isRow) return 'paragraph';
  if (a.isRow) return step > 0 && step < 4 * size ? 'line' : 'paragraph';
  if (sameRow) return 'space';
  const continues = /^[\p{Ll}(]/u.test(b.text) && !/[.!?:;]["”’)]?$/u.test(a.text);
  const sizeChange = b.size / a.size;
  if (sizeChange > 1.12 || sizeChange < 0.89) return 'paragraph';
  // The next line is higher: it begins a new column, or a box beside the text.
  if (step < 0) return continues ? 'space' : 'paragraph';
  // A heading over two lines has its own leading, about its size.
  const own = isOrdinary(a, usual.size) ? usual.leading : usual.others.get(halfPoints(a.size));
  if (step > (own === undefined ? 1.25 * size : 1.3 * own) || step > 3 * size) return 'paragraph';
  // White space wide enough for a table column: the rows stay apart.
  if (a.widestGap > 1.5 * size || b.widestGap > 1.5 * size) return 'line';
  if (/:$/.test(a.text) && /^\p{Lu}/u.test(b.text)) return 'line'; // the labels of a form
  if (startsItem(b.text) || /((\.\s?){4,}|\.(\s\.)+\s)\S{1,8}(,\s?\d{1,4})*$/.test(a.text)) return 'line'; // dots that lead to a page number
  const charWidth = (a.right - a.left) / Math.max(1, a.text.length);
  const indent = b.left - a.left;
  if (indent > 1.2 * charWidth && indent < 8 * charWidth && !startsItem(a.text)) return 'line'; // a book's new paragraph
  // If the next line's first word would have fitted, the line was ended on purpose.
  const firstWord = /^\S*/.exec(b.text)?.[0].length ?? 0;
  return a.right + (firstWord + 1.5) * charWidth < rightEdge ? 'line' : 'space';
}

function startsItem(text: string): boolean {
  return /^([•◦▪‣●○–—*-]\s|\(?(\d{1,3}|[a-z]|[ivx]{1,5})[.)]\s)/.test(text);
}

/** Whether no space belongs between two lines: Chinese and Japanese have none. */
function noSpaceBetween(a: string, b: string): boolean {
  const wide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303F\uFF00-\uFFEF]/u;
  // A hyphen at the end that is no division belongs to the word: "1990-" / "1995".
  return (wide.test(a.slice(-1)) && wide.test(b.slice(0, 1))) || /[\p{L}\d]-$/u.test(a);
}

function usualLine(lines: readonly PdfLine[]): Usual {
  const size = middleOf(lines.map((line) => line.size));
  const height = middleOf(lines.map(({ top, bottom }) => top - bottom));
  const steps: number[] = [];
  const bySize = new Map<number, number[]>();
  for (const [i, line] of lines.entries()) {
    const next = lines[i + 1];
    if (!next) continue;
    const step = line.bottom - next.bottom;
    if (isOrdinary(line, size)) {
      if (isOrdinary(next, size) && step > 0.5 * height && step < 3 * height) steps.push(step);
    } else if (halfPoints(line.size) === halfPoints(next.size) && step > 0.5 * line.size && step < 3 * line.size) {
      const others = bySize.get(halfPoints(line.size));
      if (others) others.push(step);
      else bySize.set(halfPoints(line.size), [step]);
    }
  }
  const others = new Map(
    [...bySize].filter(([, all]) => all.length >= leastSteps).map(([key, all]) => [key, lowStep(all)]),
  );
  return { size, leading: lowStep(steps), others };
}

const leastSteps = 4; // a heading over two or three lines has a leading of its own

/** The lower third: on a page of short paragraphs most steps may be those between paragraphs. */
function lowStep(steps: number[]): number {
  return steps.sort((a, b) => a - b)[Math.floor((steps.length - 1) / 3)] ?? Number.NaN;
}

const middleOf = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

function isOrdinary({ size }: PdfLine, usualSize: number): boolean {
  return Math.abs(size / usualSize - 1) < 0.12;
}

/** For each line the right edge of its column: the greatest right edge of the consecutive lines of its column. */
function columnRightEdges(lines: readonly PdfLine[]): number[] {
  const edges: number[] = [];
  let start = 0;
  for (let i = 1; i <= lines.length; i++) {
    const a = lines[i - 1] as PdfLine;
    const b = lines[i];
    if (b && b.bottom <= a.top && b.column === a.column) continue;
    const edge = Math.max(...lines.slice(start, i).map(({ right }) => right));
    edges.push(...new Array<number>(i - start).fill(edge));
    start = i;
  }
  return edges;
}
