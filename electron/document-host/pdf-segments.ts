/**
 * Joins runs to segments: text on one base line without a wide gap, with its raised and lowered characters. A line of a paragraph is one
 * segment, as is each cell of a table. Pure.
 */
import { type Direction, directionAtEnds, hasTextToTheLeft, shareToTheLeft, stretchesOf } from './pdf-direction.ts';
import { loweredText, raisedText } from './pdf-scripts.ts';
import { ofNoLine, type TextRun } from './pdfium-page.ts';

export interface Segment {
  text: string;
  left: number;
  right: number;
  base: number; // y of the base line
  size: number; // of the part that gives the size
  top: number; // of that part's font
  bottom: number;
  order: number; // its position in the page's order of drawing
  widestGap: number; // largest white space inside, in points
}

interface Draft {
  parts: TextRun[]; // by position on the line, for text to the right
  left: number;
  right: number;
  main: TextRun; // the part that gives base line and size
  mainArea: number;
}

const touching = 0.3; // of the size: closer runs belong together, whenever the file draws them
const mostNeighbours = 60; // on one line, so that a page of many thousand runs does not take quadratic time
const mostParts = 2000; // of a line
const mostScript = 6; // characters of a raised or lowered part
const sameSize = 0.03; // as a part of it
const nextTo = 1; // of the size: how far apart runs that are drawn one after the other may stand

/** The segments of runs that all have the same turn, in the file's order. */
export function segmentsOf(runs: readonly TextRun[]): Segment[] {
  const drafts: Draft[] = [];
  const turned = new Set(runs.filter(isToTheLeft).map(({ line }) => line)); // PDFium reverses words of any script in them
  for (const run of runs) {
    const last = drafts.at(-1);
    if (last && follows(last, run, turned)) addPart(last, run);
    else drafts.push({ parts: [run], left: run.left, right: run.right, main: run, mainArea: area(run) });
  }
  const joined = joinInterleaved(joinTouching(drafts));
  const notes = numbersOfNotes(joined);
  const share = runs.some(isToTheLeft) ? shareToTheLeft(runs) : 0;
  const segments: Segment[] = [];
  for (const draft of joined) {
    if (draft.parts.some(isToTheLeft)) segments.push(...finishBothWays(draft, segments.length, { share, notes }));
    else segments.push(finish(draft, segments.length, notes));
  }
  return segments;
}

const isToTheLeft = ({ flow, text }: TextRun): boolean => flow === 'left' && hasTextToTheLeft(text);

/** `share`: of the page's letters, those that run to the left. */
function finishBothWays(
  { parts, main }: Draft,
  order: number,
  { share, notes }: { share: number; notes: ReadonlySet<string> },
): Segment[] {
  const own = shareToTheLeft(parts);
  const isMixed = own > 0.2 && own < 0.8;
  const usual: Direction = (isMixed ? share : own) > 0.5 ? 'left' : 'right';
  const direction = isMixed ? (directionAtEnds(parts) ?? usual) : usual;
  const { base, size } = main;
  const marked = parts.map((part, i) =>
    withScript(part, main, [parts[i - 1]?.text ?? '', parts[i + 1]?.text ?? '', notes]),
  );
  return stretchesOf(marked, size, direction).map((stretch, i) => ({
    ...stretch,
    base,
    size,
    ...heightOf(main),
    order: order + i,
  }));
}

/** `around`: the text before and after it, and the notes of the page. */
function scriptText(part: TextRun, main: TextRun, around: [string, string, ReadonlySet<string>]): string {
  const script = scriptOf(part, main);
  if (script === 'raised') return raisedText(part.text, ...around);
  return script === 'lowered' ? loweredText(part.text) : part.text;
}

/** The part with its raised or lowered characters marked. */
function withScript(part: TextRun, main: TextRun, around: [string, string, ReadonlySet<string>]): TextRun {
  const text = scriptText(part, main, around);
  if (text === part.text) return part;
  const filled = (edge: number): number[] => new Array<number>(text.length).fill(edge);
  return { ...part, text, lefts: filled(part.left), rights: filled(part.right) };
}

const area = (run: TextRun): number => run.text.length * run.size * run.size;

function addPart(draft: Draft, run: TextRun): void {
  draft.parts.push(run);
  draft.left = Math.min(draft.left, run.left);
  draft.right = Math.max(draft.right, run.right);
  if (area(run) > draft.mainArea) {
    draft.main = run;
    draft.mainArea = area(run);
  }
}

function follows(draft: Draft, run: TextRun, turned: ReadonlySet<number>): boolean {
  const last = draft.parts.at(-1) as TextRun;
  if (last.flow === 'down' || run.flow === 'down' || run.turn === 4) return false;
  const size = Math.max(last.size, run.size);
  if (!onOneLine(draft.main, run) && !onOneLine(last, run)) return false;
  const isTurned = run.flow === 'left' || last.flow === 'left' || turned.has(run.line);
  if (run.line === last.line && isTurned) return true;
  const gap = run.left - draft.right;
  // A word below or above the end of much larger print is not its index.
  const back = nextTo * (/\p{L}{3}/u.test(run.text) ? Math.min(last.size, run.size) : size);
  return gap < (run.line === last.line ? 0.7 : touching) * size && gap > -back;
}

