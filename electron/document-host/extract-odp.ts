/** OpenDocument presentations: a span per slide, with its notes and comments. */
import type { ParsedDocument } from '../contract/documents.ts';
import type { ExtractContext } from './extract-context.ts';
import type { OdfPackage } from './odf-package.ts';
import { OdfStyles } from './odf-styles.ts';
import { OdfText } from './odf-text.ts';
import { SlideNotes } from './slide-notes.ts';
import { TextBuilder } from './text-builder.ts';
import { oneLine } from './wording.ts';
import { WriterNotes } from './writer-notes.ts';
import { childNamed, childrenNamed, elements, textOf, type XmlElement } from './xml-tree.ts';

/** What every slide repeats, and the picture of the slide on its notes page. */
const furniture = /^(date-time|footer|header|page-number)$/;

export function extractOdp(context: ExtractContext, files: OdfPackage): ParsedDocument {
  const { source, limits, notes } = context;
  const styles = new OdfStyles(files);
  const found = new WriterNotes();
  const hidden = new SlideNotes();
  const reader = new OdfText(files, styles, found);
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  const slides = childrenNamed(files.body('office:presentation'), 'draw:page');
  let firstTitle = '';
  for (const [i, slide] of slides.entries()) {
    context.onProgress(i, slides.length);
    const style = slide.attributes['draw:style-name'];
    const visibility = 'style:drawing-page-properties';
    if (styles.property('drawing-page', style, visibility, 'presentation:visibility') === 'hidden')
      hidden.hidden.push(i + 1);
    const { title, blocks } = slideText(reader, slide);
    if (i === 0) firstTitle = title;
    const label = title === '' ? `${i + 1}` : `${i + 1}: ${oneLine(title)}`;
    builder.addPage(label, [...(title === '' ? [] : [`# ${title}`]), ...blocks].join('\n\n'));
  }
  found.tell(notes);
  hidden.tell(notes);
  return builder.finish(files.title() || firstTitle || source.stem, 'odp', notes);
}

function slideText(reader: OdfText, slide: XmlElement): { title: string; blocks: string[] } {
  let title = '';
  const blocks: string[] = [];
  for (const shape of elements(slide)) {
    const role = shape.attributes['presentation:class'] ?? '';
    if (furniture.test(role)) continue;
    if (shape.attributes['presentation:placeholder'] === 'true') continue; // "Click to add text"
    if (shape.name === 'presentation:notes') {
      const spoken = elements(shape).flatMap((one) =>
        furniture.test(one.attributes['presentation:class'] ?? '') ||
        one.attributes['presentation:placeholder'] === 'true' ||
        one.name === 'draw:page-thumbnail'
          ? []
          : reader.drawing(one),
      );
      if (spoken.length > 0) blocks.push(`Notes: ${spoken.join('\n\n')}`);
    } else if (shape.name === 'office:annotation' || shape.name === 'officeooo:annotation') {
      reader.found.comments++;
      const author = childNamed(shape, 'dc:creator');
      const words = childrenNamed(shape, 'text:p').map(textOf).join(' ').trim();
      blocks.push(`[Comment${author ? ` by ${textOf(author).trim()}` : ''}: ${words}]`);
    } else if (shape.name.startsWith('draw:')) {
      const texts = reader.drawing(shape);
      if (role === 'title' && title === '') title = texts.join(' ').replace(/\s*\n\s*/g, ' ');
      else blocks.push(...texts);
    }
  }
  return { title, blocks };
}
