/**
 * Lines with text that runs to the left, such as Arabic and Hebrew. PDFium reverses such words one by one, so that a name of two Latin words
 * in a Hebrew line changes its order, and it turns some brackets. Here the words are put into the order of reading by their positions, with
 * the rules of Unicode's bidirectional algorithm applied backwards. Pure.
 */
import { isDigit, isFormat, isLetter, isMark, isNumber, isToTheLeft, kindOfCode } from './pdf-characters.ts';
import type { TextRun } from './pdfium-page.ts';

export type Direction = 'right' | 'left';

/** A stretch of a line in the order of reading. */
export interface Stretch {
  text: string;
  left: number;
  right: number;
  widestGap: number;
}

/** left: a word that runs to the left; arabic: digits that stay with such words; mark: punctuation. */
type Kind = 'left' | 'right' | 'number' | 'arabic' | 'mark';

interface Glyph {
  text: string; // one character
  left: number;
  right: number;
}

/** A word, a number or a sign. */
interface Word {
  kind: Kind;
  text: string;
  left: number;
  right: number;
  first: number; // its place in PDFium's order
  spaced: boolean; // PDFium has a space before it
}

interface Draft extends Word {
  glyphs: Glyph[];
}

const wideGap = 0.9; // of the size; a wider one may be the white space between two columns
const wordGap = 0.15;
const letterGap = 0.25; // between words that run to the left
const mostApart = 500; // signs of one line, so that a line of many thousand does not take quadratic time
const touching = 0.03; // letters closer than this are of one word, such as those beside a Persian half-space
const betweenDigits = /^[.,:/\u066B\u066C\u060C+-]$/;
const besideDigits = /^[%$€£¥#°]$/;

export const hasTextToTheLeft = (text: string): boolean => /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFF]/.test(text);

/**
 * The direction that a line's ends show: a full stop stands at the end, and both ends have letters of the line's direction. undefined: they
 * do not show it, or a sign such as the one before ".txt" is against the letters.
 */
export function directionAtEnds(parts: readonly TextRun[]): Direction | undefined {
  const glyphs: Glyph[] = [];
  for (const { text, lefts, rights } of parts) {
    for (const [i, character] of text.split('').entries())
      if (character !== ' ') glyphs.push({ text: character, left: lefts[i] as number, right: rights[i] as number });
  }
  const [stopAtLeft, stopAtRight] = ends(glyphs).map((glyph) => /^[.,;:!?،؛؟]$/.test(glyph?.text ?? ''));
  if (stopAtLeft === stopAtRight) return directionOf(ends(glyphs));
  const ofStop = stopAtLeft ? 'left' : 'right';
  const ofLetters = directionOf(ends(glyphs.filter(({ text }) => /\p{L}/u.test(text))));
  return ofLetters === undefined || ofLetters === ofStop ? ofStop : undefined;
}

function directionOf(glyphs: readonly (Glyph | undefined)[]): Direction | undefined {
  if (glyphs.every((glyph) => glyph && (kindOfGlyph(glyph) & isToTheLeft) !== 0)) return 'left';
  return glyphs.every((glyph) => /\p{Script=Latin}/u.test(glyph?.text ?? '')) ? 'right' : undefined;
}

/** The glyph at the left end and the one at the right end. */
function ends(glyphs: readonly Glyph[]): [Glyph | undefined, Glyph | undefined] {
  let first: Glyph | undefined;
  let last: Glyph | undefined;
  for (const glyph of glyphs) {
    if (!first || glyph.left < first.left) first = glyph;
    if (!last || glyph.right > last.right) last = glyph;
  }
  return [first, last];
}

/** The share of letters that run to the left. */
export function shareToTheLeft(parts: readonly { text: string }[]): number {
  if (!anyToTheLeft(parts)) return 0;
  let left = 0;
  let all = 0;
  for (const { text } of parts) {
    for (let unit = 0; unit < text.length; unit++) {
      const code = text.codePointAt(unit) as number;
      if (code > 0xffff) unit++;
      const kind = kindOfCode(code);
      if ((kind & isLetter) === 0) continue;
      all++;
      if ((kind & isToTheLeft) !== 0) left++;
    }
  }
  return left / Math.max(1, all);
}

function anyToTheLeft(parts: readonly { text: string }[]): boolean {
  for (const { text } of parts) if (hasTextToTheLeft(text)) return true;
  return false;
}

