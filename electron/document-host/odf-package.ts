/** An OpenDocument file, as an archive or as one flat XML file: its content, its styles and its embedded objects. */
import { AppError } from '../contract/errors.ts';
import { readXml, withoutNamedEntities } from './xml-guard.ts';
import { childNamed, descendantsNamed, parseXml, textOf, type XmlElement } from './xml-tree.ts';
import type { GuardedZip } from './zip-guard.ts';

export class OdfPackage {
  readonly content: XmlElement; // office:document-content; office:document of a flat file
  readonly styles: XmlElement;
  readonly #zip: GuardedZip | undefined;

  private constructor(content: XmlElement, styles: XmlElement, zip?: GuardedZip) {
    this.content = content;
    this.styles = styles;
    this.#zip = zip;
  }

  static archive(zip: GuardedZip, name: string): OdfPackage {
    const manifest = zip.has('META-INF/manifest.xml') ? readXml(zip.read('META-INF/manifest.xml')) : '';
    if (/<(\w+:)?encryption-data\b/.test(manifest)) {
      throw new AppError('DOC_PROTECTED', `${name} is protected by a password. Save a copy without one and open that.`);
    }
    const content = parsed(zip.read('content.xml'));
    return new OdfPackage(content, zip.has('styles.xml') ? parsed(zip.read('styles.xml')) : content, zip);
  }

  static flat(bytes: Uint8Array): OdfPackage {
    const root = parsed(bytes);
    return new OdfPackage(root, root);
  }

  /** The body's text, presentation or spreadsheet; an empty element if there is none. */
  body(kind: 'office:text' | 'office:presentation' | 'office:spreadsheet'): XmlElement {
    const body = childNamed(this.content, 'office:body');
    return childNamed(body, kind) ?? { name: kind, attributes: {}, children: [] };
  }

  /** `href`: the reference of a draw:object, "./Object 1". undefined: it is not in the file. */
  object(href: string): XmlElement | undefined {
    const part = `${href.replace(/^\.\//, '')}/content.xml`;
    return this.#zip?.has(part) ? parsed(this.#zip.read(part)) : undefined;
  }

  title(): string {
    const meta = this.#zip?.has('meta.xml') ? parsed(this.#zip.read('meta.xml')) : this.content;
    const properties = descendantsNamed(meta, 'office:meta')[0];
    return properties
      ? textOf(childNamed(properties, 'dc:title') ?? { name: '', attributes: {}, children: [] }).trim()
      : '';
  }
}

function parsed(bytes: Uint8Array): XmlElement {
  return parseXml(withoutNamedEntities(readXml(bytes)));
}