function onOneLine(a: TextRun, b: TextRun): boolean {
  const size = Math.max(a.size, b.size);
  const step = Math.abs(a.base - b.base);
  if (step < 0.15 * Math.min(a.size, b.size)) return true;
  const smaller = smallerOf(a, b);
  const isScript = smaller.size < 0.88 * size || (smaller.text.length <= 3 && step > 0.15 * size);
  // A word beside a musical note is not its index.
  if ((smaller === a ? b : a).guessed && !smaller.guessed && /\p{L}{3}/u.test(smaller.text)) return false;
  return isScript && step < 0.75 * size && scriptOf(smaller, smaller === a ? b : a) !== undefined;
}

/** Two fonts of one size may differ a little: in TeX's name the lowered E, whose font is the larger one, is the smaller run. */
function smallerOf(a: TextRun, b: TextRun): TextRun {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  const isLetters = /^\p{L}{1,3}$/u.test(large.text) && small.text.length > large.text.length;
  return isLetters && small.size < large.size && small.size > (1 - sameSize) * large.size ? large : small;
}

type Script = 'raised' | 'lowered' | undefined;

function scriptOf(part: TextRun, main: TextRun): Script {
  if (part === main) return undefined;
  const step = (part.base - main.base) / main.size;
  const isSmall = part.size < 0.88 * main.size;
  if (step > (isSmall ? 0.1 : 0.2) && step < 0.9) return 'raised';
  if (step < (isSmall ? -0.05 : -0.15) && step > -0.56) return 'lowered'; // half the size is usual
  return undefined;
}

/** Joins segments that are close together on one line but not drawn in sequence, such as a bold word or a note mark. */
function joinTouching(drafts: Draft[]): Draft[] {
  const byBase = drafts
    .filter(({ main, parts }) => main.turn !== 4 && parts.every(({ flow }) => flow === 'right'))
    .sort((a, b) => b.main.base - a.main.base);
  const gone = new Set<Draft>();
  for (const [i, draft] of byBase.entries()) {
    for (let j = i + 1; j < byBase.length && j <= i + mostNeighbours && !gone.has(draft); j++) {
      const other = byBase[j] as Draft;
      if (draft.main.base - other.main.base > 0.9 * Math.max(draft.main.size, other.main.size)) break;
      if (gone.has(other)) continue;
      if (insertScript(draft, other)) gone.add(other);
      else if (insertScript(other, draft)) gone.add(draft);
      if (gone.has(other) || gone.has(draft) || !belongTogether(draft, other)) continue;
      const [first, second] = draft.left <= other.left ? [draft, other] : [other, draft];
      for (const part of second.parts) addPart(first, part);
      gone.add(second);
    }
  }
  return drafts.filter((draft) => !gone.has(draft));
}

/**
 * Joins the parts of a line with text to the left whose places overlap. PDFium begins a new line at a sign that is drawn higher, and what it
 * takes for a line may have words from both sides of a word in the next one.
 */
function joinInterleaved(drafts: Draft[]): Draft[] {
  if (!drafts.some(({ parts }) => parts.some(isToTheLeft))) return drafts;
  const byBase = drafts
    .filter(({ main, parts }) => main.turn !== 4 && parts.every(({ flow }) => flow !== 'down'))
    .sort((a, b) => b.main.base - a.main.base);
  const gone = new Set<Draft>();
  const joined = new Set<Draft>();
  for (const [i, draft] of byBase.entries()) {
    for (let j = i + 1; j < byBase.length && j <= i + mostNeighbours && !gone.has(draft); j++) {
      const other = byBase[j] as Draft;
      const size = Math.max(draft.main.size, other.main.size);
      if (draft.main.base - other.main.base > 0.9 * size) break;
      if (gone.has(other) || !overlap(draft, other) || draft.parts.length + other.parts.length > mostParts) continue;
      const [first, second] = firstLine(draft) < firstLine(other) ? [draft, other] : [other, draft];
      for (const part of second.parts) addPart(first, part);
      joined.add(first);
      gone.add(second);
    }
  }
  for (const { parts } of joined) parts.sort((a, b) => a.line - b.line);
  return drafts.filter((draft) => !gone.has(draft));
}

const firstLine = ({ parts }: Draft): number => (parts[0] as TextRun).line;

const overlap = (a: Draft, b: Draft): boolean =>
  (a.parts.some(isToTheLeft) || b.parts.some(isToTheLeft)) &&
  Math.min(a.right, b.right) > Math.max(a.left, b.left) &&
  onOneLine(a.main, b.main);

