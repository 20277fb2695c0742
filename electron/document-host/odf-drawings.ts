/** What can be read in a drawing of OpenDocument: text boxes, shapes, tables, formulas, charts' numbers, descriptions of pictures. */
import type { OdfPackage } from './odf-package.ts';
import type { WriterNotes } from './writer-notes.ts';
import { childNamed, childrenNamed, descendantsNamed, elements, textOf, type XmlElement } from './xml-tree.ts';

/** Reads the text inside a drawing. */
interface DrawingHost {
  readonly files: OdfPackage;
  readonly found: WriterNotes;
  blocks(parent: XmlElement): string[];
  table(table: XmlElement): string;
}

export function readOdfDrawing(reader: DrawingHost, element: XmlElement): string[] {
  const { name } = element;
  if (name === 'draw:g' || name === 'draw:a')
    return elements(element).flatMap((child) => readOdfDrawing(reader, child));
  if (name !== 'draw:frame') return name.startsWith('draw:') ? shapeText(reader, element) : [];
  const table = childNamed(element, 'table:table');
  if (table) return [reader.table(table)].filter((text) => text !== '');
  const box = childNamed(element, 'draw:text-box');
  if (box) return reader.blocks(box);
  const object = childNamed(element, 'draw:object') ?? childNamed(element, 'draw:object-ole');
  // An object has a picture beside it, for programs that cannot draw the object.
  if (object) return [objectText(reader, object, element)].filter((text) => text !== '');
  const description = described(element);
  if (description !== '') return [description];
  if (childNamed(element, 'draw:image')) reader.found.pictures++;
  else if (childNamed(element, 'draw:plugin')) reader.found.objects.push('film or sound');
  return [];
}

/** Shapes contain paragraphs directly. */
function shapeText(reader: DrawingHost, shape: XmlElement): string[] {
  const blocks = reader.blocks({
    ...shape,
    children: elements(shape).filter(({ name }) => /^text:(p|h|list)$/.test(name)),
  });
  return blocks.length > 0 ? blocks : [described(shape)].filter((text) => text !== '');
}

function described(element: XmlElement): string {
  for (const name of ['svg:desc', 'svg:title']) {
    const text = textOf(childNamed(element, name) ?? { name: '', attributes: {}, children: [] }).trim();
    if (text !== '') return `[${text.replace(/\s+/g, ' ')}]`;
  }
  return '';
}

function objectText(reader: DrawingHost, object: XmlElement, frame: XmlElement): string {
  const href = object.attributes['xlink:href'] ?? '';
  const root = elements(object)[0] ?? reader.files.object(href);
  if (root && /(^|:)math$/.test(root.name)) {
    reader.found.equations++;
    return `$${formula(root)}$`;
  }
  const chart = root && descendantsNamed(root, 'chart:chart')[0];
  if (chart) return chartTable(reader, chart);
  reader.found.objects.push(frame.attributes['draw:name'] || href.replace(/^\.\//, '') || 'object');
  return described(frame);
}

/** The formula in StarMath as the person typed it, else the letters of the MathML. */
function formula(math: XmlElement): string {
  const typed = everyElement(math).find(
    ({ name, attributes }) => /(^|:)annotation$/.test(name) && /starmath/i.test(attributes.encoding ?? ''),
  );
  return textOf(typed ?? math)
    .replace(/\s+/g, ' ')
    .trim();
}

function everyElement(root: XmlElement): XmlElement[] {
  return elements(root).flatMap((child) => [child, ...everyElement(child)]);
}

function chartTable(reader: DrawingHost, chart: XmlElement): string {
  const title = childrenNamed(chart, 'chart:title').map(textOf).join(' ').trim();
  const table = childNamed(chart, 'table:table');
  return [`[Chart${title === '' ? '' : `: ${title}`}]`, table ? reader.table(table) : ''].filter(Boolean).join('\n');
}
