/** RTF with our own reader: no maintained library on npm reads its tables, footnotes, comments and list numbers. */
import type { ParsedDocument } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';
import type { ExtractContext } from './extract-context.ts';
import { markdownSections } from './markdown-sections.ts';
import { readRtf } from './rtf-text.ts';
import { TextBuilder } from './text-builder.ts';

export function extractRtf({ source, limits, notes }: ExtractContext): ParsedDocument {
  const { markdown, found, ...rtf } = readRtf(source.readAll(), source.name);
  if (markdown.trim() === '') throw new AppError('DOC_EMPTY', `${source.name} holds no text.`);
  const heading = markdownSections(markdown).find((section) => section.heading)?.heading;
  const title = rtf.title || heading || source.stem;
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  builder.addSections(title, markdown);
  found.addTo(notes);
  return builder.finish(title, 'rtf', notes);
}