/** Inserts a raised or lowered part that the file draws later than the line that it belongs to. Returns false if it is no such part. */
function insertScript(host: Draft, script: Draft): boolean {
  const { main } = script;
  if (textLength(script) > mostScript || main.size > 0.88 * host.main.size || !onOneLine(host.main, main)) return false;
  if (script.left < host.left || script.left > host.right) return false;
  const slack = 0.2 * host.main.size;
  const i = host.parts.findIndex(({ right }) => right > script.left + slack);
  const part = host.parts[i];
  if (!part) return false;
  const at = part.lefts.findIndex((x, unit) => x > script.left - slack && part.text[unit] !== ' ');
  if (at < 0 || (part.lefts[at] as number) < script.right - slack) return false;
  const before = part.text.slice(0, at).trimEnd();
  const rest: TextRun = {
    ...part,
    text: part.text.slice(at),
    lefts: part.lefts.slice(at),
    rights: part.rights.slice(at),
    left: part.lefts[at] as number,
    spaced: before.length < at,
  };
  const first: TextRun = {
    ...part,
    text: before,
    lefts: part.lefts.slice(0, before.length),
    rights: part.rights.slice(0, before.length),
    right: script.left,
  };
  const parts = [
    ...(before === '' ? [] : [first]),
    ...script.parts.map((run) => ({ ...run, spaced: false, line: part.line })),
    rest,
  ];
  host.parts.splice(i, 1, ...parts);
  if (host.main === part) host.main = before.length > rest.text.length ? first : rest;
  return true;
}

function belongTogether(a: Draft, b: Draft): boolean {
  if (!onOneLine(a.main, b.main)) return false;
  const [first, second] = a.left <= b.left ? [a, b] : [b, a];
  if (Math.abs(second.left - first.right) > touching * Math.max(a.main.size, b.main.size)) return false;
  const isLevel = Math.abs(a.main.base - b.main.base) < 0.15 * Math.min(a.main.size, b.main.size);
  return isLevel || Math.min(textLength(a), textLength(b)) <= mostScript;
}

const textLength = ({ parts }: Pick<Draft, 'parts'>): number => parts.reduce((sum, { text }) => sum + text.length, 0);

/** The numbers at the beginning of small or raised print: notes that marks on this page may refer to. */
function numbersOfNotes(drafts: readonly Draft[]): Set<string> {
  const sizes = drafts.map(({ main }) => main.size).sort((a, b) => a - b);
  const usual = largestShare(drafts) ?? sizes[sizes.length >> 1] ?? 0;
  const numbers = new Set<string>();
  for (const { parts, main } of drafts) {
    const first = parts[0] as TextRun;
    const isSmall = main.size < 0.95 * usual;
    const isRaised = scriptOf(first, main) === 'raised';
    if (!isSmall && !isRaised) continue;
    const number = /^[[(]?(\d{1,3})[\])]?(?=\s|$|[A-Za-z])/.exec(first.text)?.[1];
    if (number && textLength({ parts }) > number.length) numbers.add(number);
  }
  return numbers;
}

/** The font size of most of the page's characters. */
function largestShare(drafts: readonly Draft[]): number | undefined {
  const chars = new Map<number, number>();
  for (const { parts } of drafts) {
    for (const { size, text } of parts) {
      const rounded = Math.round(size * 4) / 4;
      chars.set(rounded, (chars.get(rounded) ?? 0) + text.length);
    }
  }
  let best: number | undefined;
  for (const [size, n] of chars) if (best === undefined || n > (chars.get(best) ?? 0)) best = size;
  return best;
}

function finish({ parts, left, right, main }: Draft, order: number, notes: ReadonlySet<string>): Segment {
  let text = '';
  let widestGap = 0;
  for (const [i, part] of parts.entries()) {
    const before = parts[i - 1];
    if (before) {
      const gap = part.left - before.right;
      if (part.flow === 'right') widestGap = Math.max(widestGap, gap);
      if (isSpaced(before, part, main.size)) text += ' ';
    }
    text += scriptText(part, main, [text, parts[i + 1]?.text ?? '', notes]);
  }
  const { base, size } = main;
  return { text, left, right, base, size, ...heightOf(main), order, widestGap };
}

function heightOf({ base, size, rise, fall }: TextRun): Pick<Segment, 'top' | 'bottom'> {
  // Some fonts do not give their height.
  const isKnown = rise + fall > 0.3 * size && rise + fall < 4 * size;
  return { top: base + (isKnown ? rise : 0.93 * size), bottom: base - (isKnown ? fall : 0.22 * size) };
}

function isSpaced(a: TextRun, b: TextRun, size: number): boolean {
  if (a.line === ofNoLine || b.line === ofNoLine) return true;
  return a.line === b.line ? b.spaced : b.left - a.right > 0.15 * size;
}
