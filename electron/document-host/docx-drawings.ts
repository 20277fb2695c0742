/** What can be read in a drawing of a DOCX: text boxes, word art, the words of a diagram, the numbers of a chart. */
import type { DocxShared } from './docx-shared.ts';
import { childNamed, childrenNamed, descendantsNamed, elements, textOf, type XmlElement } from './xml-tree.ts';

export interface DrawingText {
  /** w:txbxContent elements, whose paragraphs are read like those of the text. */
  boxes: XmlElement[];
  /** Text that needs no further reading. */
  blocks: string[];
  pictures: number;
}

const mostPoints = 5000; // of a chart: with more it is not useful as a table

/** `part`: the part with the drawing, whose relations the ids refer to. */
export function readDrawing(shared: DocxShared, part: string, drawing: XmlElement): DrawingText {
  const found: DrawingText = { boxes: [], blocks: [], pictures: 0 };
  let described = false;
  const target = (id: string | undefined): string => shared.files.relations(part).get(id ?? '')?.part ?? '';
  const visit = (element: XmlElement): void => {
    const { name, attributes } = element;
    if (attributes.descr?.trim() || (name === 'v:shape' && attributes.alt?.trim())) described = true;
    switch (name) {
      case 'w:txbxContent':
        found.boxes.push(element);
        return;
      case 'mc:AlternateContent': {
        const before = found.boxes.length + found.blocks.length + found.pictures;
        for (const branch of elements(element)) {
          visit(branch);
          if (found.boxes.length + found.blocks.length + found.pictures > before) return;
        }
        return;
      }
      case 'pic:pic':
      case 'v:imagedata':
        found.pictures++;
        break;
      case 'v:textpath':
        if (attributes.string?.trim()) found.blocks.push(attributes.string.trim());
        break;
      case 'c:chart':
        addPart(shared, target(attributes['r:id']), chartText, found);
        return;
      case 'dgm:relIds':
        addPart(shared, target(attributes['r:dm']), diagramText, found);
        return;
      case 'o:OLEObject':
        embedded(shared, attributes.ProgID ?? '', target(attributes['r:id']));
        found.pictures = 0; // the picture before it is the object's preview
        return;
    }
    for (const child of elements(element)) visit(child);
  };
  visit(drawing);
  if (found.pictures > 0 && !described && found.boxes.length === 0) shared.count('pictures', found.pictures);
  return found;
}

function addPart(shared: DocxShared, name: string, read: (root: XmlElement) => string, found: DrawingText): void {
  const root = shared.files.has(name) ? shared.part(name) : undefined;
  const text = root ? read(root) : '';
  if (text !== '') found.blocks.push(text);
}

function embedded(shared: DocxShared, program: string, part: string): void {
  const what = program === '' ? 'of another program' : `of ${program}`;
  shared.leftOut(
    part === '' ? program || 'object' : part,
    `it is an embedded object ${what}. Open it there and save it by itself`,
  );
}

/** SmartArt: the text of its points in order; points of the layout have no text. */
export function diagramText(root: XmlElement): string {
  return descendantsNamed(root, 'dgm:pt')
    .map((point) => paragraphs(point).join(' '))
    .filter((text) => text !== '')
    .map((text) => `- ${text}`)
    .join('\n');
}

/** "[Chart: Sales]" and its numbers, one series a row. */
export function chartText(root: XmlElement): string {
  const chart = childNamed(root, 'c:chart') ?? root;
  const title = childNamed(chart, 'c:title');
  const name = title ? paragraphs(title).join(' ') || cached(title).join(' ') : '';
  const area = childNamed(chart, 'c:plotArea') ?? chart;
  const axes = elements(area)
    .map((axis) => childNamed(axis, 'c:title'))
    .map((axis) => (axis ? paragraphs(axis).join(' ') : ''))
    .filter((text) => text !== '');
  const series = elements(area).flatMap((group) => childrenNamed(group, 'c:ser'));
  const rows: string[][] = [];
  for (const [i, one] of series.entries()) {
    const categories = cached(childNamed(one, 'c:cat') ?? childNamed(one, 'c:xVal'));
    const values = cached(childNamed(one, 'c:val') ?? childNamed(one, 'c:yVal'));
    const label = cached(childNamed(one, 'c:tx')).join(' ') || `Series ${i + 1}`;
    const header = ['', ...categories];
    const same = rows.some((row) => row[0] === '' && row.join('\n') === header.join('\n'));
    if (categories.length > 0 && !same) rows.push(header);
    rows.push([label, ...values]);
  }
  const heading = `[Chart${name === '' ? '' : `: ${name}`}${axes.length > 0 ? `; axes: ${axes.join(', ')}` : ''}]`;
  return [heading, ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n');
}

/** The values with which the chart was drawn last, each at its index. */
function cached(element: XmlElement | undefined): string[] {
  if (!element) return [];
  const values: string[] = [];
  for (const point of descendantsNamed(element, 'c:pt').slice(0, mostPoints)) {
    const value = childNamed(point, 'c:v');
    const at = Number(point.attributes.idx);
    if (value && Number.isInteger(at) && at >= 0 && at < mostPoints) values[at] = textOf(value).trim();
  }
  const direct = childNamed(element, 'c:v');
  if (values.length === 0 && direct) return [textOf(direct).trim()];
  return Array.from(values, (value) => value ?? '');
}

function paragraphs(element: XmlElement): string[] {
  return descendantsNamed(element, 'a:p')
    .map((paragraph) => descendantsNamed(paragraph, 'a:t').map(textOf).join('').trim())
    .filter((text) => text !== '');
}
