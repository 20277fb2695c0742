/** The shapes of one slide as text, in the order in which they are drawn, including the shapes of groups. */
import { chartText, diagramText } from './docx-drawings.ts';
import type { DocxPackage } from './docx-package.ts';
import { formatNumber } from './number-formats.ts';
import { ommlToLatex } from './omml-latex.ts';
import { subscript, superscript } from './script-marks.ts';
import type { SlideNotes } from './slide-notes.ts';
import { type Cell, tableText } from './table-text.ts';
import { childNamed, childrenNamed, descendantsNamed, elements, textOf, type XmlElement } from './xml-tree.ts';

/** The slide's number and picture are not text; date, header and footer are repeated on every slide. */
const notText = /^(sldNum|sldImg)$/;
const furniture = /^(dt|ftr|hdr)$/;

export type SlidePart = 'slide' | 'notes' | 'layout';

export class SlideReader {
  readonly #files: DocxPackage;
  readonly #part: string;
  readonly #found: SlideNotes;
  readonly #isNotes: boolean;
  readonly #isLayout: boolean;
  #title = '';
  readonly #blocks: string[] = [];
  readonly #repeated: string[] = [];

  constructor(files: DocxPackage, part: string, found: SlideNotes, kind: SlidePart = 'slide') {
    this.#files = files;
    this.#part = part;
    this.#found = found;
    this.#isNotes = kind === 'notes';
    this.#isLayout = kind === 'layout';
  }

