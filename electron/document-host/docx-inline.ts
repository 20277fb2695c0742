/** The text of one paragraph of a DOCX: runs, fields, tracked changes, equations and marks. */
import { Fields, withoutResult } from './docx-fields.ts';
import type { DocxShared, NoteStory } from './docx-shared.ts';
import type { RunStyle, Style } from './docx-styles.ts';
import { symbolCharacter, symbolText } from './docx-symbols.ts';
import { ommlToLatex } from './omml-latex.ts';
import { subscript, superscript } from './script-marks.ts';
import { childNamed, childrenNamed, elements, isElement, textOf, type XmlElement } from './xml-tree.ts';

/** Reads what is in a paragraph but does not belong to its text. */
export interface InlineHost {
  /** A block that is inside a paragraph although it should not be: it is put before it. */
  block(element: XmlElement): void;
  /** A text box, chart or diagram: it is put after the paragraph. */
  drawing(element: XmlElement): void;
  /** Puts the text of a note below the block, and returns its mark. */
  noteMark(story: NoteStory, id: string, customMark: string | undefined): string;
  /** The comment in brackets; '' if it was given already. */
  comment(id: string): string;
  /** How many drawings `drawing` has received. */
  readonly drawings: number;
}

// Non-characters that enclose raised, lowered and struck text until the paragraph is complete, since two runs may be one exponent.
const raisedMark = ['\uFDD0', '\uFDD1'] as const;
const loweredMark = ['\uFDD2', '\uFDD3'] as const;
const struckMark = ['\uFDD4', '\uFDD5'] as const;
const scripts = /\uFDD0([^\uFDD0-\uFDD3]*)\uFDD1|\uFDD2([^\uFDD0-\uFDD3]*)\uFDD3/g;

export class InlineReader {
  readonly #shared: DocxShared;
  readonly #host: InlineHost;
  readonly fields: Fields;
  #style: Style;
  #inHidden = false; // the last run was hidden: the next one belongs to the same passage
  #isMoved = true; // the whole paragraph is set higher or lower: it is an ordinary one
  #changes = 0; // tracked changes found in this paragraph

  constructor(shared: DocxShared, host: InlineHost, leavesPagesOut: boolean) {
    this.#shared = shared;
    this.#host = host;
    this.fields = new Fields(leavesPagesOut);
    this.#style = shared.styles.paragraph(undefined);
  }

