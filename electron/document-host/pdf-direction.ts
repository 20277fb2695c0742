/**
 * Lines with text that runs to the left, such as Arabic and Hebrew. PDFium reverses such words one by one, so that a name of two Latin words
 * in a Hebrew line changes its order, and it turns some brackets. Here the words are put into the order of reading by their positions, with
 * the rules of Unicode's bidirectional algorithm applied backwards. Pure.
 */
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
const toTheLeft = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
const anyLetter = /\p{L}/gu;
const lettersToTheLeft =
  /(?=\p{L})[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/gu;
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
  if (glyphs.every((glyph) => toTheLeft.test(glyph?.text ?? ''))) return 'left';
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
  if (!parts.some(({ text }) => hasTextToTheLeft(text))) return 0;
  let left = 0;
  let all = 0;
  for (const { text } of parts) {
    all += text.match(anyLetter)?.length ?? 0;
    if (hasTextToTheLeft(text)) left += text.match(lettersToTheLeft)?.length ?? 0;
  }
  return left / Math.max(1, all);
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
      const character = String.fromCodePoint(text.codePointAt(unit) as number);
      const glyph = { text: character, left: lefts[unit] as number, right: rights[unit] as number };
      unit += character.length;
      if (character === ' ') {
        spaced = true;
        continue;
      }
      const last = drafts.at(-1);
      const kind = last && character > '~' && /^[\p{M}\p{Cf}]$/u.test(character) ? last.kind : kindOf(character);
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

/** Puts signs that the file draws apart from their word, such as a vowel above its last letter, behind the letter at which they are. */
function withMarks(drafts: readonly Draft[]): Draft[] {
  const isApart = ({ glyphs }: Draft): boolean => glyphs.every(isMark);
  const apart = drafts.filter(isApart).length;
  if (apart === 0 || apart > mostApart) return [...drafts];
  const words = drafts.filter((draft) => draft.kind === 'left' && !isApart(draft));
  return drafts.filter((draft) => {
    if (!isApart(draft)) return true;
    const middle = (draft.left + draft.right) / 2;
    const word = words.find(({ left, right }) => left <= middle && middle <= right);
    if (!word) return true;
    const letters = word.glyphs.filter((glyph) => !isMark(glyph));
    const nearest = letters.reduce((best, letter) => (distance(letter, draft) < distance(best, draft) ? letter : best));
    word.glyphs.splice(word.glyphs.indexOf(nearest) + 1, 0, ...draft.glyphs);
    return false;
  });
}

function kindOf(character: string): Kind {
  if (character < '\x80') return /[a-z]/i.test(character) ? 'right' : /\d/.test(character) ? 'number' : 'mark';
  if (/[\u0660-\u0669]/.test(character)) return 'arabic';
  if (/\p{Nd}/u.test(character)) return 'number';
  if (/[\p{L}\p{M}]/u.test(character)) return toTheLeft.test(character) ? 'left' : 'right';
  return /\p{N}/u.test(character) ? 'right' : 'mark';
}

/** The letters of a word, from the right, each with its marks. */
function textOf(drawn: Glyph[], kind: Kind): string {
  if (kind !== 'left') return joined([...drawn].sort((a, b) => a.left - b.left));
  const glyphs = withLigatures(drawn);
  const letters = glyphs.filter((glyph) => !isMark(glyph));
  if (letters.length === 0) return joined(glyphs);
  const marks = letters.map((): Glyph[] => []);
  let before = -1; // the last letter
  for (const glyph of glyphs) {
    if (!isMark(glyph)) {
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
    const { left, right } = glyphs[from] as Glyph;
    let to = from + 1;
    while (right > left && glyphs[to]?.left === left && glyphs[to]?.right === right) to++;
    const group = glyphs.slice(from, to);
    letters.push(...(fromCodes.test(joined(group)) ? group : group.reverse()));
    from = to;
  }
  return letters;
}

/** What U+FEF5 to U+FEFC and U+FDF2 to U+FDF8 stand for. */
const fromCodes = /^(ل[اأإآ]|الله|اكبر|محمد|صلعم|رسول|عليه|وسلم)$/;

const isMark = ({ text }: Glyph): boolean => /[\p{M}\p{Cf}]/u.test(text);

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

const joined = (glyphs: readonly Glyph[]): string => glyphs.map(({ text }) => text).join('');

/** Joins "12", ".", "5" and "%" that touch each other: a number is read to the right. */
function withNumbers(visual: readonly Word[], size: number): Word[] {
  const words: Word[] = [];
  for (let i = 0; i < visual.length; i++) {
    const word = visual[i] as Word;
    const last = words.at(-1);
    const next = visual[i + 1];
    const touches = (a: Word | undefined, b: Word | undefined): boolean =>
      a !== undefined && b !== undefined && b.left - a.right < wordGap * size;
    const isDigits = (other: Word | undefined): boolean => other?.kind === 'number' || other?.kind === 'arabic';
    if (last && isDigits(last) && touches(last, word)) {
      if (next && betweenDigits.test(word.text) && next.kind === last.kind && touches(word, next)) {
        words[words.length - 1] = merged(merged(last, word), next);
        i++;
        continue;
      }
      if (word.kind === last.kind || (last.kind === 'number' && besideDigits.test(word.text))) {
        words[words.length - 1] = merged(last, word);
        continue;
      }
    }
    if (next?.kind === 'number' && besideDigits.test(word.text) && touches(word, next)) {
      words.push(merged(word, next));
      i++;
    } else words.push(word);
  }
  return words;
}

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
  const first = visual[start] as Word;
  const isOwn = ({ kind }: Word): boolean =>
    direction === 'left' ? kind === 'left' || kind === 'arabic' : kind === 'right';
  const isAgainst = ({ kind }: Word): boolean => (direction === 'left' ? kind === 'right' : kind === 'left');
  if (!isAgainst(first)) return start + 1;
  let end = start + 1;
  let brackets = 0; // inside the run
  let inside = 0; // brackets since its end
  for (let i = start + 1; i < visual.length && !isOwn(visual[i] as Word); i++) {
    const word = visual[i] as Word;
    if (/[()[\]]/.test(word.text)) inside++;
    if (!isAgainst(word) && !(direction === 'left' && word.kind === 'number')) continue;
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
  return words.slice(1).reduce((line, word, i) => {
    const last = words[i] as Word; // `i` counts from the second word
    const gap = Math.max(last.left, word.left) - Math.min(last.right, word.right);
    // Beside signs PDFium's spaces are at the wrong places, and between Arabic letters there are gaps.
    const areLetters = last.kind === 'left' && word.kind === 'left';
    const isBetweenScripts = last.kind !== word.kind && isLetters(last) && isLetters(word);
    const isSpaced = areLetters
      ? ((word.spaced || last.spaced) && gap > touching * size) || gap > letterGap * size
      : gap > wordGap * size || (isBetweenScripts && word.spaced && gap > -wordGap * size);
    return { ...merged(line, word), text: `${line.text}${isSpaced ? ' ' : ''}${word.text}`, kind: word.kind };
  }, words[0] as Word);
}

const isLetters = ({ kind }: Word): boolean => kind === 'left' || kind === 'right';

const pairs = '()[]{}';

/**
 * Lets brackets face each other. Whether the file or PDFium has turned a bracket in text to the left is not known, but its neighbours show
 * whether it opens or closes.
 */
export function facingBrackets(text: string): string {
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
