/** Opens files from the command line as one document, with progress, then prints its receipt and its notes, one on each line. */
import {
  defaultParseChoice,
  type ParsedDocument,
  type PartialParseChoice,
  parseChoiceSchema,
} from '../contract/documents.ts';
import { receiptLine } from '../contract/receipt.ts';
import { parseDocuments } from '../document-host/document-client.ts';
import { type Arguments, type Flags, usageError } from './arguments.ts';
import type { ProgressLine } from './progress-line.ts';

/** Flags of every command that opens documents. */
export const documentFlags: Flags = {
  password: { value: '<text>', help: 'of an encrypted PDF' },
  ocr: { help: 'recognise the text of scanned pages and pictures' },
  'ocr-languages': {
    value: '<l,...>',
    help: "languages of the recognition, as Tesseract's data name them (default eng)",
  },
  'ocr-folder': { value: '<folder>', help: 'where <language>.traineddata (or .gz) of further languages lie' },
  'whole-page': { help: 'of a saved web page everything, not the article alone' },
};

export interface DocumentChoice {
  password?: string | undefined;
  choice: PartialParseChoice;
  languageFolder?: string | undefined;
}

export function documentChoice(args: Arguments): DocumentChoice {
  const languages = args.list('ocr-languages') ?? defaultParseChoice.languages;
  const wrong = parseChoiceSchema.shape.languages.safeParse(languages).error;
  if (wrong)
    throw usageError(
      `--ocr-languages needs names like eng,deu,chi_sim, eight at the most, not "${languages.join(',')}".`,
    );
  return {
    password: args.text('password'),
    choice: {
      recognise: args.has('ocr') ? 'pages-without-text' : 'never',
      languages,
      wholePage: args.has('whole-page'),
    },
    languageFolder: args.text('ocr-folder'),
  };
}

export async function openDocuments(
  files: readonly string[],
  progress: ProgressLine,
  signal: AbortSignal,
  { password, choice, languageFolder }: DocumentChoice,
): Promise<ParsedDocument> {
  const document = await parseDocuments(files, {
    signal,
    choice,
    languageFolder,
    onProgress: ({ step, done, total, path }) => {
      if (total > 1 || step === 'recognising')
        progress.show(`${step === 'recognising' ? 'Recognising' : 'Opening'} ${path}`, { done, total, unit: 'pages' });
    },
    ...(password === undefined ? {} : { passwords: new Map(files.map((file) => [file, password])) }),
  });
  progress.clear();
  progress.print(receiptLine(document));
  for (const { sentence } of document.notes) progress.print(`Note: ${sentence}`);
  return document;
}

/** Separates files and questions: the question is the last argument unless --question gives it. */
export function splitPositionals(
  positionals: readonly string[],
  questions: readonly string[],
): { files: string[]; questions: string[] } {
  if (questions.length > 0) return { files: [...positionals], questions: [...questions] };
  return { files: positionals.slice(0, -1), questions: positionals.slice(-1) };
}