  paragraph(element: XmlElement, style: Style): { text: string; changes: number } {
    this.#style = style;
    this.#changes = 0;
    this.#inHidden = false;
    this.#isMoved = true;
    const raw = this.#content(element) + this.fields.paragraphEnd();
    return { text: withMarks(this.#isMoved ? raw.replace(/[\uFDD0-\uFDD3]/g, '') : raw), changes: this.#changes };
  }

  #content(element: XmlElement): string {
    let text = '';
    for (const child of element.children) if (isElement(child)) text += this.#part(child, text);
    return text;
  }

  #part(element: XmlElement, before: string): string {
    const { name, attributes } = element;
    switch (name) {
      case 'w:r':
        return this.#run(element, before);
      case 'w:ins':
      case 'w:moveTo':
        this.#change();
        return this.#content(element);
      case 'w:del':
        this.#change();
        return '';
      case 'w:moveFrom': // counted at the place the text was moved to
      case 'w:pPr':
      case 'w:rPr':
      case 'w:sdtPr':
      case 'w:sdtEndPr':
      case 'w:customXmlPr':
      case 'w:smartTagPr':
        return '';
      case 'w:fldSimple': {
        const code = attributes['w:instr'] ?? '';
        if (this.fields.leavesOut(code)) return '';
        const result = this.#content(element);
        return result !== '' ? result : this.#fallback(withoutResult(code, childNamed(element, 'w:ffData')));
      }
      case 'm:oMath':
        return this.#equation(element, before, '$');
      case 'm:oMathPara':
        return this.#equation(element, before, '$$');
      case 'w:commentRangeEnd':
      case 'w:commentReference':
        return this.fields.shown(spaced(this.#host.comment(attributes['w:id'] ?? ''), before));
      case 'mc:AlternateContent':
        return this.#alternative(element);
      case 'w:sdt':
        this.#shared.countUnfilled(element);
        return this.#content(element);
      case 'w:subDoc':
      case 'w:altChunk':
        this.#host.block(element);
        return '';
      default:
        return this.#content(element); // hyperlink, smartTag, bdo, ruby and other elements that contain runs
    }
  }

  #change(): void {
    this.#changes++;
    this.#shared.count('tracked-changes');
  }

  #run(run: XmlElement, before: string): string {
    const properties = childNamed(run, 'w:rPr');
    const style = this.#shared.styles.run(properties, this.#style);
    let text = '';
    for (const [i, child] of run.children.entries()) {
      if (!isElement(child) || child.name === 'w:rPr') continue;
      if (style.vanish) {
        if (/^w:(fldChar|instrText)$/.test(child.name)) text += this.#piece(child, style.font, text || before);
        else if (isText(child)) this.#hide();
        continue;
      }
      const reference = noteStory(child.name);
      if (reference && child.attributes['w:customMarkFollows'] !== undefined) {
        const mark = run.children
          .slice(i + 1)
          .map((rest) => (isElement(rest) ? this.#piece(rest, style.font, '') : ''));
        return text + this.#host.noteMark(reference, child.attributes['w:id'] ?? '', mark.join('').trim());
      }
      text += this.#piece(child, style.font, text || before);
    }
    if (text === '') return '';
    this.#inHidden = false;
    const aligned = alignedMark(style);
    const mark = aligned ?? (run.children.some(isPicture) ? undefined : movedMark(style));
    if (text.trim() !== '' && (aligned !== undefined || mark === undefined)) this.#isMoved = false;
    const marked = mark ? mark[0] + text + mark[1] : text;
    return style.strike && text.trim() !== '' ? struckMark[0] + marked + struckMark[1] : marked;
  }

  #hide(): void {
    if (!this.#inHidden) this.#shared.count('hidden-text');
    this.#inHidden = true;
  }

  #piece(element: XmlElement, font: string | undefined, before: string): string {
    const { name, attributes } = element;
    const shown = (text: string): string => this.fields.shown(text);
    switch (name) {
      case 'w:t':
        return shown(symbolText(textOf(element).replace(/[\uFDD0-\uFDD5]/g, ''), font));
      case 'w:tab':
      case 'w:ptab':
        return shown('\t');
      case 'w:br':
      case 'w:cr':
        return shown('\n');
      case 'w:noBreakHyphen':
        return shown('-');
      case 'w:sym':
        return shown(
          symbolCharacter(attributes['w:font'] ?? '', Number.parseInt(attributes['w:char'] ?? '', 16)) ?? '\uFFFD',
        );
      case 'w:fldChar':
        return this.#fieldMark(element);
      case 'w:instrText':
        this.fields.code(textOf(element));
        return '';
      case 'w:delText':
      case 'w:delInstrText':
        return '';
      case 'w:footnoteReference':
      case 'w:endnoteReference':
        return shown(this.#host.noteMark(noteStory(name) as NoteStory, attributes['w:id'] ?? '', undefined));
      case 'w:ruby': {
        const base = this.#content(childNamed(element, 'w:rubyBase') ?? element);
        const reading = this.#content(childNamed(element, 'w:rt') ?? { name: '', attributes: {}, children: [] });
        return reading.trim() === '' ? base : `${base}(${reading.trim()})`;
      }
      case 'w:drawing':
      case 'w:pict':
      case 'w:object':
        return this.#picture(element, before);
      default:
        return this.#part(element, before);
    }
  }

  #fieldMark(element: XmlElement): string {
    const type = element.attributes['w:fldCharType'];
    if (type === 'begin') this.fields.begin(childNamed(element, 'w:ffData'));
    else if (type === 'separate') this.fields.separate();
    else if (type === 'end') return this.#fallback(this.fields.end());
    return '';
  }

  #fallback(text: string | undefined): string {
    if (text === undefined) this.#shared.count('fields-without-result');
    return this.fields.shown(text ?? '');
  }

