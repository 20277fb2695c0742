/** OpenDocument presentations: one span for each slide, with its notes and comments. */
import type { ParsedDocument } from '../contract/documents.ts';
import type { ExtractContext } from './extract-context.ts';
import type { OdfPackage } from './odf-package.ts';
import { OdfStyles } from './odf-styles.ts';
import { OdfText } from './odf-text.ts';
import { RepeatedTexts } from './repeated-texts.ts';
import { SlideNotes } from './slide-notes.ts';
import { TextBuilder } from './text-builder.ts';
import { oneLine } from './wording.ts';
import { WriterNotes } from './writer-notes.ts';
import { childNamed, childrenNamed, descendantsNamed, elements, textOf, type XmlElement } from './xml-tree.ts';

/** Kinds of text that every slide repeats. */
const footerRoles = /^(date-time|footer|header|page-number)$/;

export function extractOdp(context: ExtractContext, files: OdfPackage): ParsedDocument {
  const { source, limits, notes } = context;
  const styles = new OdfStyles(files);
  const found = new WriterNotes();
  const hidden = new SlideNotes();
  const reader = new OdfText(files, styles, found);
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  const slides = childrenNamed(files.body('office:presentation'), 'draw:page');
  const once = new RepeatedTexts();
  let firstTitle = '';
  for (const [i, slide] of slides.entries()) {
    context.onProgress(i, slides.length);
    const style = slide.attributes['draw:style-name'];
    const visibility = 'style:drawing-page-properties';
    if (styles.property('drawing-page', style, visibility, 'presentation:visibility') === 'hidden')
      hidden.hidden.push(i + 1);
    const { title, blocks, repeated } = slideText(reader, slide);
    blocks.push(...once.withoutSeen([...repeated, ...declared(files, slide), ...textsBehind(files, reader, slide)]));
    if (i === 0) firstTitle = title;
    const label = title === '' ? `${i + 1}` : `${i + 1}: ${oneLine(title)}`;
    builder.addPage(label, [...(title === '' ? [] : [`# ${title}`]), ...blocks].join('\n\n'));
  }
  found.addTo(notes);
  hidden.addTo(notes);
  return builder.finish(files.title() || firstTitle || source.stem, 'odp', notes);
}

/** Header, footer and date that the slide shows: the file declares their text once, before the slides. */
function declared(files: OdfPackage, slide: XmlElement): string[] {
  const declarations = elements(files.body('office:presentation'));
  return ['header', 'footer', 'date-time'].flatMap((kind) => {
    const name = slide.attributes[`presentation:use-${kind}-name`];
    const declaration = declarations.find(
      (one) => one.name === `presentation:${kind}-decl` && one.attributes['presentation:name'] === name,
    );
    return declaration ? [textOf(declaration).trim()] : [];
  });
}

/** Texts of the slide's master, without its placeholders, which the slides fill. */
function textsBehind(files: OdfPackage, reader: OdfText, slide: XmlElement): string[] {
  const name = slide.attributes['draw:master-page-name'];
  const master = descendantsNamed(files.styles, 'style:master-page').find(
    ({ attributes }) => attributes['style:name'] === name,
  );
  return (master ? elements(master) : [])
    .filter((shape) => shape.name.startsWith('draw:') && !shape.attributes['presentation:class'])
    .filter((shape) => descendantsNamed(shape, 'text:p').length > 0)
    .flatMap((shape) => reader.drawing(shape));
}

function slideText(reader: OdfText, slide: XmlElement): { title: string; blocks: string[]; repeated: string[] } {
  let title = '';
  const blocks: string[] = [];
  const repeated: string[] = [];
  for (const shape of elements(slide)) {
    const role = shape.attributes['presentation:class'] ?? '';
    if (footerRoles.test(role)) {
      if (role !== 'page-number') repeated.push(...reader.drawing(shape));
      continue;
    }
    if (shape.attributes['presentation:placeholder'] === 'true') continue; // such as "Click to add text"
    if (shape.name === 'presentation:notes') {
      const noteTexts = elements(shape).flatMap((one) =>
        footerRoles.test(one.attributes['presentation:class'] ?? '') ||
        one.attributes['presentation:placeholder'] === 'true' ||
        one.name === 'draw:page-thumbnail'
          ? []
          : reader.drawing(one),
      );
      if (noteTexts.length > 0) blocks.push(`Notes: ${noteTexts.join('\n\n')}`);
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
  return { title, blocks, repeated };
}
