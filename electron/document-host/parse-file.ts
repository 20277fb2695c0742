/** Parses one file in this process. Only the document host calls it, because a file may make the parser hang or take too much memory. */
import type { DocumentLimits, ParseChoice, ParsedDocument, ParseStep } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';
import type { ExtractContext } from './extract-context.ts';
import { extractCode, extractTex } from './extract-source.ts';
import { extractMarkdown, extractText } from './extract-text.ts';
import { ImportNotes } from './import-notes.ts';
import { expected, type PlainFormat, sniffFormat } from './sniff-format.ts';
import { SourceFile } from './source-file.ts';
import { type ZipFormat, zipFormat } from './zip-format.ts';
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
    // The parser failed on the file: deep nesting (RangeError), a wasm trap, or invalid data.
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
type ZipReader = (context: ExtractContext, zip: GuardedZip) => Promise<ParsedDocument> | ParsedDocument;

/** Parsers are loaded when they are needed: a text file should not wait for PDFium. */
async function extract(context: ExtractContext): Promise<ParsedDocument> {
  const { source, notes } = context;
  const sniffed = sniffFormat(source, notes);
  if (sniffed !== 'zip') return readers[sniffed](context);
  const zip = new GuardedZip(source.readAll(), source.name);
  return zipReaders[expected(zipFormat(zip, source), source, notes)](context, zip);
}

const readers: Record<PlainFormat, Reader> = {
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
  rtf: async (context) => (await import('./extract-rtf.ts')).extractRtf(context),
  odt: (context) => openDocument('odt', context),
  odp: (context) => openDocument('odp', context),
  ods: (context) => openDocument('ods', context),
};

const zipReaders: Record<ZipFormat, ZipReader> = {
  docx: async (context, zip) => (await import('./extract-docx.ts')).extractDocx(context, zip),
  epub: async (context, zip) => (await import('./extract-epub.ts')).extractEpub(context, zip),
  pptx: async (context, zip) => (await import('./extract-pptx.ts')).extractPptx(context, zip),
  xlsx: async (context, zip) => (await import('./extract-xlsx.ts')).extractXlsx(context, zip),
  odt: (context, zip) => openDocument('odt', context, zip),
  odp: (context, zip) => openDocument('odp', context, zip),
  ods: (context, zip) => openDocument('ods', context, zip),
};

/** Without `zip` the file is one flat XML file. */
async function openDocument(
  format: 'odt' | 'odp' | 'ods',
  context: ExtractContext,
  zip?: GuardedZip,
): Promise<ParsedDocument> {
  const { OdfPackage } = await import('./odf-package.ts');
  const { source } = context;
  const files = zip ? OdfPackage.archive(zip, source.name) : OdfPackage.flat(source.readAll());
  switch (format) {
    case 'odt':
      return (await import('./extract-odt.ts')).extractOdt(context, files);
    case 'odp':
      return (await import('./extract-odp.ts')).extractOdp(context, files);
    case 'ods':
      return (await import('./extract-ods.ts')).extractOds(context, files);
  }
}
