/** Fields of Word: between "begin" and "separate" is the code, which is not shown; after that comes the last result, which is. */
import { integer, isOn } from './docx-styles.ts';
import { symbolCharacter } from './docx-symbols.ts';
import { childNamed, childrenNamed, type XmlElement } from './xml-tree.ts';

interface OpenField {
  code: string;
  form: XmlElement | undefined; // w:ffData: the options and the value of a form field
  inResult: boolean;
  hasResult: boolean;
  isLeftOut: boolean; // a page number in a header, which differs on each page
  paragraphs: number; // ends of paragraphs found within the code
  held: string; // text found within the code, in case the field never ends
}

const pageFields = /^\s*(PAGE|NUMPAGES|SECTIONPAGES|SECTION)\b/i;
/** Fields that show nothing, such as marks for an index or a macro, or whose missing result is no loss. */
const silentFields =
  /^\s*(XE|TC|TA|RD|SET|ASK|FILLIN|PRIVATE|ADVANCE|NEXT|NEXTIF|SKIPIF|INDEX|TOC|TOA|PRINT|COMMENTS|FORMTEXT|BIBLIOGRAPHY|HYPERLINK|PAGE|NUMPAGES|SECTIONPAGES|INCLUDEPICTURE|EMBED|LINK|SHAPE|CONTROL|DDE|DDEAUTO|ADDIN)\b/i;
const mostCodeParagraphs = 3;

export class Fields {
  readonly #open: OpenField[] = [];
  readonly #leavesPagesOut: boolean;
  #metPageField = false;

  constructor(leavesPagesOut: boolean) {
    this.#leavesPagesOut = leavesPagesOut;
  }

  begin(form: XmlElement | undefined): void {
    this.#open.push({
      code: '',
      form,
      inResult: false,
      hasResult: false,
      isLeftOut: false,
      paragraphs: 0,
      held: '',
    });
  }

  code(text: string): void {
    const field = this.#open.at(-1);
    if (field && !field.inResult) field.code += text;
  }

  separate(): void {
    const field = this.#open.at(-1);
    if (!field) return;
    field.inResult = true;
    field.isLeftOut = this.leavesOut(field.code);
  }

  /** What to show for a field without a result; undefined: there should be a result and is none. */
  end(): string | undefined {
    const field = this.#open.pop();
    if (!field || field.hasResult) return '';
    return this.leavesOut(field.code) ? '' : withoutResult(field.code, field.form);
  }

  leavesOut(code: string): boolean {
    if (!this.#leavesPagesOut || !pageFields.test(code)) return false;
    this.#metPageField = true;
    return true;
  }

  /** Whether a page number was left out since the last call. */
  takeMetPageField(): boolean {
    const met = this.#metPageField;
    this.#metPageField = false;
    return met;
  }

  /** Returns the text if it is shown, else ''. */
  shown(text: string): string {
    const inCode = this.#open.find(({ inResult }) => !inResult);
    if (inCode) {
      inCode.held += text;
      inCode.code += text; // the result of a field within a field's code belongs to the code
      return '';
    }
    if (this.#open.some(({ isLeftOut }) => isLeftOut)) return '';
    if (text !== '') for (const field of this.#open) field.hasResult = true;
    return text;
  }

  /** A field that never ends would hide the rest of the text: after some paragraphs its held text is returned. */
  paragraphEnd(): string {
    const field = this.#open.find(({ inResult }) => !inResult);
    if (!field) return '';
    field.held += '\n';
    return ++field.paragraphs > mostCodeParagraphs ? this.storyEnd() : '';
  }

  storyEnd(): string {
    const held = this.#open.map((field) => field.held).join('');
    this.#open.length = 0;
    return held.trim();
  }
}

export function withoutResult(code: string, form: XmlElement | undefined): string | undefined {
  const value = (element: XmlElement | undefined): string | undefined => element?.attributes['w:val'];
  const box = childNamed(form, 'w:checkBox');
  if (box) {
    const state = childNamed(box, 'w:checked') ?? childNamed(box, 'w:default');
    return state && isOn(value(state) ?? 'true') ? '[x]' : '[ ]';
  }
  const list = childNamed(form, 'w:ddList');
  if (list) {
    const chosen = integer(value(childNamed(list, 'w:result') ?? childNamed(list, 'w:default'))) ?? 0;
    return value(childrenNamed(list, 'w:listEntry')[chosen]) ?? '';
  }
  const [, name = '', rest = ''] = /^\s*(\S+)\s*(.*)$/s.exec(code) ?? [];
  const [first = ''] = /"[^"]*"|\S+/.exec(rest) ?? [];
  switch (name.toUpperCase()) {
    case 'SYMBOL': {
      const font = /\\f\s*"?([^"\\]+)"?/i.exec(rest)?.[1]?.trim() ?? '';
      return symbolCharacter(font, Number(first)) ?? '';
    }
    case 'MACROBUTTON':
    case 'GOTOBUTTON':
      return rest.slice(rest.indexOf(first) + first.length).trim();
    case 'MERGEFIELD':
      return `«${first.replaceAll('"', '')}»`;
    case 'QUOTE':
      return first.replaceAll('"', '');
    case 'EQ':
      return rest.trim(); // an equation in the form of a field, "\f(1,2)"
    case '':
      return '';
    default:
      return silentFields.test(code) ? '' : undefined;
  }
}
