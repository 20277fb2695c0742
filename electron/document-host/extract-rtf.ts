/** RTF, read by a reader of our own: no kept library on npm reads its tables, footnotes, comments and list numbers. */
import type { ParsedDocument } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';
import type { ExtractContext } from './extract-context.ts';
import { markdownSections } from './markdown-sections.ts';
import { RtfReader } from './rtf-reader.ts';
import { TextBuilder } from './text-builder.ts';

export function extractRtf({ source, limits, notes }: ExtractContext): ParsedDocument {
  const rtf = Buffer.from(source.readAll()).toString('latin1');
  const reader = new RtfReader();
  reader.read(rtf, source.name);
  const body = reader.main.finish();
  const margin = (label: string, texts: readonly string[]): string[] =>
    [...new Set(texts)].map((text) => `[${label}: ${text.replace(/\n+/g, ' ')}]`);
  const markdown = [...margin('Header', reader.headers), ...body, ...margin('Footer', reader.footers)].join('\n\n');
  if (markdown.trim() === '') throw new AppError('DOC_EMPTY', `${source.name} holds no text.`);
  const heading = markdownSections(markdown).find((section) => section.heading)?.heading;
  const title = reader.title || heading || source.stem;
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  builder.addSections(title, markdown);
  reader.found.tell(notes);
  return builder.finish(title, 'rtf', notes);
}
