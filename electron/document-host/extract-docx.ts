/**
 * DOCX through mammoth (structure to HTML), then Markdown. mammoth is handed a new archive made of the checked XML parts
 * only: it can meet neither a bomb nor a picture nor a document type declaration.
 */
import { type Zippable, zipSync } from 'fflate';
import mammoth from 'mammoth';
import type { ParsedDocument } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';
import type { ExtractContext } from './extract-context.ts';
import { htmlToMarkdown } from './html-to-markdown.ts';
import { markdownSections } from './markdown-sections.ts';
import { TextBuilder } from './text-builder.ts';
import { readXml, withoutNamedEntities } from './xml-guard.ts';
import type { GuardedZip } from './zip-guard.ts';

export async function extractDocx({ source, limits, notes }: ExtractContext, zip: GuardedZip): Promise<ParsedDocument> {
  const html = await documentHtml(zip, source.name);
  const { markdown } = htmlToMarkdown(html, 'html');
  const sections = markdownSections(markdown);
  const title = coreTitle(zip) || sections.find(({ heading }) => heading)?.heading || source.stem;
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  builder.addSections(title, markdown);
  return builder.finish(title, 'docx', notes);
}

async function documentHtml(zip: GuardedZip, name: string): Promise<string> {
  const parts: Zippable = {};
  for (const part of zip.names) {
    if (/\.(xml|rels)$/i.test(part)) parts[part] = Buffer.from(withoutNamedEntities(readXml(zip.read(part))));
  }
  try {
    const { value } = await mammoth.convertToHtml(
      { buffer: Buffer.from(zipSync(parts, { level: 0 })) },
      {
        externalFileAccess: false,
        includeEmbeddedStyleMap: false, // the document does not decide how it is read
        // The picture itself is never read; mammoth adds its description as `alt`.
        convertImage: mammoth.images.imgElement(async () => ({ src: '' })),
      },
    );
    return value;
  } catch (error) {
    throw new AppError(
      'DOC_FORMAT',
      `${name} is a damaged DOCX file and cannot be read. Open it in Word and save it anew.`,
      {
        cause: error,
      },
    );
  }
}

function coreTitle(zip: GuardedZip): string {
  if (!zip.has('docProps/core.xml')) return '';
  const title = /<dc:title[^>]*>([^<]*)<\/dc:title>/.exec(readXml(zip.read('docProps/core.xml')))?.[1] ?? '';
  return title.replace(/&(amp|lt|gt|quot|apos);/g, (entity) => xmlEntities[entity] ?? entity).trim();
}

const xmlEntities: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'" };
