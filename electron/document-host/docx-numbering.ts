/** Numbers of paragraphs as Word shows them, from numbering.xml. One instance counts through one document. */
import { integer, isOn, type Styles } from './docx-styles.ts';
import { symbolText } from './docx-symbols.ts';
import { formatNumber } from './number-formats.ts';
import { childNamed, childrenNamed, type XmlElement } from './xml-tree.ts';

interface Level {
  start: number;
  format: string;
  custom: string | undefined; // "001, 002, ...": the format of the format "custom"
  text: string; // "%1.%2"
  legal: boolean; // all numbers in it are decimal
  restartsAfter: number | undefined; // restarts after this level (from 1) or one above it; 0: never; undefined: after any above
  style: string | undefined; // paragraph style that selects this level
  font: string | undefined; // of the number or bullet
  isTight: boolean; // nothing between the number and the text
}

interface AbstractList {
  levels: Map<number, Level>;
  styleLink: string | undefined; // the numbering style that this list defines
  numStyleLink: string | undefined; // the numbering style in which this list is defined
}

interface List {
  abstractId: string;
  starts: Map<number, number>; // level to its number when this list begins
  levels: Map<number, Level>; // that differ from the abstract list's
}

export interface ParagraphNumber {
  text: string; // "2.1 ", "(a) ", with what stands between it and the text; "- " for a bullet
  level: number; // from 0
  bullet: boolean;
}

const maxLevel = 8;

export class Numbering {
  readonly #abstract = new Map<string, AbstractList>();
  readonly #lists = new Map<string, List>();
  readonly #styles: Styles;
  readonly #counts = new Map<string, (number | undefined)[]>(); // per abstract list: [level]
  readonly #begun = new Set<string>(); // lists whose starts have been applied

  constructor(root: XmlElement | undefined, styles: Styles) {
    this.#styles = styles;
    for (const element of childrenNamed(root, 'w:abstractNum')) {
      this.#abstract.set(element.attributes['w:abstractNumId'] ?? '', {
        levels: readLevels(element),
        styleLink: childNamed(element, 'w:styleLink')?.attributes['w:val'],
        numStyleLink: childNamed(element, 'w:numStyleLink')?.attributes['w:val'],
      });
    }
    for (const element of childrenNamed(root, 'w:num')) {
      const list: List = {
        abstractId: childNamed(element, 'w:abstractNumId')?.attributes['w:val'] ?? '',
        starts: new Map(),
        levels: new Map(),
      };
      for (const override of childrenNamed(element, 'w:lvlOverride')) {
        const level = integer(override.attributes['w:ilvl']) ?? 0;
        const start = integer(childNamed(override, 'w:startOverride')?.attributes['w:val']);
        const replaced = readLevels(override).get(level);
        if (replaced) list.levels.set(level, replaced);
        if (start !== undefined) list.starts.set(level, start);
      }
      this.#lists.set(element.attributes['w:numId'] ?? '', list);
    }
  }

  /** Counts a paragraph and returns its label. `styleIds`: its styles, one of which may define a level. undefined: it has no number. */
  next(
    numId: string,
    statedLevel: number | undefined,
    styleIds: readonly string[],
    styleLevel?: number,
  ): ParagraphNumber | undefined {
    const list = this.#lists.get(numId);
    if (!list || numId === '0') return undefined;
    const { abstractId, levels } = this.#definition(list);
    const levelOf = (n: number): Level | undefined => list.levels.get(n) ?? levels.get(n);
    const styled = styleIds
      .map((id) => [...levels].find(([, { style }]) => style === id)?.[0])
      .find((found) => found !== undefined);
    const level = Math.min(Math.max(statedLevel ?? styled ?? styleLevel ?? 0, 0), maxLevel);
    const own = levelOf(level);
    if (!own) return undefined;
    const counts = this.#counts.get(abstractId) ?? [];
    this.#counts.set(abstractId, counts);
    if (!this.#begun.has(numId)) {
      this.#begun.add(numId);
      for (const [n, start] of list.starts) counts[n] = start - 1;
    }
    const startOf = (n: number): number => list.starts.get(n) ?? levelOf(n)?.start ?? 1;
    counts[level] = counts[level] === undefined ? startOf(level) : (counts[level] as number) + 1;
    for (let below = level + 1; below <= maxLevel; below++) {
      const after = levelOf(below)?.restartsAfter;
      if (after === undefined || level < after) counts[below] = undefined;
    }
    const gap = own.isTight ? '' : ' ';
    if (own.format === 'bullet') {
      const sign = symbolText(own.text, own.font);
      return { text: `${/^[☐☑☒✓✔✗✘□❏❐❑❒]$/.test(sign) ? sign : '-'} `, level, bullet: true }; // a box is ticked or not
    }
    const text = own.text.replace(/%([1-9])/g, (_, digit: string) => {
      const n = Number(digit) - 1;
      const format = levelOf(n);
      const value = counts[n] ?? startOf(n);
      if (!format || format.format === 'bullet') return '';
      // Legal numbering turns letters and roman numerals into digits; Word keeps the zero of "Section 1.01".
      if (own.legal && !/^(none|decimalZero)$/.test(format.format)) return `${value}`;
      return format.format === 'custom' ? customNumber(value, format.custom) : formatNumber(value, format.format);
    });
    return text.trim() === '' ? undefined : { text: text.trim() + gap, level, bullet: false };
  }

  /** A list may be defined in a numbering style, which names a list whose abstract list has the levels. */
  #definition({ abstractId }: List): { abstractId: string; levels: Map<number, Level> } {
    const abstract = this.#abstract.get(abstractId);
    if (!abstract?.numStyleLink) return { abstractId, levels: abstract?.levels ?? new Map() };
    const linked =
      [...this.#abstract].find(([, { styleLink }]) => styleLink === abstract.numStyleLink)?.[0] ??
      this.#lists.get(this.#styles.paragraph(abstract.numStyleLink).numId ?? '')?.abstractId;
    const levels = linked === undefined ? undefined : this.#abstract.get(linked)?.levels;
    return { abstractId: linked ?? abstractId, levels: levels && levels.size > 0 ? levels : abstract.levels };
  }
}

function readLevels(parent: XmlElement): Map<number, Level> {
  const levels = new Map<number, Level>();
  for (const element of childrenNamed(parent, 'w:lvl')) {
    const value = (name: string): string | undefined => childNamed(element, name)?.attributes['w:val'];
    const legal = childNamed(element, 'w:isLgl');
    // Word writes newer formats in an alternative, with an older one for older programs.
    const alternative = childNamed(childNamed(element, 'mc:AlternateContent'), 'mc:Choice');
    const format = childNamed(alternative, 'w:numFmt') ?? childNamed(element, 'w:numFmt');
    levels.set(integer(element.attributes['w:ilvl']) ?? 0, {
      start: integer(value('w:start')) ?? 0,
      format: format?.attributes['w:val'] ?? 'decimal',
      custom: format?.attributes['w:format'],
      text: value('w:lvlText') ?? '',
      legal: legal !== undefined && isOn(legal.attributes['w:val'] ?? 'true'),
      restartsAfter: integer(value('w:lvlRestart')),
      style: value('w:pStyle'),
      font: childNamed(childNamed(element, 'w:rPr'), 'w:rFonts')?.attributes['w:ascii'],
      isTight: value('w:suff') === 'nothing',
    });
  }
  return levels;
}

/** Pads to as many digits as the first number of "001, 002, 003, ..." has. */
function customNumber(value: number, format: string | undefined): string {
  return `${value}`.padStart(/^0*\d/.exec(format ?? '')?.[0].length ?? 1, '0');
}
