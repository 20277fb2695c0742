/** Plain text (one span for each page between form feeds) and Markdown (one for each heading). The text is not changed. */
import type { ParsedDocument } from '../contract/documents.ts';
import { decodeText } from './decode-text.ts';
import type { ExtractContext } from './extract-context.ts';
import { markdownSections } from './markdown-sections.ts';
import { withoutNonText } from './plain-text.ts';
import { TextBuilder } from './text-builder.ts';

export function extractText({ source, limits, notes }: ExtractContext): ParsedDocument {
  const text = withoutNonText(decodeText(source.readAll(), source.name, notes), notes);
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  const pages = text.split('\f');
  if (pages.at(-1)?.trim() === '') pages.pop(); // a form feed ends a page: after the last one there is no further page
  for (const [i, page] of pages.entries()) {
    // A form feed between two pages becomes a line end, which belongs to the first of them.
    builder.addPiece(`${i + 1}`, i < pages.length - 1 ? `${page}\n` : page);
  }
  return builder.finish(source.stem, 'txt', notes);
}

export async function extractMarkdown({ source, limits, notes }: ExtractContext): Promise<ParsedDocument> {
  const written = decodeText(source.readAll(), source.name, notes);
  // The HTML reader is loaded only if the text may have HTML.
  const isPlain = !/<|data:/i.test(written);
  const text = withoutNonText(
    isPlain ? written : (await import('./markdown-html.ts')).plainMarkdown(written, notes),
    notes,
  );
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  builder.addSections(source.stem, text);
  const title =
    frontMatterTitle(text) ?? markdownSections(text.slice(0, 100_000)).find(({ heading }) => heading)?.heading;
  return builder.finish(title ?? source.stem, 'md', notes);
}

/** The title in the front matter between "---" (YAML) or "+++" (TOML) at the very beginning, which stays in the text. */
function frontMatterTitle(text: string): string | undefined {
  const [, mark, front] = /^\uFEFF?(---|\+\+\+)[ \t]*\r?\n([\s\S]{0,20000}?)\r?\n\1[ \t]*(?:\r?\n|$)/.exec(text) ?? [];
  if (front === undefined) return undefined;
  const line = mark === '---' ? /^title:[ \t]*(.+)$/m.exec(front) : /^title[ \t]*=[ \t]*(.+)$/m.exec(front);
  const title = line?.[1]?.trim().replace(/^(["'])(.*)\1$/, '$2');
  return title && !/^[|>]/.test(title) ? title : undefined;
}