  /** `repeated`: date, header and footer; for a layout all its texts, without the placeholders, which the slides fill. */
  read(slide: XmlElement): { title: string; blocks: string[]; repeated: string[] } {
    const tree = childNamed(childNamed(slide, 'p:cSld'), 'p:spTree');
    if (tree) this.#shapes(tree);
    return { title: this.#title, blocks: this.#blocks, repeated: this.#repeated };
  }

  #shapes(parent: XmlElement): void {
    for (const shape of elements(parent)) {
      if (isHidden(shape)) {
        if (!this.#isLayout && holdsText(shape)) this.#found.hiddenShapes++;
        continue;
      }
      switch (shape.name) {
        case 'p:sp':
        case 'p:cxnSp':
          this.#textShape(shape);
          break;
        case 'p:grpSp':
          this.#shapes(shape);
          break;
        case 'mc:AlternateContent': {
          // The newer drawing, else the older one, not both.
          const before = this.#blocks.length;
          for (const branch of elements(shape)) if (this.#blocks.length === before) this.#shapes(branch);
          break;
        }
        case 'p:graphicFrame':
          this.#frame(shape);
          break;
        case 'p:pic':
          this.#picture(shape);
          break;
      }
    }
  }

  #textShape(shape: XmlElement): void {
    const placeholder = descendantsNamed(childNamed(shape, 'p:nvSpPr') ?? shape, 'p:ph')[0]?.attributes;
    const type = placeholder?.type ?? '';
    if (notText.test(type) || (this.#isLayout && placeholder)) return;
    const isRepeated = furniture.test(type);
    // Everything else on a notes page is the picture of its slide.
    if (this.#isNotes && placeholder && type !== 'body' && !isRepeated) return;
    const body = childNamed(shape, 'p:txBody');
    const isList = placeholder !== undefined && !this.#isNotes && (type === '' || type === 'body' || type === 'obj');
    const text = body ? bodyText(body, isList) : '';
    if (text === '') return;
    if (isRepeated) this.#repeated.push(text);
    else if ((type === 'title' || type === 'ctrTitle') && this.#title === '') this.#title = text;
    else this.#blocks.push(text);
  }

  #frame(frame: XmlElement): void {
    const table = descendantsNamed(frame, 'a:tbl')[0];
    const target = (id: string | undefined): string => this.#files.relations(this.#part).get(id ?? '')?.part ?? '';
    const chart = descendantsNamed(frame, 'c:chart')[0];
    const diagram = descendantsNamed(frame, 'dgm:relIds')[0];
    const part = target(chart?.attributes['r:id'] ?? diagram?.attributes['r:dm']);
    if (table) this.#add(tableOf(table));
    else if (chart && this.#files.has(part)) this.#add(chartText(this.#files.xml(part)));
    else if (diagram && this.#files.has(part)) this.#add(diagramText(this.#files.xml(part)));
    else if (!this.#isLayout) {
      this.#add(described(frame));
      this.#found.objects++;
    }
  }

  #picture(picture: XmlElement): void {
    const description = described(picture);
    if (this.#isLayout) return; // decoration that is the same on every slide
    if (description !== '') this.#add(description);
    else if (!this.#isNotes) this.#found.pictures++;
    if (descendantsNamed(picture, 'a:videoFile').length + descendantsNamed(picture, 'a:audioFile').length > 0) {
      this.#found.objects++;
    }
  }

  #add(block: string): void {
    if (block !== '') this.#blocks.push(block);
  }
}

/** Whether the presentation does not show the shape: its properties are in the first element, whatever its kind. */
function isHidden(shape: XmlElement): boolean {
  return isOn(childNamed(elements(shape)[0], 'p:cNvPr')?.attributes.hidden);
}

function holdsText(shape: XmlElement): boolean {
  const tells = [...descendantsNamed(shape, 'a:t'), ...descendantsNamed(shape, 'm:t')];
  const refers = ['c:chart', 'dgm:relIds'].some((name) => descendantsNamed(shape, name).length > 0);
  return refers || described(shape) !== '' || tells.some((text) => textOf(text).trim() !== '');
}

function described(shape: XmlElement): string {
  const description = descendantsNamed(shape, 'p:cNvPr')[0]?.attributes.descr?.trim() ?? '';
  return description === '' ? '' : `[${description.replace(/\s+/g, ' ')}]`;
}

/** The paragraphs, one line each; those of a list have a mark and are indented by their level. */
function bodyText(body: XmlElement, isList: boolean): string {
  const counts: { format: string; n: number }[] = []; // by level
  const paragraphs = childrenNamed(body, 'a:p').map((paragraph) => {
    const properties = childNamed(paragraph, 'a:pPr');
    const level = Number(properties?.attributes.lvl ?? 0) || 0;
    const text = paragraphText(paragraph).trim();
    const has = (name: string): boolean => childNamed(properties, name) !== undefined;
    const mark = has('a:buAutoNum') ? '' : has('a:buChar') || (isList && !has('a:buNone')) ? '- ' : '';
    if (text === '') return { text, level, mark };
    counts.length = Math.min(counts.length, level + 1);
    const numbering = childNamed(properties, 'a:buAutoNum')?.attributes;
    if (!numbering) {
      delete counts[level];
      return { text, level, mark };
    }
    const { type = 'arabicPeriod', startAt = '1' } = numbering;
    const format = `${type} ${startAt}`;
    const before = counts[level];
    const n = before?.format === format ? before.n + 1 : Number(startAt) || 1;
    counts[level] = { format, n };
    return { text, level, mark: `${autoNumber(n, type)} ` };
  });
  const filled = paragraphs.filter(({ text }) => text !== '');
  if (filled.length === 1 && filled[0]?.level === 0 && filled[0].mark.trim().length < 2) return filled[0].text;
  return filled.map(({ text, level, mark }) => `${'  '.repeat(Math.min(8, level))}${mark}${text}`).join('\n');
}

const autoFormats: [RegExp, string][] = [
  [/^alphaLc/, 'lowerLetter'],
  [/^alphaUc/, 'upperLetter'],
  [/^romanLc/, 'lowerRoman'],
  [/^romanUc/, 'upperRoman'],
];

/** "3." or "(c)": the type's name says format and punctuation, such as "alphaLcParenBoth". */
function autoNumber(n: number, type: string): string {
  const number = formatNumber(n, autoFormats.find(([pattern]) => pattern.test(type))?.[1] ?? 'decimal');
  if (type.endsWith('ParenBoth')) return `(${number})`;
  if (type.endsWith('ParenR')) return `${number})`;
  return type.endsWith('Plain') ? number : `${number}.`;
}

function paragraphText(paragraph: XmlElement): string {
  let text = '';
  for (const run of elements(paragraph)) {
    if (run.name === 'a:br') text += '\n';
    else if (run.name === 'a:r' || run.name === 'a:fld') text += runText(run, text);
    else if (run.name !== 'a:pPr' && run.name !== 'a:endParaRPr') text += mathText(run);
  }
  return text;
}

function runText(run: XmlElement, before: string): string {
  const text = childrenNamed(run, 'a:t').map(textOf).join('');
  const baseline = Number(childNamed(run, 'a:rPr')?.attributes.baseline ?? 0);
  return baseline > 0 ? superscript(text, before) : baseline < 0 ? subscript(text) : text;
}

function mathText(element: XmlElement): string {
  if (element.name === 'mc:AlternateContent') {
    const branch = childNamed(element, 'mc:Choice') ?? element;
    return elements(branch).map(mathText).join('');
  }
  const formulas = element.name === 'm:oMath' ? [element] : descendantsNamed(element, 'm:oMath');
  return formulas.map((formula) => `$${ommlToLatex(formula)}$`).join(' ');
}

function tableOf(table: XmlElement): string {
  const rows = childrenNamed(table, 'a:tr').map((row) =>
    childrenNamed(row, 'a:tc')
      .filter(({ attributes }) => !isOn(attributes.hMerge)) // the cell that spans it is read
      .map((cell): Cell => {
        const body = childNamed(cell, 'a:txBody');
        return {
          text: body ? bodyText(body, false) : '',
          columns: Math.max(1, Math.min(63, Number(cell.attributes.gridSpan ?? 1) || 1)),
          below: isOn(cell.attributes.vMerge) ? 'above' : 'none',
        };
      }),
  );
  return tableText(rows);
}

function isOn(value: string | undefined): boolean {
  return value === '1' || value === 'true';
}
