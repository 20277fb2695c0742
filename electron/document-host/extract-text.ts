/** Plain text (one span per form feed page) and Markdown (one span per heading). What is text stays as it is. */
import type { ParsedDocument } from '../contract/documents.ts';
import { decodeText } from './decode-text.ts';
import type { ExtractContext } from './extract-context.ts';
import { markdownSections } from './markdown-sections.ts';
import { withoutDebris } from './plain-text.ts';
import { TextBuilder } from './text-builder.ts';

export function extractText({ source, limits, notes }: ExtractContext): ParsedDocument {
  const text = withoutDebris(decodeText(source.readAll(), source.name, notes), notes);
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  const pages = text.split('\f');
  if (pages.at(-1)?.trim() === '') pages.pop(); // a form feed ends a page: nothing follows the last one
  for (const [i, page] of pages.entries()) {
    // Between two pages the form feed becomes a line end, which belongs to the page it ended.
    builder.addPiece(`${i + 1}`, i < pages.length - 1 ? `${page}\n` : page);
  }
  return builder.finish(source.stem, 'txt', notes);
}

export async function extractMarkdown({ source, limits, notes }: ExtractContext): Promise<ParsedDocument> {
  const written = decodeText(source.readAll(), source.name, notes);
  // What reads HTML is loaded only where there may be some.
  const isPlain = !/<|data:/i.test(written);
  const text = withoutDebris(
    isPlain ? written : (await import('./markdown-html.ts')).plainMarkdown(written, notes),
    notes,
  );
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  builder.addSections(source.stem, text);
  const title =
    frontMatterTitle(text) ?? markdownSections(text.slice(0, 100_000)).find(({ heading }) => heading)?.heading;
  return builder.finish(title ?? source.stem, 'md', notes);
}

/** "title: ..." between the "---" (YAML) or "+++" (TOML) at the very start. The lines stay in the text. */
function frontMatterTitle(text: string): string | undefined {
  const [, mark, front] = /^\uFEFF?(---|\+\+\+)[ \t]*\r?\n([\s\S]{0,20000}?)\r?\n\1[ \t]*(?:\r?\n|$)/.exec(text) ?? [];
  if (front === undefined) return undefined;
  const line = mark === '---' ? /^title:[ \t]*(.+)$/m.exec(front) : /^title[ \t]*=[ \t]*(.+)$/m.exec(front);
  const title = line?.[1]?.trim().replace(/^(["'])(.*)\1$/, '$2');
  return title && !/^[|>]/.test(title) ? title : undefined;
}
