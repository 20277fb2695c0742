/** Reads one page with PDFium: its text in runs, each a part of one line in one size, with their positions. */
import type { CharCodes } from './pdf-char-codes.ts';
import { type ClipBox, isCutOff, PageClips } from './pdf-clips.ts';
import type { GlyphNames } from './pdf-glyph-names.ts';
import { glyphText, isRightToLeft, unknownGlyph } from './pdf-glyphs.ts';
import type { Pdfium } from './pdfium-wasm.ts';

/**
 * A stretch of text on one base line, in one size, without a wide gap. Coordinates in PDF points, turned so that the text
 * runs to the right and y grows upwards.
 */
export interface TextRun {
  text: string; // no line ends; not trimmed at the end of a line
  lefts: number[]; // [text.length], left edge of each UTF-16 unit's glyph
  rights: number[]; // [text.length], right edge; a space ends where it begins
  left: number;
  right: number;
  base: number; // y of the base line
  size: number; // of the font, as printed
  rise: number; // from the base line to the top of the font's highest letters
  fall: number; // from the base line to the bottom of its lowest
  turn: Turn;
  line: number; // PDFium's line, counted from 0, or ofNoLine
  spaced: boolean; // there is white space before it in PDFium's line
  flow: Flow;
  guessed?: boolean; // no font says which letters its glyphs are, such as those of a font of musical notes
}

/** The line number of a run that is not in PDFium's text, such as a form field's value. */
export const ofNoLine = -1;

/** The direction of the text, in quarter turns to the left; 4: another angle. */
export type Turn = 0 | 1 | 2 | 3 | 4;
type Flow = 'right' | 'left' | 'down';

export interface PageText {
  runs: TextRun[]; // in PDFium's order
  chars: number; // glyphs, white space not counted
  guessed: number; // glyphs whose font does not say which letter they are; the text has the character with their code
  unknown: number; // marks in the text for glyphs without a meaning
  beyond: number; // stretches of text outside the page's edges, which are left out
  clipped: number; // stretches of text outside of their clip paths, which are left out too
}

const softHyphen = '\u00AD';

const wideGap = 0.7; // of the size; a wider one may be the white space between two columns
const mostStep = 0.9; // of the size; a glyph that is further below is of another line

/** Facts of a file's text that PDFium's text interface does not give. */
export interface TextSources {
  charCodes: CharCodes;
  glyphNames?: Pick<GlyphNames, 'lettersOf'>;
  isHidden?: ((textObject: number) => boolean) | undefined; // text objects that the page does not show
}

/** undefined: PDFium has no text page for it. */
export function readPageText(pdfium: Pdfium, page: number, sources: TextSources): PageText | undefined {
  const textPage = pdfium.api.FPDFText_LoadPage(page);
  if (!textPage) return undefined;
  try {
    return new RunReader(pdfium, textPage, sources, { page, box: shownBox(pdfium, page) }).read();
  } finally {
    pdfium.api.FPDFText_ClosePage(textPage);
  }
}

/** The crop box within the media box; undefined: the file has no valid boxes. */
function shownBox({ api, memory }: Pdfium, page: number): ClipBox | undefined {
  const buffer = memory.wasmExports.malloc(16); // 4 x f32
  if (!buffer) return undefined;
  try {
    if (!api.FPDF_GetPageBoundingBox(page, buffer)) return undefined;
    const [left = 0, top = 0, right = 0, bottom = 0] = memory.HEAPF32.subarray(buffer >> 2, (buffer >> 2) + 4);
    return right - left > 1 && top - bottom > 1 ? { left, top, right, bottom } : undefined;
  } finally {
    memory.wasmExports.free(buffer);
  }
}

