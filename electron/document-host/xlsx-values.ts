/** Cell values as the sheet shows them: shared strings, and formatted numbers and dates. */
import { format, getFormatFromId } from 'numfmt';
import type { DocxPackage } from './docx-package.ts';
import { childNamed, childrenNamed, elements, textOf, type XmlElement } from './xml-tree.ts';

/** Formats that depend on the system's settings, which the file does not have: dates are shown unambiguously. */
const systemFormats: Record<number, string> = { 14: 'yyyy-mm-dd', 22: 'yyyy-mm-dd hh:mm' };
const daysTo1904 = 1462;

export class SheetFormats {
  readonly #codes: string[] = []; // by style index
  readonly #is1904: boolean;

  constructor(files: DocxPackage, workbook: string, is1904: boolean) {
    this.#is1904 = is1904;
    const part = files.related(workbook, 'styles');
    if (part === undefined) return;
    const styles = files.xml(part);
    const own = new Map(
      childrenNamed(childNamed(styles, 'numFmts'), 'numFmt').map(({ attributes }) => [
        Number(attributes.numFmtId),
        attributes.formatCode ?? '',
      ]),
    );
    for (const { attributes } of childrenNamed(childNamed(styles, 'cellXfs'), 'xf')) {
      const id = Number(attributes.numFmtId ?? 0);
      this.#codes.push(systemFormats[id] ?? own.get(id) ?? getFormatFromId(id) ?? 'General');
    }
  }

  /** `style`: index of the cell's style. */
  shown(value: number, style: number): string {
    const code = this.#codes[style] ?? 'General';
    if (code === 'General') return generalNumber(value);
    const isDate = this.#is1904 && /[ymdhs]/i.test(code.replace(/"[^"]*"|\[[^\]]*\]|\\./g, ''));
    const text = format(code, isDate ? value + daysTo1904 : value, { throws: false }).trim();
    // The format ";;;" hides a value, and an unreadable format gives a row of # signs: the plain number is shown instead.
    return text === '' || /^#+$/.test(text) ? generalNumber(value) : text;
  }
}

/** Excel keeps 15 digits: 0.30000000000000004 is shown as 0.3. */
function generalNumber(value: number): string {
  return `${Number(value.toPrecision(15))}`;
}

export function readSharedStrings(files: DocxPackage, workbook: string): string[] {
  const strings: string[] = [];
  const part = files.related(workbook, 'sharedStrings');
  if (part !== undefined) files.xml(part, { parent: 'sst', onChild: (item) => strings.push(richText(item)) });
  return strings;
}

/** The text of <si> or <is>, without <rPh>, which has the pronunciation. */
export function richText(item: XmlElement): string {
  return elements(item)
    .map((child) => (child.name === 't' ? textOf(child) : child.name === 'r' ? richText(child) : ''))
    .join('')
    .replace(/_x([0-9A-Fa-f]{4})_/g, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
}
