/** Reads RTF 1.9: text, tables, footnotes, comments, results of fields, list numbers as they are shown. */
import { AppError } from '../contract/errors.ts';
import { characterWords, RtfCharacters } from './rtf-characters.ts';
import { addMathText, equationText, formatMath, type MathElement, mathElement, newEquation } from './rtf-math.ts';
import { type CellMerge, RtfStory } from './rtf-story.ts';
import { rtfTokens } from './rtf-tokens.ts';
import { subscript, superscript } from './script-marks.ts';
import { WriterNotes } from './writer-notes.ts';

const maxDepth = 10_000;

/** Groups whose content is not text of the document. */
const unread = new Set(
  (
    'colortbl stylesheet pict objdata objclass objname fldinst formfield datafield pn pnseclvl listtable listoverridetable revtbl ' +
    'rsidtbl generator themedata colorschememapping latentstyles datastore xmlnstbl bkmkstart bkmkend shprslt nonshppict ' +
    'nonesttables sp do filetbl template atnid atnref atndate atntime atnparent atrfstart atrfend ftnsep ftnsepc ftncn ' +
    'aftnsep aftnsepc aftncn xe tc rxe txe author operator subject keywords doccomm comment company manager category ' +
    'hlinkbase creatim revtim printim buptim userprops wgrffmtfilter mmathPr mmathPict pgptbl blipuid passwordhash'
  ).split(' '),
);
const margins = /^(header|footer)[lrf]?$/;

interface Group {
  story: RtfStory | undefined; // undefined: not text
  collect: string[] | undefined; // collects text that is not shown: a title, an author, a font's name
  outer: RtfStory | undefined; // of the group that was left out
  math: MathElement | undefined; // of the equation that is being read
  hidden: boolean;
  deleted: boolean;
  script: 'none' | 'super' | 'sub';
  font: number | undefined;
  fallback: number; // characters after \u that stand for it
  inTable: boolean; // of the paragraph
  level: number; // of the paragraph's heading; 0 is text
  onEnd: (() => void) | undefined;
}