class RunReader {
  readonly #pdfium: Pdfium;
  readonly #textPage: number;
  readonly #sources: TextSources;
  readonly #page: number;
  readonly #box: ClipBox | undefined;
  readonly #result: PageText = { runs: [], chars: 0, guessed: 0, unknown: 0, beyond: 0, clipped: 0 };
  #clips: PageClips | undefined;
  #run: TextRun | undefined;
  #votes = 0; // glyphs with the run's height, minus those with another one
  #onlyMarks = false; // the run has none but marks above or below letters: its base line is not theirs
  #spaced = false;
  #isShown = true; // the last glyph was within the page and its clip path
  #line = 0;
  // Of the text object that is being read:
  #object = -1;
  #hidden = false;
  #clip: ClipBox | undefined;
  #size = 1;
  #turn: Turn = 0;
  #hyphens: readonly number[] | undefined; // codes of its hyphens, in order; undefined: it has none so far
  #nextHyphen = 0;
  #named: string | undefined; // letters from the font's name of the last glyph
  // Of the glyph that was read last, in the turned frame:
  #left = 0;
  #right = 0;
  #base = 0;
  #rise = 0;
  #fall = 0;

  constructor(
    pdfium: Pdfium,
    textPage: number,
    sources: TextSources,
    { page, box }: { page: number; box: ClipBox | undefined },
  ) {
    this.#pdfium = pdfium;
    this.#textPage = textPage;
    this.#sources = sources;
    this.#page = page;
    this.#box = box;
  }