/** The parts of one printed line in the order of reading, cut where the white space is wide. `direction`: of the paragraph. */
export function stretchesOf(parts: readonly TextRun[], size: number, direction: Direction): Stretch[] {
  const visual = withNumbers(
    wordsOf(parts, size).sort((a, b) => a.left - b.left || a.first - b.first),
    size,
  );
  const stretches: Word[][] = [];
  let right = Number.NEGATIVE_INFINITY;
  for (const word of visual) {
    const last = stretches.at(-1);
    if (last && word.left - right < wideGap * size) last.push(word);
    else stretches.push([word]);
    right = Math.max(right, word.right);
  }
  if (direction === 'left') stretches.reverse();
  return stretches.map((words) => {
    const { text, left: from, right: to } = inReadingOrder(words, direction, size);
    const gaps = words.map(({ left }, i) => left - (words[i - 1]?.right ?? left));
    return {
      text: facingBrackets(text),
      left: from,
      right: to,
      widestGap: gaps.reduce((most, gap) => Math.max(most, gap), 0),
    };
  });
}

function wordsOf(parts: readonly TextRun[], size: number): Word[] {
  const drafts: Draft[] = [];
  let spaced = false;
  let at = 0;
  for (const { text, lefts, rights, spaced: isSpaced } of parts) {
    spaced ||= isSpaced;
    for (let unit = 0; unit < text.length; at++) {
      const code = text.codePointAt(unit) as number;
      const character = String.fromCodePoint(code);
      const glyph = { text: character, left: lefts[unit] as number, right: rights[unit] as number };
      unit += character.length;
      if (character === ' ') {
        spaced = true;
        continue;
      }
      const last = drafts.at(-1);
      if (last && spaced && isOfOneGlyph(last.glyphs.at(-1), glyph)) {
        last.glyphs.push({ ...glyph, text: ' ' }, glyph);
        spaced = false;
        continue;
      }
      const kind = last && (kindOfCode(code) & (isMark | isFormat)) !== 0 ? last.kind : kindOf(code);
      const isNear = last && glyph.left - last.right < 0.5 * size && last.left - glyph.right < 0.5 * size;
      if (last && !spaced && kind === last.kind && kind !== 'mark' && isNear) {
        last.glyphs.push(glyph);
        last.left = Math.min(last.left, glyph.left);
        last.right = Math.max(last.right, glyph.right);
      } else drafts.push({ kind, glyphs: [glyph], left: glyph.left, right: glyph.right, first: at, spaced, text: '' });
      spaced = false;
    }
    spaced = false;
  }
  return withMarks(drafts).map(({ glyphs, ...word }) => ({ ...word, text: textOf(glyphs, word.kind) }));
}

/** Whether both are letters of one glyph that stands for several words, such as U+FDFA. */
const isOfOneGlyph = (last: Glyph | undefined, next: Glyph): boolean =>
  last?.left === next.left &&
  last.right === next.right &&
  next.right > next.left &&
  /\p{Script=Arabic}/u.test(next.text);

/** Puts signs that the file draws apart from their word, such as a vowel above its last letter, behind the letter at which they are. */
function withMarks(drafts: readonly Draft[]): Draft[] {
  const isApart = ({ glyphs }: Draft): boolean => glyphs.every(isSign);
  const apart = drafts.filter(isApart).length;
  if (apart === 0 || apart > mostApart) return [...drafts];
  const words = drafts.filter((draft) => draft.kind === 'left' && !isApart(draft));
  return drafts.filter((draft) => {
    if (!isApart(draft)) return true;
    const middle = (draft.left + draft.right) / 2;
    const word = words.find(({ left, right }) => left <= middle && middle <= right);
    if (!word) return true;
    const letters = word.glyphs.filter((glyph) => !isSign(glyph));
    const nearest = letters.reduce((best, letter) => (distance(letter, draft) < distance(best, draft) ? letter : best));
    word.glyphs.splice(word.glyphs.indexOf(nearest) + 1, 0, ...draft.glyphs);
    return false;
  });
}

function kindOf(code: number): Kind {
  if (code >= 0x660 && code <= 0x669) return 'arabic';
  const kind = kindOfCode(code);
  if ((kind & isDigit) !== 0) return 'number';
  if ((kind & (isLetter | isMark)) !== 0) return (kind & isToTheLeft) !== 0 ? 'left' : 'right';
  return (kind & isNumber) !== 0 ? 'right' : 'mark';
}

const kindOfGlyph = ({ text }: Glyph): number => kindOfCode(text.codePointAt(0) as number);

