/** A saved web page: its text as Markdown, one span per heading. Its navigation is left out unless the whole page is asked for. */
import type { ParsedDocument } from '../contract/documents.ts';
import { declaredEncoding, decodeText } from './decode-text.ts';
import type { ExtractContext } from './extract-context.ts';
import { removeBoilerplate } from './html-boilerplate.ts';
import { htmlToMarkdown } from './html-to-markdown.ts';
import { markdownSections } from './markdown-sections.ts';
import { addPageNotes } from './page-notes.ts';
import { TextBuilder } from './text-builder.ts';

export function extractHtml({ source, limits, notes, choice }: ExtractContext): ParsedDocument {
  const bytes = source.readAll();
  const text = decodeText(bytes, source.name, notes, declaredEncoding(bytes));
  const page = htmlToMarkdown(text, 'html', choice.wholePage ? {} : { removeBoilerplate });
  const { title, markdown } = page;
  const heading = markdownSections(markdown).find((section) => section.heading)?.heading;
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  const name = title || heading || source.stem;
  builder.addSections(name, markdown);
  addPageNotes(notes, [page]);
  return builder.finish(name, 'html', notes);
}
