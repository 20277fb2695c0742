/** What the styles of a DOCX say about text: headings, numbering, hidden and raised text. The appearance is ignored. */
import { childNamed, childrenNamed, type XmlElement } from './xml-tree.ts';

/** The properties of a style, including those of the styles it is based on. */
export interface Style {
  ids: readonly string[]; // its own and those of the styles it is based on, nearest first
  name: string; // Word writes "heading 1" here whatever the language of its menus
  isTitle: boolean;
  heading: number | undefined; // 1 to 9
  numId: string | undefined;
  level: number | undefined; // of the numbering, from 0
  run: RunStyle;
}

export interface RunStyle {
  vanish: boolean | undefined;
  vertical: string | undefined; // superscript, subscript, baseline
  position: number | undefined; // half points above the base line
  strike: boolean | undefined;
  font: string | undefined;
}

// Names of heading styles by language, for programs that write no styles.xml or translate the names in it.
const headingNames =
  /^(?:heading|überschrift|berschrift|titre|título|ttulo|titolo|kop|rubrik|overskrift|otsikko|nagłówek|nadpis|заголовок|標題|标题|見出し|제목)[ _-]?([1-9])$/i;
const maxBases = 50;

export class Styles {
  readonly #elements = new Map<string, XmlElement>();
  readonly #resolved = new Map<string, Style>();
  readonly #defaultParagraph: string | undefined;
  readonly #defaults: RunStyle;

  constructor(root: XmlElement | undefined) {
    for (const style of childrenNamed(root, 'w:style')) {
      const id = style.attributes['w:styleId'];
      if (id === undefined) continue;
      this.#elements.set(id, style);
      if (style.attributes['w:type'] === 'paragraph' && isOn(style.attributes['w:default']))
        this.#defaultParagraph = id;
    }
    this.#defaults = runStyle(childNamed(childNamed(childNamed(root, 'w:docDefaults'), 'w:rPrDefault'), 'w:rPr'));
  }

  paragraph(id: string | undefined): Style {
    return this.#style(id ?? this.#defaultParagraph ?? '');
  }

  character(id: string): RunStyle {
    return this.#style(id).run;
  }

  /** A run's properties: its own, else those of its styles. If two styles both hide text it is shown, because vanish is a toggle. */
  run(properties: XmlElement | undefined, paragraph: Style): RunStyle {
    const own = runStyle(properties);
    const id = childNamed(properties, 'w:rStyle')?.attributes['w:val'];
    const character = id === undefined ? undefined : this.character(id);
    const styled = (paragraph.run.vanish ?? false) !== (character?.vanish ?? false);
    return {
      vanish: own.vanish ?? (styled || (this.#defaults.vanish ?? false)),
      strike: own.strike ?? character?.strike ?? paragraph.run.strike,
      vertical: own.vertical ?? character?.vertical ?? paragraph.run.vertical,
      position: own.position ?? character?.position ?? paragraph.run.position,
      font: own.font ?? character?.font ?? paragraph.run.font ?? this.#defaults.font,
    };
  }

  #style(id: string): Style {
    const known = this.#resolved.get(id);
    if (known) return known;
    const chain: XmlElement[] = [];
    for (let at = this.#elements.get(id); at && !chain.includes(at) && chain.length < maxBases; ) {
      chain.push(at);
      at = this.#elements.get(childNamed(at, 'w:basedOn')?.attributes['w:val'] ?? '');
    }
    const name = childNamed(chain[0], 'w:name')?.attributes['w:val'] ?? id;
    const first = <T>(of: (style: XmlElement) => T | undefined): T | undefined => {
      for (const style of chain) {
        const value = of(style);
        if (value !== undefined) return value;
      }
      return undefined;
    };
    const numbering = (style: XmlElement): XmlElement | undefined => childNamed(childNamed(style, 'w:pPr'), 'w:numPr');
    const outline = first((style) => outlineLevel(childNamed(style, 'w:pPr')) ?? headingOfName(style));
    const runs = chain.map((style) => runStyle(childNamed(style, 'w:rPr')));
    const style: Style = {
      ids: chain.map(({ attributes }) => attributes['w:styleId'] ?? ''),
      name,
      isTitle: /^title$/i.test(name),
      heading: outline ?? (chain.length === 0 ? numberAfter(id) : undefined),
      numId: first((style) => childNamed(numbering(style), 'w:numId')?.attributes['w:val']),
      level: first((style) => integer(childNamed(numbering(style), 'w:ilvl')?.attributes['w:val'])),
      run: {
        vanish: runs.find(({ vanish }) => vanish !== undefined)?.vanish,
        strike: runs.find(({ strike }) => strike !== undefined)?.strike,
        vertical: runs.find(({ vertical }) => vertical !== undefined)?.vertical,
        position: runs.find(({ position }) => position !== undefined)?.position,
        font: runs.find(({ font }) => font !== undefined)?.font,
      },
    };
    if (style.heading === 0) style.heading = undefined; // "body text" is stated explicitly
    this.#resolved.set(id, style);
    return style;
  }
}

/** The heading level, 1 to 9; 0: body text; undefined: not stated. */
export function outlineLevel(properties: XmlElement | undefined): number | undefined {
  const level = integer(childNamed(properties, 'w:outlineLvl')?.attributes['w:val']);
  if (level === undefined) return undefined;
  return level >= 0 && level < 9 ? level + 1 : 0;
}

export function isOn(value: string | undefined): boolean {
  return value !== undefined && !/^(0|false|off|none)$/i.test(value);
}

/** An on/off property: the element without a value means on. */
export function toggle(properties: XmlElement | undefined, name: string): boolean | undefined {
  const element = childNamed(properties, name);
  return element && isOn(element.attributes['w:val'] ?? 'true');
}

export function integer(value: string | undefined): number | undefined {
  return value !== undefined && /^\s*[+-]?\d{1,9}\s*$/.test(value) ? Number(value) : undefined;
}

function headingOfName(style: XmlElement): number | undefined {
  return numberAfter(childNamed(style, 'w:name')?.attributes['w:val'] ?? '');
}

function numberAfter(name: string): number | undefined {
  return integer(headingNames.exec(name)?.[1]);
}

function runStyle(properties: XmlElement | undefined): RunStyle {
  const fonts = childNamed(properties, 'w:rFonts')?.attributes;
  return {
    vanish: toggle(properties, 'w:vanish'),
    strike: toggle(properties, 'w:strike') || toggle(properties, 'w:dstrike'),
    vertical: childNamed(properties, 'w:vertAlign')?.attributes['w:val'],
    position: integer(childNamed(properties, 'w:position')?.attributes['w:val']),
    font: fonts?.['w:ascii'] ?? fonts?.['w:hAnsi'],
  };
}