  #equation(element: XmlElement, before: string, sign: string): string {
    const parts = element.name === 'm:oMathPara' ? childrenNamed(element, 'm:oMath') : [element];
    const latex = parts.map(ommlToLatex).filter((text) => text !== '');
    if (latex.length === 0) return '';
    this.#shared.count('equations', latex.length);
    return this.fields.shown(spaced(latex.map((text) => `${sign}${text}${sign}`).join(' '), before));
  }

  /** The drawing's description is put into the text; what can be read in the drawing follows the paragraph. */
  #picture(element: XmlElement, before: string): string {
    if (this.fields.shown(' ') === '') return '';
    const description = describe(element);
    this.#host.drawing(element);
    return description === '' ? '' : spaced(`[${description}]`, before);
  }

  /** Reads the first branch that has content: the branches differ only in appearance. */
  #alternative(element: XmlElement): string {
    for (const branch of elements(element)) {
      const drawings = this.#host.drawings;
      let text = '';
      for (const child of elements(branch)) text += this.#piece(child, undefined, text);
      if (text !== '' || this.#host.drawings > drawings) return text;
    }
    return '';
  }
}

const leastStep = 4; // half points; signs in a line are moved by less

type Mark = typeof raisedMark | typeof loweredMark | undefined;

function alignedMark({ vertical }: RunStyle): Mark {
  return vertical === 'superscript' ? raisedMark : vertical === 'subscript' ? loweredMark : undefined;
}

/** Raised and lowered text of the kind that has a distance instead, as of older documents. */
function movedMark({ position = 0 }: RunStyle): Mark {
  return position >= leastStep ? raisedMark : position <= -leastStep ? loweredMark : undefined;
}

const isPicture = (child: XmlElement | string): boolean =>
  isElement(child) && /^w:(drawing|pict|object)$/.test(child.name);

function noteStory(name: string): NoteStory | undefined {
  if (name === 'w:footnoteReference') return 'footnote';
  return name === 'w:endnoteReference' ? 'endnote' : undefined;
}

/** Whether an element has visible text: a field's code or a bookmark does not count as hidden text. */
function isText(element: XmlElement): boolean {
  return element.name === 'w:sym' || (element.name === 'w:t' && textOf(element).trim() !== '');
}

function spaced(text: string, before: string): string {
  return text === '' || before === '' || /\s$/.test(before) ? text : ` ${text}`;
}

/** The alternative text of a drawing. */
function describe(element: XmlElement): string {
  for (const child of elements(element)) {
    const { attributes } = child;
    const text = attributes.descr ?? (child.name === 'v:shape' ? attributes.alt : undefined) ?? '';
    if (/^(wp:docPr|pic:cNvPr|v:shape)$/.test(child.name) && text.trim() !== '') return text.trim();
    if (/^(wp:docPr|pic:cNvPr)$/.test(child.name) && attributes.title?.trim()) return attributes.title.trim();
    if (child.name === 'w:txbxContent') continue;
    const below = describe(child);
    if (below !== '') return below;
  }
  return '';
}

function withMarks(text: string): string {
  if (!/[\uFDD0-\uFDD5]/.test(text)) return text;
  return (
    text
      .replace(/\uFDD1\uFDD0|\uFDD3\uFDD2|\uFDD5\uFDD4/g, '')
      .replace(scripts, (_all, raised: string | undefined, lowered: string | undefined, at: number, whole: string) =>
        raised === undefined ? subscript(lowered ?? '') : superscript(raised, whole.slice(Math.max(0, at - 20), at)),
      )
      // Struck text in Markdown's form: "the ~~old~~ price".
      .replace(/\uFDD4(\s*)([^\uFDD5]*?)(\s*)\uFDD5/g, '$1~~$2~~$3')
      .replace(/[\uFDD0-\uFDD5]/g, '')
  );
}
