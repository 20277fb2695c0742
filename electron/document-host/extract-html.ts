/** A saved web page: its text as Markdown, one span per heading. */
import type { ParsedDocument } from '../contract/documents.ts';
import { decodeText } from './decode-text.ts';
import type { ExtractContext } from './extract-context.ts';
import { htmlToMarkdown } from './html-to-markdown.ts';
import { markdownSections } from './markdown-sections.ts';
import { TextBuilder } from './text-builder.ts';

export function extractHtml({ source, limits, notes }: ExtractContext): ParsedDocument {
  const bytes = source.readAll();
  const text = decodeText(bytes, source.name, notes, declaredEncoding(bytes));
  const { title, markdown } = htmlToMarkdown(text, 'html');
  const heading = markdownSections(markdown).find((section) => section.heading)?.heading;
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  const name = title || heading || source.stem;
  builder.addSections(name, markdown);
  return builder.finish(name, 'html', notes);
}

/** HTML 4 and 5 and XHTML: the first 4 KB name the encoding, in ASCII. */
export function declaredEncoding(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(4096, bytes.length)).toString('latin1');
  return /<meta[^>]{0,200}charset\s*=\s*["']?([\w:.-]+)|<\?xml[^>]{0,200}encoding\s*=\s*["']([\w:.-]+)/i
    .exec(head)
    ?.slice(1)
    .find(Boolean);
}
