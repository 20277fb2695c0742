/** Plain text (one span per form feed page) and Markdown (one span per heading). The text stays as it is. */
import type { ParsedDocument } from '../contract/documents.ts';
import { decodeText } from './decode-text.ts';
import type { ExtractContext } from './extract-context.ts';
import { markdownSections } from './markdown-sections.ts';
import { TextBuilder } from './text-builder.ts';

export function extractText({ source, limits, notes }: ExtractContext): ParsedDocument {
  const text = decodeText(source.readAll(), source.name, notes);
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  const pages = text.split('\f');
  if (pages.at(-1)?.trim() === '') pages.pop(); // a form feed ends a page: nothing follows the last one
  for (const [i, page] of pages.entries()) {
    // Between two pages the form feed becomes a line end, which belongs to the page it ended.
    builder.addPiece(`${i + 1}`, i < pages.length - 1 ? `${page}\n` : page);
  }
  return builder.finish(source.stem, 'txt', notes);
}

export function extractMarkdown({ source, limits, notes }: ExtractContext): ParsedDocument {
  const text = decodeText(source.readAll(), source.name, notes);
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  builder.addSections(source.stem, text);
  const firstHeading = markdownSections(text.slice(0, 100_000)).find(({ heading }) => heading)?.heading;
  return builder.finish(firstHeading ?? source.stem, 'md', notes);
}
