/**
 * Parses XML of office files into trees. htmlparser2 is used because it has its own stack, which nesting cannot overflow, and accepts files
 * that Word opens but a strict parser refuses. Names get the usual prefixes, whichever prefixes the file declares.
 */
import { Parser } from 'htmlparser2';

export interface XmlElement {
  name: string; // with the usual prefix: "w:p", "m:oMath"
  attributes: Record<string, string>; // likewise: "w:val"
  children: XmlNode[];
}
export type XmlNode = XmlElement | string;

/** The XML is cut off, its tags do not match, or it is nested too deeply. */
export class XmlDamage extends Error {}

const maxDepth = 400; // a deep table in a text box in a content control has some 60 levels

// Each namespace as ECMA-376 writes it in its transitional and in its strict edition.
const office = 'http://schemas.openxmlformats.org/';
const strict = 'http://purl.oclc.org/ooxml/';
const usualPrefixes = new Map<string, string>([
  [`${office}wordprocessingml/2006/main`, 'w'],
  [`${strict}wordprocessingml/main`, 'w'],
  [`${office}officeDocument/2006/relationships`, 'r'],
  [`${strict}officeDocument/relationships`, 'r'],
  [`${office}officeDocument/2006/math`, 'm'],
  [`${strict}officeDocument/math`, 'm'],
  [`${office}markup-compatibility/2006`, 'mc'],
  [`${office}drawingml/2006/main`, 'a'],
  [`${strict}drawingml/main`, 'a'],
  [`${office}drawingml/2006/wordprocessingDrawing`, 'wp'],
  [`${strict}drawingml/wordprocessingDrawing`, 'wp'],
  [`${office}drawingml/2006/picture`, 'pic'],
  [`${strict}drawingml/picture`, 'pic'],
  [`${office}drawingml/2006/chart`, 'c'],
  [`${strict}drawingml/chart`, 'c'],
  [`${office}drawingml/2006/diagram`, 'dgm'],
  [`${strict}drawingml/diagram`, 'dgm'],
  ['http://schemas.microsoft.com/office/word/2010/wordprocessingShape', 'wps'],
  ['http://schemas.microsoft.com/office/word/2010/wordml', 'w14'],
  ['http://schemas.microsoft.com/office/word/2012/wordml', 'w15'],
  [`${office}presentationml/2006/main`, 'p'],
  [`${strict}presentationml/main`, 'p'],
  [`${office}spreadsheetml/2006/main`, ''],
  [`${strict}spreadsheetml/main`, ''],
  [`${office}drawingml/2006/spreadsheetDrawing`, 'xdr'],
  [`${strict}drawingml/spreadsheetDrawing`, 'xdr'],
  ...['office', 'text', 'table', 'presentation', 'style', 'number'].map((name): [string, string] => [
    `urn:oasis:names:tc:opendocument:xmlns:${name}:1.0`,
    name,
  ]),
  ['urn:oasis:names:tc:opendocument:xmlns:drawing:1.0', 'draw'],
  ['urn:schemas-microsoft-com:vml', 'v'],
  ['urn:schemas-microsoft-com:office:office', 'o'],
]);

/** The file's prefixes with the usual ones, where they differ; '' is the default namespace. */
type Renames = ReadonlyMap<string, string>;
const noRenames: Renames = new Map();

export interface XmlStream {
  /** Children of an element with this name are passed on one by one and not kept, so that the tree of a book is never in memory. */
  parent: string;
  onChild(element: XmlElement): void;
}

/** Returns the root element, without the children that were passed to `stream`. */
export function parseXml(xml: string, stream?: XmlStream): XmlElement {
  const root: XmlElement = { name: '', attributes: {}, children: [] };
  const open: XmlElement[] = [root];
  const scopes: Renames[] = [noRenames];
  let damaged = false;
  let openedAt = -1; // where the last opening tag ended
  const parser = new Parser(
    {
      onopentag(rawName, rawAttributes) {
        if (open.length > maxDepth) throw new XmlDamage(`elements are nested more than ${maxDepth} deep`);
        const renames = scopeOf(scopes.at(-1) ?? noRenames, rawAttributes);
        scopes.push(renames);
        const element: XmlElement = {
          name: renamed(rawName, renames, true),
          attributes: renames.size === 0 ? rawAttributes : renamedAttributes(rawAttributes, renames),
          children: [],
        };
        const parent = open.at(-1) as XmlElement;
        if (parent.name !== stream?.parent) parent.children.push(element);
        open.push(element);
        openedAt = parser.endIndex;
      },
      onclosetag(_name, implied) {
        damaged ||= implied && parser.endIndex !== openedAt; // an element such as "<w:tab/>" closes itself
        const element = open.pop() as XmlElement;
        scopes.pop();
        if (stream && !damaged && open.at(-1)?.name === stream.parent) stream.onChild(element);
      },
      ontext(text) {
        const { children } = open.at(-1) as XmlElement;
        const last = children.length - 1;
        if (typeof children[last] === 'string') children[last] += text;
        else children.push(text);
      },
    },
    { xmlMode: true, decodeEntities: true },
  );
  parser.write(xml);
  parser.end();
  const first = root.children.find((node) => typeof node !== 'string');
  if (damaged || !first) throw new XmlDamage('the XML is cut off or mismatched');
  return first;
}

export function isElement(node: XmlNode): node is XmlElement {
  return typeof node !== 'string';
}

export function elements({ children }: XmlElement): XmlElement[] {
  return children.filter(isElement);
}

export function childNamed(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((node): node is XmlElement => isElement(node) && node.name === name);
}

export function childrenNamed(element: XmlElement | undefined, name: string): XmlElement[] {
  return element ? element.children.filter((node): node is XmlElement => isElement(node) && node.name === name) : [];
}

/** All descendants with this name, in document order. */
export function descendantsNamed(element: XmlElement, name: string): XmlElement[] {
  return elements(element).flatMap((child) => [
    ...(child.name === name ? [child] : []),
    ...descendantsNamed(child, name),
  ]);
}

export function textOf(element: XmlElement): string {
  return element.children.map((node) => (isElement(node) ? textOf(node) : node)).join('');
}

function scopeOf(outer: Renames, attributes: Record<string, string>): Renames {
  let inner: Map<string, string> | undefined;
  for (const [name, value] of Object.entries(attributes)) {
    if (name !== 'xmlns' && !name.startsWith('xmlns:')) continue;
    const prefix = name.slice(6);
    const usual = usualPrefixes.get(value) ?? prefix;
    if (usual === (outer.get(prefix) ?? prefix)) continue;
    inner ??= new Map(outer);
    inner.set(prefix, usual);
  }
  return inner ?? outer;
}

/** The default namespace applies to elements; an attribute without a prefix has no namespace. */
function renamed(name: string, renames: Renames, isElementName: boolean): string {
  if (renames.size === 0) return name;
  const colon = name.indexOf(':');
  if (colon < 0 && !isElementName) return name;
  const usual = renames.get(colon < 0 ? '' : name.slice(0, colon));
  if (usual === undefined) return name;
  const local = name.slice(colon + 1);
  return usual === '' ? local : `${usual}:${local}`;
}

function renamedAttributes(attributes: Record<string, string>, renames: Renames): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [renamed(name, renames, false), value]));
}
