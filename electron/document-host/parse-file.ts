/** One file to one document, in this process. The host calls it; nobody else should, for a file may hang or eat memory. */
import { type DocumentFormat, documentKinds } from '../contract/document-kinds.ts';
import type { DocumentLimits, ParseChoice, ParsedDocument, ParseStep } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';
import type { ExtractContext } from './extract-context.ts';
import { extractCode, extractTex } from './extract-source.ts';
import { extractMarkdown, extractText } from './extract-text.ts';
import { ImportNotes } from './import-notes.ts';
import { expected, sniffFormat, withArticle } from './sniff-format.ts';
import { SourceFile } from './source-file.ts';
import { cannotRead } from './unreadable-kinds.ts';
import { zipFormat } from './zip-format.ts';
import { GuardedZip } from './zip-guard.ts';

export interface ParseOptions {
  limits: DocumentLimits;
  choice: ParseChoice;
  password?: string | undefined;
  languageFolder?: string | undefined;
  onProgress?: ((done: number, total: number, step: ParseStep) => void) | undefined;
}

export async function parseFile(path: string, options: ParseOptions): Promise<ParsedDocument> {
  const { limits, choice, password, languageFolder } = options;
  const onProgress = (done: number, total: number, step: ParseStep = 'reading') =>
    options.onProgress?.(done, total, step);
  const source = new SourceFile(path, limits.maxInputBytes);
  try {
    return await extract({ source, limits, choice, password, languageFolder, notes: new ImportNotes(), onProgress });
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

type Reader = (context: ExtractContext) => Promise<ParsedDocument> | ParsedDocument;

/** Parsers are loaded when their format turns up: a text file should not wait for PDFium. */
async function extract(context: ExtractContext): Promise<ParsedDocument> {
  const { source, notes } = context;
  const sniffed = sniffFormat(source, notes);
  if (sniffed !== 'zip') return readers[sniffed](context);
  const zip = new GuardedZip(source.readAll(), source.name);
  const format = expected(zipFormat(zip, source), source, notes);
  switch (format) {
    case 'docx':
      return (await import('./extract-docx.ts')).extractDocx(context, zip);
    case 'epub':
      return (await import('./extract-epub.ts')).extractEpub(context, zip);
    default:
      throw cannotRead(source.name, withArticle(documentKinds[format].name), 'Save it as PDF and open that.');
  }
}

const readers: Record<DocumentFormat, Reader> = {
  txt: extractText,
  md: extractMarkdown,
  html: async (context) => (await import('./extract-html.ts')).extractHtml(context),
  pdf: async (context) => (await import('./extract-pdf.ts')).extractPdf(context),
  picture: async (context) => (await import('./extract-picture.ts')).extractPicture(context),
  csv: async (context) => (await import('./extract-csv.ts')).extractCsv(context),
  tex: extractTex,
  code: extractCode,
  ipynb: async (context) => (await import('./extract-ipynb.ts')).extractIpynb(context),
  eml: async (context) => (await import('./extract-eml.ts')).extractEml(context),
  rtf: notYet,
  odt: notYet,
  odp: notYet,
  ods: notYet,
  docx: notYet,
  epub: notYet,
  pptx: notYet,
  xlsx: notYet,
};

function notYet({ source }: ExtractContext): never {
  throw cannotRead(source.name, 'a document of a kind', 'Save it as PDF and open that.');
}
