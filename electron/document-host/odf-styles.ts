/** The properties of an OpenDocument file's styles that concern the text: raised, hidden, numbered. */
import { formatNumber } from './number-formats.ts';
import type { OdfPackage } from './odf-package.ts';
import { childrenNamed, elements, type XmlElement } from './xml-tree.ts';

const maxParents = 20;

export interface ListLevel {
  isNumber: boolean;
  format: string; // '' is no number
  prefix: string;
  suffix: string;
  shownLevels: number;
  start: number;
}

export class OdfStyles {
  readonly #styles = new Map<string, XmlElement>(); // by "family name"
  readonly #lists = new Map<string, ReadonlyMap<number, ListLevel>>();
  readonly outline: ReadonlyMap<number, ListLevel>; // of headings, by level from 1

  constructor(files: OdfPackage) {
    let outline: ReadonlyMap<number, ListLevel> = new Map();
    for (const root of new Set([files.styles, files.content])) {
      for (const group of elements(root)) {
        for (const style of elements(group)) {
          const { name, attributes } = style;
          if (name === 'style:style')
            this.#styles.set(key(attributes['style:family'], attributes['style:name']), style);
          else if (name === 'text:list-style') this.#lists.set(attributes['style:name'] ?? '', levels(style));
          else if (name === 'text:outline-style') outline = levels(style);
        }
      }
    }
    this.outline = outline;
  }

  /** A property of the style, else of those it is based on, such as "text:display" of "style:text-properties". */
  property(family: string, name: string | undefined, group: string, property: string): string | undefined {
    let style = this.#styles.get(key(family, name));
    for (let i = 0; style && i < maxParents; i++) {
      const value = childrenNamed(style, group)[0]?.attributes[property];
      if (value !== undefined) return value;
      style = this.#styles.get(key(family, style.attributes['style:parent-style-name']));
    }
    return undefined;
  }

  /** The list style of a paragraph style. */
  listOfParagraph(name: string | undefined): string | undefined {
    return this.#styles.get(key('paragraph', name))?.attributes['style:list-style-name'] || undefined;
  }

  list(name: string | undefined): ReadonlyMap<number, ListLevel> | undefined {
    return name === undefined ? undefined : this.#lists.get(name);
  }
}

/** Counts the items of one list, level by level. */
export class ListCounter {
  readonly #counts: number[] = []; // by level, from 0

  /** The label of the next item: "2.1." */
  next(levels: ReadonlyMap<number, ListLevel>, level: number, startValue: number | undefined): string {
    const own = levels.get(level);
    for (let above = 1; above < level; above++) this.#counts[above - 1] ??= levels.get(above)?.start ?? 1;
    this.#counts[level - 1] = startValue ?? (this.#counts[level - 1] ?? (own?.start ?? 1) - 1) + 1;
    this.#counts.length = level;
    if (!own?.isNumber || own.format === '') return '';
    const shown: string[] = [];
    for (let at = Math.max(1, level - own.shownLevels + 1); at <= level; at++) {
      const format = levels.get(at)?.format ?? '';
      if (format !== '') shown.push(formatNumber(this.#counts[at - 1] ?? 1, formatNames[format] ?? 'decimal'));
    }
    return `${own.prefix}${shown.join('.')}${own.suffix}`.trim();
  }
}

const formatNames: Record<string, string> = {
  '1': 'decimal',
  a: 'lowerLetter',
  A: 'upperLetter',
  i: 'lowerRoman',
  I: 'upperRoman',
};

function levels(style: XmlElement): Map<number, ListLevel> {
  return new Map(
    elements(style)
      .filter(({ name }) => /^text:(list-level-style-|outline-level-style)/.test(name))
      .map(({ name, attributes }) => [
        Number(attributes['text:level'] ?? 1),
        {
          isNumber: !/bullet|image/.test(name),
          format: attributes['style:num-format'] ?? '',
          prefix: attributes['style:num-prefix'] ?? '',
          suffix: attributes['style:num-suffix'] ?? '',
          shownLevels: Number(attributes['text:display-levels'] ?? 1) || 1,
          start: Number(attributes['text:start-value'] ?? 1) || 1,
        },
      ]),
  );
}

function key(family: string | undefined, name: string | undefined): string {
  return `${family ?? ''} ${name ?? ''}`;
}