export class RtfReader {
  readonly found = new WriterNotes();
  readonly main = new RtfStory();
  readonly headers: string[] = [];
  readonly footers: string[] = [];
  title = '';
  readonly #characters = new RtfCharacters();
  #group: Group = {
    story: this.main,
    collect: undefined,
    outer: undefined,
    math: undefined,
    hidden: false,
    deleted: false,
    script: 'none',
    font: undefined,
    fallback: 1,
    inTable: false,
    level: 0,
    onEnd: undefined,
  };
  readonly #open: Group[] = [];
  #bytes: number[] = [];
  #toSkip = 0; // characters of a fallback
  #isStarred = false;
  #footnotes = 0;
  #author = '';
  #merge: CellMerge = { left: false, above: false };
  #merges: CellMerge[] = [];
  #fontNumber = 0; // in the table of fonts
  #charset = 0;

  read(rtf: string, name: string): void {
    for (const token of rtfTokens(rtf)) {
      if (token.kind === 'byte') {
        if (this.#toSkip > 0) this.#toSkip--;
        else this.#bytes.push(token.byte);
        continue;
      }
      if (token.kind === 'text') {
        const text = this.#withoutFallback(token.text);
        for (let i = 0; i < text.length; i++) this.#bytes.push(text.charCodeAt(i));
        continue;
      }
      this.#endBytes();
      if (token.kind === 'open') {
        if (this.#open.length >= maxDepth) {
          throw new AppError('DOC_FORMAT', `${name} is damaged: its groups are nested more than ${maxDepth} deep.`);
        }
        this.#open.push(this.#group);
        this.#group = { ...this.#group, onEnd: undefined };
        this.#toSkip = 0;
      } else if (token.kind === 'close') {
        this.#toSkip = 0;
        this.#group.onEnd?.();
        this.#group = this.#open.pop() ?? this.#group;
      } else this.#word(token.word, token.value);
    }
    this.#endBytes();
  }

  #withoutFallback(text: string): string {
    const skipped = Math.min(this.#toSkip, text.length);
    this.#toSkip -= skipped;
    return text.slice(skipped);
  }

  #endBytes(): void {
    if (this.#bytes.length === 0) return;
    const bytes = this.#bytes;
    this.#bytes = [];
    this.#add(this.#characters.decode(bytes, this.#group.font));
  }

  #add(text: string): void {
    const { story, collect, math, hidden, deleted, script } = this.#group;
    if (collect) collect.push(text);
    else if (math && !hidden && !deleted) addMathText(math, text);
    else if (story && !hidden && !deleted) {
      story.add(script === 'super' ? superscript(text, story.before) : script === 'sub' ? subscript(text) : text);
    }
  }

  #word(word: string, value: number | undefined): void {
    const isStarred = this.#isStarred;
    this.#isStarred = word === '*';
    if (word === '*') return;
    if (word === 'u') {
      this.#add(this.#characters.character((value ?? 0) & 0xffff, this.#group.font));
      this.#toSkip = this.#group.fallback;
      return;
    }
    if (this.#toSkip > 0) {
      this.#toSkip--; // a control word may be the fallback character too
      return;
    }
    if (characterWords[word] !== undefined) this.#add(characterWords[word]);
    else if (!this.#destination(word) && !this.#format(word, value) && !this.#layout(word) && isStarred)
      this.#leaveOut();
  }

  /** Handles groups that do not belong to the text of this flow. */
  #destination(word: string): boolean {
    if (unread.has(word)) {
      if (word === 'pict' && this.#group.story) this.found.pictures++;
      if (word === 'objdata') this.found.objects.push('object');
      this.#leaveOut();
      if (word === 'shprslt') this.#group.outer = undefined; // a copy of a shape for older programs
      return true;
    }
    if (this.#equation(word)) return true;
    if (margins.test(word)) {
      const list = word.startsWith('header') ? this.headers : this.footers;
      this.#begin((text) => list.push(text));
      return true;
    }
    switch (word) {
      case 'fonttbl':
        this.#collect(() => {});
        return true;
      case 'info':
        this.#leaveOut();
        return true;
      case 'title':
        this.#collect((text) => {
          this.title = text.trim();
        });
        return true;
      case 'atnauthor':
        this.#collect((text) => {
          this.#author = text.trim();
        });
        return true;
      case 'footnote':
        this.#footnote();
        return true;
      case 'annotation':
        this.#annotation();
        return true;
      case 'shpinst':
      case 'upr':
        this.#leaveOut();
        return true;
      case 'dptxbxtext': // of Word 6
      case 'shptxt': {
        const outer = this.#group.outer;
        this.#begin((text) => outer?.addNote(text), outer);
        return true;
      }
      case 'ud': // the Unicode form of a group that was left out
        this.#group.story = this.#group.outer;
        return true;
      case 'shppict':
      case 'fldrslt':
      case 'field':
      case 'result':
        return true;
      case 'listtext':
      case 'pntext':
        this.#listLabel();
        return true;
      default:
        return false;
    }
  }

  #equation(word: string): boolean {
    const { math, story } = this.#group;
    if (math) {
      const element = mathElement(math, word);
      if (element) this.#group.math = element;
      return element !== undefined;
    }
    if (!/^m(math|oMath|oMathPara)$/.test(word)) return false;
    if (!story) return true;
    const equation = newEquation();
    this.#group.math = equation;
    this.#group.onEnd = () => {
      const text = equationText(equation);
      if (text === '') return;
      this.found.latexEquations++;
      story.add(`${/\S$/.test(story.before) ? ' ' : ''}$${text}$`);
    };
    return true;
  }

  /** A list label: "1.", or a bullet, which may be any sign. */
  #listLabel(): void {
    const { story } = this.#group;
    this.#collect((text) => {
      const label = text.replace(/\s+/g, ' ').trim();
      if (label !== '') story?.add(`${/^([^\p{L}\d]|o)$/u.test(label) ? '-' : label} `);
    });
  }

  #leaveOut(): void {
    this.#group.outer = this.#group.story ?? this.#group.outer;
    this.#group.story = undefined;
    this.#group.collect = undefined;
    this.#group.math = undefined;
  }

  #collect(onText: (text: string) => void): void {
    const words: string[] = [];
    this.#group.collect = words;
    this.#group.onEnd = () => onText(words.join(''));
  }

  /** Begins a separate flow, whose text is passed to `onText` in one line when its group ends. */
  #begin(onText: (text: string) => void, outer = this.#group.story): void {
    if (!outer) {
      this.#leaveOut();
      return;
    }
    const story = new RtfStory();
    Object.assign(this.#group, {
      story,
      collect: undefined,
      math: undefined,
      script: 'none',
      inTable: false,
      level: 0,
    });
    this.#group.onEnd = () => {
      const text = story
        .finish()
        .join('\n')
        .replace(/[ \t]*\n[ \t]*/g, '\n')
        .trim();
      if (text !== '') onText(text);
    };
  }

  #footnote(): void {
    const outer = this.#group.story;
    const mark = `[${++this.#footnotes}]`;
    this.#begin((text) => outer?.addNote(`${mark} ${text.replace(/\n+/g, ' ')}`));
  }

  #annotation(): void {
    const outer = this.#group.story;
    const author = this.#author;
    this.#author = '';
    this.#begin((text) => {
      this.found.comments++;
      const space = outer && /\S$/.test(outer.before) ? ' ' : '';
      outer?.add(`${space}[Comment${author === '' ? '' : ` by ${author}`}: ${text.replace(/\n+/g, ' ')}]`);
    });
  }

  /** Handles character properties and fonts. */
  #format(word: string, value: number | undefined): boolean {
    const group = this.#group;
    if (group.math && formatMath(group.math, word, value)) return true;
    switch (word) {
      case 'ansicpg':
        this.#characters.setCodePage(value ?? 1252);
        return true;
      case 'mac':
        this.#characters.setCodePage(10000);
        return true;
      case 'f':
        if (group.collect) this.#fontNumber = value ?? 0;
        else group.font = value;
        this.#charset = 0;
        return true;
      case 'fcharset': {
        this.#charset = value ?? 0;
        const [number, charset, names] = [this.#fontNumber, this.#charset, group.collect];
        const from = names?.length ?? 0;
        this.#characters.addFont(number, charset, '');
        group.onEnd = () =>
          this.#characters.addFont(number, charset, (names ?? []).slice(from).join('').replace(/;.*$/s, ''));
        return true;
      }
      case 'uc':
        group.fallback = Math.max(0, value ?? 1);
        return true;
      case 'plain':
        Object.assign(group, { hidden: false, deleted: false, script: 'none' });
        return true;
      case 'super':
      case 'sub':
        group.script = value === 0 ? 'none' : word;
        return true;
      case 'nosupersub':
        group.script = 'none';
        return true;
      case 'v':
        if (value !== 0 && !group.hidden && group.story) this.found.hidden++;
        group.hidden = value !== 0;
        return true;
      case 'deleted':
      case 'revised':
        if (value !== 0 && group.story) this.found.trackedChanges++;
        if (word === 'deleted') group.deleted = value !== 0;
        return true;
      case 'chftn':
        // In the text this is the note's number; in the note itself the number is written already.
        if (group.story === this.main) this.#add(`[${this.#footnotes + 1}]`);
        return true;
      case 'outlinelevel':
        group.level = value !== undefined && value >= 0 && value < 6 ? value + 1 : 0;
        return true;
      default:
        return false;
    }
  }

  /** Handles the ends of paragraphs, cells and rows. */
  #layout(word: string): boolean {
    const group = this.#group;
    const { story } = group;
    switch (word) {
      case 'par':
      case 'sect':
      case 'page':
      case 'column':
        story?.endParagraph(group.inTable && word === 'par', story === this.main ? group.level : 0);
        return true;
      case 'pard':
        group.inTable = false;
        group.level = 0;
        return true;
      case 'intbl':
        group.inTable = true;
        return true;
      case 'cell':
        story?.endCell();
        return true;
      case 'nestcell':
        story?.add(' | ');
        return true;
      case 'nestrow':
        story?.add('\n');
        return true;
      case 'row':
        story?.endRow(this.#merges);
        return true;
      case 'trowd':
        this.#merges = [];
        this.#merge = { left: false, above: false };
        return true;
      case 'clmrg':
        this.#merge.left = true;
        return true;
      case 'clvmrg':
        this.#merge.above = true;
        return true;
      case 'cellx':
        this.#merges.push(this.#merge);
        this.#merge = { left: false, above: false };
        return true;
      default:
        return false;
    }
  }
}