  read(): PageText {
    const { wasmExports } = this.#pdfium.memory;
    const n = Math.max(0, wasmExports.FPDFText_CountChars(this.#textPage));
    const buffer = wasmExports.malloc(64); // 4 x f32, 2 x f64, 4 x f64
    if (!buffer) return this.#result;
    this.#clips = new PageClips(this.#pdfium, this.#page, buffer);
    try {
      for (let i = 0; i < n; i++) this.#readChar(i, buffer);
    } finally {
      wasmExports.free(buffer);
    }
    return this.#result;
  }

  #readChar(i: number, buffer: number): void {
    const { wasmExports } = this.#pdfium.memory;
    const code = wasmExports.FPDFText_GetUnicode(this.#textPage, i);
    if (code === 0x0d || code === 0x0a) {
      this.#endLine();
      return;
    }
    if (code === 0x20 || code === 0xa0) {
      this.#spaced = true;
      return;
    }
    const object = wasmExports.FPDFText_GetTextObject(this.#textPage, i);
    if (object !== this.#object) this.#beginObject(object, i, buffer);
    if (this.#hidden) return;
    const unmapped = wasmExports.FPDFText_HasUnicodeMapError(this.#textPage, i) === 1;
    const text = this.#meaning(code, unmapped, i, buffer);
    if (text === ' ' || text === '') {
      this.#spaced ||= text === ' ';
      return;
    }
    const place = this.#place(i, buffer);
    if (place !== 'shown') {
      if (this.#isShown) this.#result[place]++;
      this.#isShown = false;
      this.#run = undefined;
      return;
    }
    this.#isShown = true;
    this.#result.chars++;
    const isGuessed = unmapped && text !== this.#named;
    if (text === unknownGlyph) this.#result.unknown++;
    else if (isGuessed) this.#result.guessed++;
    this.#append(text, isRightToLeft(code), isGuessed);
  }

  #endLine(): void {
    this.#run = undefined;
    this.#spaced = false;
    this.#isShown = true;
    this.#line++;
  }

  #beginObject(object: number, i: number, buffer: number): void {
    const { memory } = this.#pdfium;
    this.#object = object;
    this.#hidden = object !== 0 && this.#sources.isHidden?.(object) === true;
    this.#clip = object === 0 || this.#hidden ? undefined : this.#clips?.boxOf(object);
    this.#hyphens = undefined;
    this.#nextHyphen = 0;
    const size = memory.wasmExports.FPDFText_GetFontSize(this.#textPage, i);
    const [a, b, c, d] = memory.wasmExports.FPDFText_GetMatrix(this.#textPage, i, buffer)
      ? memory.HEAPF32.subarray(buffer >> 2, (buffer >> 2) + 4)
      : [1, 0, 0, 1];
    this.#size = Math.abs(size) * Math.hypot(c as number, d as number) || 1;
    const quarters = Math.atan2(b as number, a as number) / (Math.PI / 2);
    const nearest = Math.round(quarters);
    this.#turn = Math.abs(quarters - nearest) > 0.12 ? 4 : ((((nearest % 4) + 4) % 4) as Turn);
    // The turned letter in XeTeX's name is mirrored: it belongs to the line around it.
    if (this.#turn === 2 && (d as number) > 0 && this.#sources.charCodes(object)?.length === 1) this.#turn = 0;
  }

  /** The codes of the text object's hyphens; none if there is no soft one among them. */
  #hyphenCodes(): readonly number[] {
    const codes = this.#sources.charCodes(this.#object);
    return codes?.includes(0xad) ? [...codes].filter((code) => code === 0x2d || code === 0xad) : [];
  }

  #meaning(code: number, unmapped: boolean, i: number, buffer: number): string {
    const { wasmExports } = this.#pdfium.memory;
    this.#named = undefined;
    if (code === 0x2d || code === 2 || code === 0xad || code === 0xfffe) {
      if (code === 0x2d || code === 0xad || wasmExports.FPDFText_IsHyphen(this.#textPage, i) === 1) {
        this.#hyphens ??= this.#hyphenCodes();
        const isSoft = this.#hyphens[this.#nextHyphen++] === 0xad || code === 0xad;
        return isSoft ? softHyphen : '-';
      }
    }
    this.#named = unmapped ? this.#sources.glyphNames?.lettersOf(this.#object, code) : undefined;
    const text = this.#named ?? glyphText(code, unmapped);
    if (text !== undefined) return text;
    // A glyph that draws nothing is white space, whatever its code.
    const box = buffer + 32;
    const has = wasmExports.FPDFText_GetCharBox(this.#textPage, i, box, box + 8, box + 16, box + 24) !== 0;
    const at = box >> 3;
    const [left = 0, right = 0, bottom = 0, top = 0] = this.#pdfium.memory.HEAPF64.subarray(at, at + 4);
    return has && (right - left <= 0.01 || top - bottom <= 0.01) ? ' ' : unknownGlyph;
  }

  /** Places a glyph; one outside the page's edges or its clip path is not shown. */
  #place(i: number, buffer: number): 'shown' | 'beyond' | 'clipped' {
    const { memory } = this.#pdfium;
    const textPage = this.#textPage;
    const hasBox = memory.wasmExports.FPDFText_GetLooseCharBox(textPage, i, buffer) !== 0;
    const hasOrigin = memory.wasmExports.FPDFText_GetCharOrigin(textPage, i, buffer + 16, buffer + 24) !== 0;
    if (!hasBox || !hasOrigin) {
      this.#left = this.#right;
      return 'shown';
    }
    const f32 = buffer >> 2;
    const left = memory.HEAPF32[f32] as number;
    const top = memory.HEAPF32[f32 + 1] as number;
    const right = memory.HEAPF32[f32 + 2] as number;
    const bottom = memory.HEAPF32[f32 + 3] as number;
    const x = memory.HEAPF64[(buffer + 16) >> 3] as number;
    const y = memory.HEAPF64[(buffer + 24) >> 3] as number;
    const box = this.#box;
    if (box && (right < box.left || left > box.right || top < box.bottom || bottom > box.top)) return 'beyond';
    if (this.#clip && isCutOff({ left, bottom, right, top }, this.#clip)) return 'clipped';
    switch (this.#turn) {
      case 1:
        this.#put(bottom, top, -x, -left, -right);
        break;
      case 2:
        this.#put(-right, -left, -y, -bottom, -top);
        break;
      case 3:
        this.#put(-top, -bottom, x, right, left);
        break;
      default:
        this.#put(left, right, y, top, bottom);
    }
    return 'shown';
  }

  #put(left: number, right: number, base: number, top: number, bottom: number): void {
    this.#left = left;
    this.#right = right;
    this.#base = base;
    this.#rise = top - base;
    this.#fall = base - bottom;
  }

  #append(text: string, toTheLeft: boolean, isGuessed: boolean): void {
    const run = this.#run;
    if (run && this.#continues(run, toTheLeft)) {
      if (this.#spaced) {
        run.text += ' ';
        run.lefts.push(run.right);
        run.rights.push(run.right);
      }
      run.text += text;
      for (let unit = 0; unit < text.length; unit++) {
        run.lefts.push(this.#left);
        run.rights.push(this.#right);
      }
      run.left = Math.min(run.left, this.#left);
      run.right = run.flow === 'right' ? this.#right : Math.max(run.right, this.#right);
      if (run.flow === 'right' && toTheLeft) run.flow = 'left';
      if (run.flow !== 'left' || this.#onlyMarks) run.base = this.#base;
      this.#onlyMarks &&= isMark(text);
      run.guessed &&= isGuessed;
      this.#voteHeight(run);
    } else {
      this.#run = {
        text,
        lefts: new Array<number>(text.length).fill(this.#left),
        rights: new Array<number>(text.length).fill(this.#right),
        left: this.#left,
        right: this.#right,
        base: this.#base,
        size: this.#size,
        rise: this.#rise,
        fall: this.#fall,
        turn: this.#turn,
        line: this.#line,
        spaced: this.#spaced,
        flow: toTheLeft ? 'left' : 'right',
        guessed: isGuessed,
      };
      this.#result.runs.push(this.#run);
      this.#votes = 1;
      this.#onlyMarks = isMark(text);
    }
    this.#spaced = false;
  }

  /** A line may begin with a bullet or a word in a font of another height: the height of most of its glyphs counts. */
  #voteHeight(run: TextRun): void {
    if (Math.abs(this.#rise - run.rise) + Math.abs(this.#fall - run.fall) < 0.05 * run.size) this.#votes++;
    else if (--this.#votes < 0) {
      run.rise = this.#rise;
      run.fall = this.#fall;
      this.#votes = 1;
    }
  }

  #continues(run: TextRun, toTheLeft: boolean): boolean {
    if (run.turn !== this.#turn) return false;
    if (run.turn === 4) return true;
    const step = this.#base - run.base;
    // PDFium reorders text to the left: glyphs that follow each other are not neighbours on the page.
    // After a hyphen it leaves out the line end too.
    if (run.flow === 'left' || toTheLeft)
      return Math.abs(step) < mostStep * run.size && !isScript(step, this.#size / run.size, run.size);
    if (run.flow === 'down' || isBelow(run, this.#left, step, this.#size)) {
      run.flow = 'down';
      return true;
    }
    if (Math.abs(step) > 0.08 * run.size || Math.abs(this.#size / run.size - 1) > 0.03) return false;
    const gap = this.#left - run.right;
    return gap < wideGap * run.size && gap > -1.5 * run.size;
  }
}

/** Whether a glyph is a note mark of the run, or the run is one beside it: smaller, and on another base line. */
function isScript(step: number, ratio: number, size: number): boolean {
  return (ratio < 0.85 && Math.abs(step) > 0.1 * size) || (ratio > 1.18 && Math.abs(step) > 0.1 * ratio * size);
}

const isMark = (text: string): boolean => text > '~' && /^\p{M}+$/u.test(text);

/** For Chinese and Japanese set from top to bottom: the next glyph of PDFium's line is directly below. */
function isBelow(run: TextRun, left: number, step: number, size: number): boolean {
  // After a hyphen PDFium leaves out the line end: the glyph below begins the next line.
  if (run.text.endsWith('-') || run.text.endsWith(softHyphen)) return false;
  const lastLeft = run.lefts.at(-1) ?? run.left;
  return step < -0.5 * size && step > -2.5 * size && Math.abs(left - lastLeft) < 0.6 * size;
}
