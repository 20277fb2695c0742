/**
 * Reads DOCX from its XML. The library mammoth loses the numbers of clauses, tracked changes, fields, equations, headers, the places of
 * comments and merged cells, and has no hook for most of them; no other maintained library reads them all either. The zip guard checks the
 * parts, their document type declarations are removed, and they refer only to each other: nothing outside the file is read.
 */
import type { ParsedDocument } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';
import { readChunks } from './docx-chunks.ts';
import { DocxPackage } from './docx-package.ts';
import { DocxShared } from './docx-shared.ts';
import { StoryReader } from './docx-story.ts';
import type { ExtractContext } from './extract-context.ts';
import type { ImportNotes } from './import-notes.ts';
import { markdownSections } from './markdown-sections.ts';
import { TextBuilder } from './text-builder.ts';
import { childNamed, elements, textOf, type XmlElement } from './xml-tree.ts';
import type { GuardedZip } from './zip-guard.ts';

export async function extractDocx({ source, limits, notes }: ExtractContext, zip: GuardedZip): Promise<ParsedDocument> {
  const files = new DocxPackage(zip);
  const markdown = await docxMarkdown(files, source.name, notes, 0);
  const heading = markdownSections(markdown).find((section) => section.heading)?.heading;
  const title = coreTitle(files) || heading || source.stem;
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  builder.addSections(title, markdown);
  return builder.finish(title, 'docx', notes);
}

/** `depth`: how many documents this one is inside of. */
async function docxMarkdown(files: DocxPackage, name: string, notes: ImportNotes, depth: number): Promise<string> {
  const shared = new DocxShared(files, notes);
  const part = files.mainPart;
  const chunks = await readChunks(files, notes, depth, docxMarkdown);
  const chunk = (id: string): string => {
    const {
      name: chunkName,
      text,
      why,
    } = chunks.get(id) ?? { name: 'altChunk', text: '', why: 'it is not in the file' };
    if (why !== '') shared.leftOut(chunkName, why);
    return text;
  };
  const margins = new Margins();
  const story = new StoryReader(shared, { part, chunk, section: (properties) => margins.add(properties) });
  try {
    // Block by block, so that the tree of a long text is never in memory.
    files.xml(part, { parent: 'w:body', onChild: (element) => story.block(element) });
  } catch (error) {
    if (error instanceof AppError) throw error;
    const sentence = `${name} is a damaged DOCX file and cannot be read. Open it in Word and save it anew.`;
    throw new AppError('DOC_FORMAT', sentence, { cause: error });
  }
  const text = story.finish();
  const margin = (kind: 'header' | 'footer', label: string): string[] => {
    const texts = margins.ids(kind).map((id) => marginText(shared, files.relations(part).get(id)?.part ?? '', chunk));
    return [...new Set(texts)].filter((line) => line !== '').map((line) => `[${label}: ${line}]`);
  };
  const left = [...shared.comments.keys()].map((id) => story.comment(id)).filter((line) => line !== '');
  const all = [...margin('header', 'Header'), text, ...left, ...margin('footer', 'Footer')];
  shared.addNotes();
  return all.filter((block) => block !== '').join('\n\n');
}

/** The headers and footers that the sections name, each once. */
class Margins {
  readonly #ids = { header: new Set<string>(), footer: new Set<string>() };

  add(section: XmlElement): void {
    for (const { name, attributes } of elements(section)) {
      const id = attributes['r:id'];
      if (id === undefined) continue;
      if (name === 'w:headerReference') this.#ids.header.add(id);
      else if (name === 'w:footerReference') this.#ids.footer.add(id);
    }
  }

  ids(kind: 'header' | 'footer'): string[] {
    return [...this.#ids[kind]];
  }
}

function marginText(shared: DocxShared, part: string, chunk: (id: string) => string): string {
  const root = shared.files.has(part) ? shared.part(part) : undefined;
  if (!root) return '';
  const reader = new StoryReader(shared, { part, chunk, leavesPagesOut: true });
  reader.read(root);
  return reader.finish().replace(/\n{2,}/g, '\n');
}

function coreTitle(files: DocxPackage): string {
  const part = files.related('', 'core-properties') ?? 'docProps/core.xml';
  if (!files.has(part)) return '';
  try {
    const title = childNamed(files.xml(part), 'dc:title');
    return title ? textOf(title).trim() : '';
  } catch {
    return ''; // a document without a readable title is read all the same
  }
}
