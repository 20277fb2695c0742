/** PowerPoint presentations: one span for each slide with its title, text, tables, charts, alternative texts, notes and comments. */
import type { ParsedDocument } from '../contract/documents.ts';
import { DocxPackage } from './docx-package.ts';
import type { ExtractContext } from './extract-context.ts';
import { SlideReader } from './pptx-shapes.ts';
import { RepeatedTexts } from './repeated-texts.ts';
import { SlideNotes } from './slide-notes.ts';
import { TextBuilder } from './text-builder.ts';
import { oneLine } from './wording.ts';
import { childNamed, childrenNamed, descendantsNamed, textOf } from './xml-tree.ts';
import type { GuardedZip } from './zip-guard.ts';

export function extractPptx(context: ExtractContext, zip: GuardedZip): ParsedDocument {
  const { source, limits, notes } = context;
  const files = new DocxPackage(zip);
  const main = files.has('ppt/presentation.xml') ? 'ppt/presentation.xml' : files.mainPart;
  const authors = commentAuthors(files, main);
  const found = new SlideNotes();
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  const slides = childrenNamed(childNamed(files.xml(main), 'p:sldIdLst'), 'p:sldId');
  const once = new RepeatedTexts();
  let firstTitle = '';
  for (const [i, { attributes }] of slides.entries()) {
    context.onProgress(i, slides.length);
    const number = i + 1;
    const part = files.relations(main).get(attributes['r:id'] ?? '')?.part ?? '';
    if (!files.has(part)) {
      found.missing.push(number);
      builder.addPage(`${number}`, '');
      continue;
    }
    const slide = files.xml(part);
    if (isOff(slide.attributes.show)) found.hidden.push(number);
    const { title, blocks, repeated } = new SlideReader(files, part, found).read(slide);
    if (number === 1) firstTitle = title;
    blocks.push(...once.withoutSeen([...repeated, ...textsBehind(files, part, slide, found)]));
    const slideNotes = speakerNotes(files, part, found);
    if (slideNotes.text !== '') blocks.push(`Notes: ${slideNotes.text}`);
    blocks.push(...once.withoutSeen(slideNotes.repeated));
    blocks.push(...comments(files, part, authors, found));
    const heading = title === '' ? [] : [`# ${title.replace(/\s*\n\s*/g, ' ')}`];
    builder.addPage(title === '' ? `${number}` : `${number}: ${oneLine(title)}`, [...heading, ...blocks].join('\n\n'));
  }
  found.addTo(notes);
  return builder.finish(coreTitle(files) || firstTitle || source.stem, 'pptx', notes);
}

function speakerNotes(files: DocxPackage, slide: string, found: SlideNotes): { text: string; repeated: string[] } {
  const part = files.related(slide, 'notesSlide');
  if (part === undefined) return { text: '', repeated: [] };
  const { blocks, repeated } = new SlideReader(files, part, found, 'notes').read(files.xml(part));
  return { text: blocks.join('\n\n').trim(), repeated };
}

/** Texts of the slide's layout and master, unless the slide hides them. */
function textsBehind(files: DocxPackage, slide: string, root: Element, found: SlideNotes): string[] {
  const layout = isOff(root.attributes.showMasterSp) ? undefined : files.related(slide, 'slideLayout');
  if (layout === undefined) return [];
  const behind = (part: string): string[] => new SlideReader(files, part, found, 'layout').read(files.xml(part)).blocks;
  const master = isOff(files.xml(layout).attributes.showMasterSp) ? undefined : files.related(layout, 'slideMaster');
  return [...behind(layout), ...(master === undefined ? [] : behind(master))];
}

function isOff(value: string | undefined): boolean {
  return value === '0' || value === 'false';
}

/** Old comments have their text in <p:text>, newer ones in a text body, with their replies inside. */
function comments(
  files: DocxPackage,
  slide: string,
  authors: ReadonlyMap<string, string>,
  found: SlideNotes,
): string[] {
  const texts: string[] = [];
  for (const { kind, part } of files.relations(slide).values()) {
    if (kind !== 'comments' || !files.has(part)) continue;
    for (const { name, attributes, children } of everyElement(files.xml(part))) {
      if (!/(^|:)(cm|reply)$/.test(name)) continue;
      const own = children.filter((child) => typeof child !== 'string' && !/(^|:)replyLst$/.test(child.name));
      const text = own
        .flatMap((child) => (typeof child === 'string' ? [] : [child, ...everyElement(child)]))
        .filter((element) => element.name === 'p:text' || element.name === 'a:t')
        .map(textOf)
        .join('')
        .trim();
      if (text === '') continue;
      const author = authors.get(attributes.authorId ?? '');
      texts.push(`[Comment${author ? ` by ${author}` : ''}: ${text}]`);
      found.comments++;
    }
  }
  return texts;
}

type Element = ReturnType<DocxPackage['xml']>;

function everyElement(root: Element): Element[] {
  return root.children.flatMap((child) => (typeof child === 'string' ? [] : [child, ...everyElement(child)]));
}

function commentAuthors(files: DocxPackage, main: string): Map<string, string> {
  const authors = new Map<string, string>();
  for (const { kind, part } of files.relations(main).values()) {
    if (!/^(commentAuthors|authors)$/.test(kind) || !files.has(part)) continue;
    for (const { attributes } of everyElement(files.xml(part))) {
      if (attributes.id !== undefined && attributes.name) authors.set(attributes.id, attributes.name);
    }
  }
  return authors;
}

function coreTitle(files: DocxPackage): string {
  const part = files.related('', 'core-properties') ?? 'docProps/core.xml';
  if (!files.has(part)) return '';
  const title = descendantsNamed(files.xml(part), 'dc:title').map(textOf).join(' ').trim();
  // PowerPoint's own titles for a presentation without a name count as none.
  return /^(powerpoint[ -]pr|pr[äe]sentation\d*$|slide 1$)/i.test(title) ? '' : title;
}
