/** One file to one document, in this process. The host calls it; nobody else should, for a file may hang or eat memory. */
import type { DocumentLimits, ParseChoice, ParsedDocument } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';
import type { ExtractContext } from './extract-context.ts';
import { extractMarkdown, extractText } from './extract-text.ts';
import { ImportNotes } from './import-notes.ts';
import { misnamed, sniffFormat } from './sniff-format.ts';
import { SourceFile } from './source-file.ts';
import { GuardedZip } from './zip-guard.ts';

export interface ParseOptions {
  limits: DocumentLimits;
  choice: ParseChoice;
  password?: string | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
}

export async function parseFile(path: string, options: ParseOptions): Promise<ParsedDocument> {
  const { limits, choice, password, onProgress } = options;
  const source = new SourceFile(path, limits.maxInputBytes);
  try {
    const notes = new ImportNotes();
    return await extract({ source, limits, choice, password, notes, onProgress: onProgress ?? (() => {}) });
  } catch (error) {
    if (error instanceof AppError) throw error;
    // A parser tripped over the file: deep nesting (RangeError), a wasm trap, or plain nonsense in it.
    throw new AppError(
      'DOC_FORMAT',
      `${source.name} is damaged or built in an unusual way and cannot be read. Save it anew and try again.`,
      {
        cause: error,
      },
    );
  } finally {
    source.close();
  }
}

/** Parsers are loaded when their format turns up: a text file should not wait for PDFium. */
async function extract(context: ExtractContext): Promise<ParsedDocument> {
  const format = sniffFormat(context.source, context.notes);
  switch (format) {
    case 'txt':
      return extractText(context);
    case 'md':
      return extractMarkdown(context);
    case 'html':
      return (await import('./extract-html.ts')).extractHtml(context);
    case 'pdf':
      return (await import('./extract-pdf.ts')).extractPdf(context);
    default:
      return extractZip(context);
  }
}

async function extractZip(context: ExtractContext): Promise<ParsedDocument> {
  const { name, extension } = context.source;
  const zip = new GuardedZip(context.source.readAll(), name);
  const isDocx = zip.has('word/document.xml') || (extension === 'docx' && zip.has('[Content_Types].xml'));
  const isEpub = !isDocx && zip.has('META-INF/container.xml');
  if (!isDocx && !isEpub) {
    const office = zip.names.some((part) => /^(xl|ppt)\//.test(part)) || zip.has('content.xml');
    throw new AppError(
      'DOC_FORMAT',
      office
        ? `${name} is a spreadsheet, a presentation or an OpenDocument file. Save it as PDF and open that.`
        : `${name} is an archive, not a document. Unpack it and open the files inside.`,
    );
  }
  const expected = isDocx ? 'docx' : 'epub';
  if (extension !== expected && extension !== '') {
    context.notes.add(misnamed(extension, isDocx ? 'a DOCX document' : 'an EPUB book'));
  }
  return isDocx
    ? (await import('./extract-docx.ts')).extractDocx(context, zip)
    : (await import('./extract-epub.ts')).extractEpub(context, zip);
}