/** The letters of a word, from the right, each with its marks. */
function textOf(drawn: Glyph[], kind: Kind): string {
  if (drawn.length === 1) return joined(drawn);
  if (kind !== 'left') return joined([...drawn].sort((a, b) => a.left - b.left));
  const glyphs = withLigatures(drawn);
  const letters = glyphs.filter((glyph) => !isSign(glyph));
  if (letters.length === 0) return joined(glyphs);
  if (letters.length === glyphs.length) return joined(letters.sort((a, b) => b.left - a.left));
  const marks = letters.map((): Glyph[] => []);
  let before = -1; // the last letter
  for (const glyph of glyphs) {
    if (!isSign(glyph)) {
      before++;
      continue;
    }
    marks[nearestLetter(letters, before, glyph)]?.push(glyph);
  }
  return letters
    .map((glyph, i) => ({ left: glyph.left, text: glyph.text + joined(marks[i] ?? []) }))
    .sort((a, b) => b.left - a.left)
    .map(({ text }) => text)
    .join('');
}

/**
 * The letters of a ligature have one place. PDFium reverses them if they come from the font's map, but not if they come from a code such as
 * U+FEFB, which it takes apart itself.
 */
function withLigatures(glyphs: readonly Glyph[]): Glyph[] {
  const letters: Glyph[] = [];
  for (let from = 0; from < glyphs.length; ) {
    const first = glyphs[from] as Glyph;
    const { left, right } = first;
    let to = from + 1;
    while (right > left && glyphs[to]?.left === left && glyphs[to]?.right === right) to++;
    if (to === from + 1) letters.push(first);
    else {
      const group = glyphs.slice(from, to);
      letters.push(...(fromCodes.test(joined(group)) ? group : group.reverse()));
    }
    from = to;
  }
  return letters;
}

/** What U+FEF5 to U+FEFC and U+FDF2 to U+FDFB stand for. */
const fromCodes = /^(ل[اأإآ]|الله|اكبر|محمد|صلعم|رسول|عليه|وسلم|صلى الله عليه وسلم|جل جلاله)$/;

const isSign = (glyph: Glyph): boolean => (kindOfGlyph(glyph) & (isMark | isFormat)) !== 0;

/** A mark is drawn before or after its letter; PDFium may have the letter before it in between. */
function nearestLetter(letters: readonly Glyph[], before: number, mark: Glyph): number {
  let nearest = Math.max(0, before);
  for (const i of [before + 1, before - 1]) {
    if (i >= 0 && i < letters.length && distance(letters[i], mark) < distance(letters[nearest], mark)) nearest = i;
  }
  return nearest;
}

/** From the middle of a mark to a letter; 0 above it. */
function distance(letter: Glyph | undefined, mark: Pick<Glyph, 'left' | 'right'>): number {
  if (!letter) return Number.POSITIVE_INFINITY;
  const x = (mark.left + mark.right) / 2;
  return Math.max(0, letter.left - x, x - letter.right);
}

function joined(glyphs: readonly Glyph[]): string {
  let text = '';
  for (const glyph of glyphs) text += glyph.text;
  return text;
}

/** Joins "12", ".", "5" and "%" that touch each other: a number is read to the right. */
function withNumbers(visual: readonly Word[], size: number): Word[] {
  const words: Word[] = [];
  for (let i = 0; i < visual.length; i++) {
    const word = visual[i] as Word;
    const last = words.at(-1);
    const next = visual[i + 1];
    if (last && isDigits(last) && touches(last, word, size)) {
      if (next && betweenDigits.test(word.text) && next.kind === last.kind && touches(word, next, size)) {
        words[words.length - 1] = merged(merged(last, word), next);
        i++;
        continue;
      }
      if (word.kind === last.kind || (last.kind === 'number' && besideDigits.test(word.text))) {
        words[words.length - 1] = merged(last, word);
        continue;
      }
    }
    if (next?.kind === 'number' && besideDigits.test(word.text) && touches(word, next, size)) {
      words.push(merged(word, next));
      i++;
    } else words.push(word);
  }
  return words;
}

const isDigits = ({ kind }: Word): boolean => kind === 'number' || kind === 'arabic';

const touches = (a: Word, b: Word, size: number): boolean => b.left - a.right < wordGap * size;

function merged(a: Word, b: Word): Word {
  return {
    kind: a.kind === 'mark' ? b.kind : a.kind,
    text: a.text + b.text,
    left: Math.min(a.left, b.left),
    right: Math.max(a.right, b.right),
    first: Math.min(a.first, b.first),
    spaced: a.first < b.first ? a.spaced : b.spaced,
  };
}

