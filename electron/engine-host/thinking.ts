/**
 * Separates what a model thinks before it answers from the answer. Models mark thinking in the text, templates may open the block
 * themselves, and some models leave out one of the two marks. A mark inside code is text.
 */

/** How a block begins and ends. */
export const thinkingMarks = [
  ['<think>', '</think>'],
  ['[THINK]', '[/THINK]'],
  ['<seed:think>', '</seed:think>'],
  ['<thinking>', '</thinking>'],
  ['<|channel>thought', '<channel|>'],
  ['<|START_THINKING|>', '<|END_THINKING|>'],
] as const;
type Marks = readonly [open: string, close: string];

export interface ThinkingShape {
  /** The prompt ends within a block that the template opened. */
  opened: boolean;
  /** Template or vocabulary have marks of thinking: a closing mark counts without an opening one. */
  expected: boolean;
  /** The answer comes in channels instead (channels.ts). */
  channels?: boolean;
}

export interface Split {
  thinking: string;
  answer: string;
  /** Where in the text the answer begins; the text's length while it has not begun. */
  answerAt: number;
}

const openMarks = thinkingMarks.map(([open]) => open);
const closeMarks = thinkingMarks.map(([, close]) => close);

/** Whether a text ends inside a block: its last opening mark has no closing mark after it. */
export function opensThinking(text: string): boolean {
  return thinkingMarks.some(([open, close]) => text.includes(open) && text.lastIndexOf(open) > text.lastIndexOf(close));
}

export const mentionsThinking = (template: string): boolean =>
  thinkingMarks.some(([open, close]) => template.includes(open) || template.includes(close));

/** `ended`: no more text will come. Until then a possible beginning of a mark is held back and in neither part. */
export function splitThinking(text: string, { opened, expected }: ThinkingShape, ended: boolean): Split {
  const start = lead(text, 0);
  const marks = markAt(text, start);
  if (marks) return inBlock(text, start + marks[0].length, [marks[1]], ended, '');
  if (!ended && isBeginning(text.slice(start), openMarks)) return { thinking: '', answer: '', answerAt: text.length };
  if (opened) return inBlock(text, start, closeMarks, ended, '');
  if (!expected) return answerFrom(text, 0, '');
  const close = firstClose(text, 0, closeMarks, (at, mark) => endsLine(text, at + mark.length, ended));
  if (close) return afterBlock(text, close.end, text.slice(0, close.at), ended);
  return answerFrom(ended ? text : withoutBeginning(text, closeMarks), 0, '');
}

/** The text from `begin` on is thinking, up to the first of `closes`. */
function inBlock(text: string, begin: number, closes: readonly string[], ended: boolean, before: string): Split {
  const close = firstClose(text, begin, closes, () => true) ?? (ended ? lastClose(text, begin, closes) : undefined);
  if (close) return afterBlock(text, close.end, joined(before, text.slice(begin, close.at)), ended);
  // The block never ends: its text counts as the answer.
  if (ended) return answerFrom(text, begin, before);
  const thinking = joined(before, withoutBeginning(text.slice(begin), closes));
  return { thinking, answer: '', answerAt: text.length };
}

/** Another block may follow directly. */
function afterBlock(text: string, end: number, thinking: string, ended: boolean): Split {
  const start = lead(text, end);
  const marks = markAt(text, start);
  if (marks) return inBlock(text, start + marks[0].length, [marks[1]], ended, thinking);
  if (!ended && isBeginning(text.slice(start), openMarks))
    return { thinking: thinking.trim(), answer: '', answerAt: text.length };
  return answerFrom(text, end, thinking);
}

function answerFrom(text: string, at: number, thinking: string): Split {
  const answerAt = lead(text, at);
  return { thinking: thinking.trim(), answer: text.slice(answerAt), answerAt };
}

const joined = (a: string, b: string) =>
  [a, b]
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join('\n\n');

function lead(text: string, from: number): number {
  const at = text.slice(from).search(/\S/);
  return at < 0 ? text.length : from + at;
}

const markAt = (text: string, at: number): Marks | undefined =>
  thinkingMarks.find(([open]) => text.startsWith(open, at));

/** Whether the text is the incomplete beginning of a mark. */
const isBeginning = (text: string, marks: readonly string[]) =>
  text !== '' && marks.some((mark) => mark.length > text.length && mark.startsWith(text));

/** Leaves out the last characters while they may become a mark, and a whole mark at the end while its line is not finished. */
function withoutBeginning(text: string, marks: readonly string[]): string {
  const longest = Math.max(...marks.map((mark) => mark.length));
  for (let n = Math.min(longest, text.length); n > 0; n--) {
    const tail = text.slice(-n);
    if (marks.some((mark) => mark.startsWith(tail)) && !isInCode(text, 0, text.length - n)) return text.slice(0, -n);
  }
  return text;
}

interface Close {
  at: number;
  end: number;
}

function* closesIn(text: string, from: number, marks: readonly string[]): Generator<Close & { mark: string }> {
  for (let at = from; at < text.length; at++) {
    const mark = marks.find((one) => text.startsWith(one, at));
    if (mark !== undefined) yield { at, end: at + mark.length, mark };
  }
}

function firstClose(
  text: string,
  from: number,
  marks: readonly string[],
  counts: (at: number, mark: string) => boolean,
): Close | undefined {
  for (const close of closesIn(text, from, marks))
    if (counts(close.at, close.mark) && !isInCode(text, from, close.at)) return close;
  return undefined;
}

/** For a text whose code block never ends: the mark was not in code then. */
function lastClose(text: string, from: number, marks: readonly string[]): Close | undefined {
  return [...closesIn(text, from, marks)].at(-1);
}

const endsLine = (text: string, at: number, ended: boolean) =>
  /^[ \t]*\r?\n/.test(text.slice(at)) || (ended && lead(text, at) === text.length);

/** Whether `at` is in a fenced block, or between backticks of one line. A single backtick on a finished line does not begin code. */
function isInCode(text: string, from: number, at: number): boolean {
  const before = text.slice(from, at);
  const fences = before.match(/^[ \t]*(```|~~~)/gm)?.length ?? 0;
  const lineStart = before.lastIndexOf('\n') + 1;
  const line = before.slice(lineStart);
  if (/^[ \t]*(```|~~~)/.test(line)) return true;
  if (fences % 2 === 1) return true;
  if ((line.match(/`+/g)?.length ?? 0) % 2 === 0) return false;
  const rest = text.slice(at);
  const lineEnd = rest.indexOf('\n');
  return lineEnd < 0 || rest.slice(0, lineEnd).includes('`');
}
