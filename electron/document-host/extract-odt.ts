/**
 * OpenDocument texts (LibreOffice Writer), read from their XML: no maintained library reads their numbering, notes, changes and comments.
 */
import type { ParsedDocument } from '../contract/documents.ts';
import type { ExtractContext } from './extract-context.ts';
import { markdownSections } from './markdown-sections.ts';
import type { OdfPackage } from './odf-package.ts';
import { OdfStyles } from './odf-styles.ts';
import { OdfText } from './odf-text.ts';
import { TextBuilder } from './text-builder.ts';
import { WriterNotes } from './writer-notes.ts';
import { descendantsNamed } from './xml-tree.ts';

export function extractOdt({ source, limits, notes }: ExtractContext, files: OdfPackage): ParsedDocument {
  const found = new WriterNotes();
  const reader = new OdfText(files, new OdfStyles(files), found);
  const body = reader.blocks(files.body('office:text'));
  const [headers, footers] = (['header', 'footer'] as const).map((kind) => margins(reader, files, kind));
  const markdown = [...(headers ?? []), ...body, ...(footers ?? [])].join('\n\n');
  const heading = markdownSections(markdown).find((section) => section.heading)?.heading;
  const title = files.title() || heading || source.stem;
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  builder.addSections(title, markdown);
  found.addTo(notes);
  return builder.finish(title, 'odt', notes);
}

/** Headers or footers of all page styles, each text once. */
function margins(reader: OdfText, files: OdfPackage, kind: 'header' | 'footer'): string[] {
  const texts = descendantsNamed(files.styles, 'style:master-page')
    .flatMap(({ children }) => children)
    .flatMap((child) => (typeof child !== 'string' && child.name.startsWith(`style:${kind}`) ? [child] : []))
    .filter(({ attributes }) => attributes['style:display'] !== 'false')
    .map((margin) => reader.line(margin).replace(/\s*\n\s*/g, ' '));
  const label = kind === 'header' ? 'Header' : 'Footer';
  return [...new Set(texts)].filter((text) => text !== '').map((text) => `[${label}: ${text}]`);
}