/** Reads the words from one side; runs of words in the other direction are read the other way round. */
function inReadingOrder(visual: readonly Word[], direction: Direction, size: number): Word {
  const items: Word[] = [];
  for (let i = 0; i < visual.length; ) {
    const end = runEnd(visual, i, direction);
    const run = visual.slice(i, end);
    items.push(run.length === 1 ? (run[0] as Word) : inOrder(direction === 'left' ? run : run.reverse(), size));
    i = end;
  }
  return inOrder(direction === 'left' ? items.reverse() : items, size);
}

/** The end of the run against the line's direction that begins at `start`; `start + 1` where none begins. */
function runEnd(visual: readonly Word[], start: number, direction: Direction): number {
  const against = direction === 'left' ? 'right' : 'left';
  if ((visual[start] as Word).kind !== against) return start + 1;
  let end = start + 1;
  let brackets = 0; // inside the run
  let inside = 0; // brackets since its end
  for (let i = start + 1; i < visual.length; i++) {
    const word = visual[i] as Word;
    if (word.kind === direction || (direction === 'left' && word.kind === 'arabic')) break;
    if (/[()[\]]/.test(word.text)) inside++;
    if (word.kind !== against && !(direction === 'left' && word.kind === 'number')) continue;
    end = i + 1;
    brackets += inside;
    inside = 0;
  }
  // A bracket that was opened inside the run is closed by it.
  const after = visual[end];
  if (direction === 'left' && brackets % 2 === 1 && after && /^[()[\]]$/.test(after.text)) end++;
  return end;
}

function inOrder(words: readonly Word[], size: number): Word {
  let last = words[0] as Word;
  let { text, left, right, first, spaced } = last;
  for (let i = 1; i < words.length; i++) {
    const word = words[i] as Word;
    text += isSpaced(last, word, size) ? ` ${word.text}` : word.text;
    if (left > word.left) left = word.left;
    if (right < word.right) right = word.right;
    if (first >= word.first) ({ first, spaced } = word);
    last = word;
  }
  return { kind: last.kind, text, left, right, first, spaced };
}

/** Whether there is white space between two words that are read one after the other. */
function isSpaced(last: Word, word: Word, size: number): boolean {
  const gap = Math.max(last.left, word.left) - Math.min(last.right, word.right);
  // Beside signs PDFium's spaces are at the wrong places, and between Arabic letters there are gaps.
  if (last.kind === 'left' && word.kind === 'left')
    return ((word.spaced || last.spaced) && gap > touching * size) || gap > letterGap * size;
  const isBetweenScripts = last.kind !== word.kind && isLetters(last) && isLetters(word);
  return gap > wordGap * size || (isBetweenScripts && word.spaced && gap > -wordGap * size);
}

const isLetters = ({ kind }: Word): boolean => kind === 'left' || kind === 'right';

const pairs = '()[]{}';

/**
 * Lets brackets face each other. Whether the file or PDFium has turned a bracket in text to the left is not known, but its neighbours show
 * whether it opens or closes.
 */
export function facingBrackets(text: string): string {
  if (!/[()[\]{}]/.test(text)) return text;
  const brackets = [...text.matchAll(/[()[\]{}]/g)].map(({ 0: bracket, index }) => ({ pair: pairOf(bracket), index }));
  const depths = new Map<number, number>();
  const characters = text.split('');
  const left = new Map<number, number>(); // brackets that follow
  for (const { pair } of brackets) left.set(pair, (left.get(pair) ?? 0) + 1);
  for (const { pair, index } of brackets) {
    left.set(pair, (left.get(pair) ?? 0) - 1);
    const before = text[index - 1] ?? ' ';
    const after = text[index + 1] ?? ' ';
    const depth = depths.get(pair) ?? 0;
    const mayOpen = /[\s()[\]{}"“«]/.test(before) && !/\s/.test(after);
    const mayClose = !/\s/.test(before) && /[\s()[\]{}.,;:!?،؛؟"”»]/.test(after);
    // Alone it is the end of a mark such as "1)", or of a bracket of the line before.
    const isAlone = (left.get(pair) ?? 0) % 2 === 0;
    const opens = depth === 0 ? !isAlone || !mayClose || mayOpen : mayOpen && !mayClose;
    depths.set(pair, Math.max(0, depth + (opens ? 1 : -1)));
    characters[index] = pairs.charAt(opens ? pair : pair + 1);
  }
  return characters.join('');
}

const pairOf = (bracket: string): number => pairs.indexOf(bracket) & ~1;
