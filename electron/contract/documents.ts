/**
 * What a parsed document is, and the messages between the document host (a killable child that parses one file) and the
 * process that started it. Text travels in chunks before the result, so that neither side handles one huge message.
 */
import { z } from 'zod';
import { documentFormats } from './document-kinds.ts';
import { advices } from './errors.ts';
import { importNoteSchema } from './import-note-schema.ts';
import { maxNotes } from './import-notes.ts';

export const documentFormatSchema = z.enum(documentFormats);

/** Most page spans a document may have; a PDF with more pages is refused, finer sections of other formats are merged. */
export const maxPageSpans = 100_000;

/** [start, end) in UTF-16 units of `ParsedDocument.text`. A page without text has start === end. */
export const pageSpanSchema = z.object({
  label: z.string().max(400),
  start: z.int().nonnegative(),
  end: z.int().nonnegative(),
  /** The page is a picture whose text was recognised; `confidence`: mean of its words, 0 to 1. */
  recognised: z.object({ confidence: z.number().min(0).max(1) }).optional(),
});
export type PageSpan = z.infer<typeof pageSpanSchema>;

const documentFields = {
  title: z.string().min(1).max(400),
  format: documentFormatSchema,
  // PDF: pages[i] is physical page i + 1, labelled as the PDF labels it. Others: one per heading, chapter, slide or stretch of a sheet.
  pages: z.array(pageSpanSchema).min(1).max(maxPageSpans),
  notes: z.array(importNoteSchema).max(maxNotes),
};

/** Spans cover the text: they start at 0, follow each other without a gap, and end at text.length. */
export function pagesCover(textLength: number, pages: readonly PageSpan[]): boolean {
  let at = 0;
  for (const page of pages) {
    if (page.start !== at || page.end < page.start) return false;
    at = page.end;
  }
  return pages.length > 0 && at === textLength;
}

export const parsedDocumentSchema = z
  .object({ ...documentFields, text: z.string() })
  .refine((document) => pagesCover(document.text.length, document.pages), {
    message: 'page spans do not cover the text',
  });
export type ParsedDocument = z.infer<typeof parsedDocumentSchema>;

export const documentLimitsSchema = z.object({
  baseMs: z.number().positive(), // wall time for one file ...
  perPageMs: z.number().nonnegative(), // ... plus this for each page, once the number of pages is known
  perRecognisedPageMs: z.number().nonnegative(), // ... plus this for each page whose picture is read
  maxRssBytes: z.number().positive(), // resident memory of the whole child
  maxHeapBytes: z.number().positive(), // V8's old space in the child
  maxInputBytes: z.number().positive(), // size of the file
  maxTextBytes: z.number().positive(), // extracted text as UTF-8
  maxPages: z.int().positive().max(maxPageSpans),
});
export type DocumentLimits = z.infer<typeof documentLimitsSchema>;

/** What a person may choose about the reading of a file. Another choice may give another text. */
export const parseChoiceSchema = z.strictObject({
  /** Text recognition (OCR) of pages without text. */
  recognise: z.enum(['never', 'pages-without-text']),
  /** Languages of the recognition, as Tesseract names them: 'eng', 'deu', 'chi_sim'. */
  languages: z
    .array(z.string().regex(/^[A-Za-z]{3}(_[A-Za-z]{1,12})?$/))
    .min(1)
    .max(8),
  /** A saved web page is read whole, not its article alone. */
  wholePage: z.boolean(),
});
export type ParseChoice = z.infer<typeof parseChoiceSchema>;
export const defaultParseChoice: ParseChoice = { recognise: 'never', languages: ['eng'], wholePage: false };

export const partialParseChoiceSchema = parseChoiceSchema.partial();
export type PartialParseChoice = z.infer<typeof partialParseChoiceSchema>;

/** The partial choice, completed by what was chosen before. */
export function completedChoice(before: ParseChoice, partial: PartialParseChoice | undefined): ParseChoice {
  return {
    recognise: partial?.recognise ?? before.recognise,
    languages: partial?.languages ?? before.languages,
    wholePage: partial?.wholePage ?? before.wholePage,
  };
}

/** Raised when the reader gives another text or other notes than before, so that documents of an older reader can be read anew. */
export const readerVersion = 1;

const MiB = 1024 * 1024;
export const defaultDocumentLimits: DocumentLimits = {
  baseMs: 60_000,
  perPageMs: 200,
  perRecognisedPageMs: 120_000,
  maxRssBytes: 1536 * MiB,
  maxHeapBytes: 1024 * MiB,
  maxInputBytes: 500 * MiB,
  maxTextBytes: 200 * MiB,
  maxPages: maxPageSpans,
};

/** Parent to child. One request per child. */
export const parseRequestSchema = z.object({
  type: z.literal('parse'),
  path: z.string().min(1),
  password: z.string().optional(),
  choice: parseChoiceSchema,
  /** The folder of the person's own `<language>.traineddata` for text recognition; English is built in. */
  languageFolder: z.string().optional(),
  limits: documentLimitsSchema,
});
export type ParseRequest = z.infer<typeof parseRequestSchema>;

export const parseStepSchema = z.enum(['reading', 'recognising']);
export type ParseStep = z.infer<typeof parseStepSchema>;

/** Progress in pages (PDF), chapters (EPUB) or one step (other formats); then in pages whose pictures are read. */
export const parseProgressSchema = z.object({
  type: z.literal('progress'),
  step: parseStepSchema,
  done: z.int().nonnegative(),
  total: z.int().positive(),
});

/** Child to parent: ready as soon as it listens; then progress*, text*, and exactly one result or error. */
export const hostMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  parseProgressSchema,
  z.object({ type: z.literal('text'), chunk: z.string() }),
  z.object({ type: z.literal('result'), ...documentFields }),
  z.object({
    type: z.literal('error'),
    code: z.string(),
    message: z.string().max(4000),
    advice: z.enum(advices).optional(),
  }),
]);
export type HostMessage = z.infer<typeof hostMessageSchema>;
