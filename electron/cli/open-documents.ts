/** Files from the command line as one document, with progress; then its receipt and its notes, one a line. */
import type { ParsedDocument } from '../contract/documents.ts';
import { receiptLine } from '../contract/receipt.ts';
import { parseDocuments } from '../document-host/document-client.ts';
import type { Arguments, Flags } from './arguments.ts';
import type { ProgressLine } from './progress-line.ts';

/** Of every command that opens documents. */
export const documentFlags: Flags = {
  password: { value: '<text>', help: 'of an encrypted PDF' },
};

export interface DocumentChoice {
  password: string | undefined;
}

export function documentChoice(args: Arguments): DocumentChoice {
  return { password: args.text('password') };
}

export async function openDocuments(
  files: readonly string[],
  progress: ProgressLine,
  signal: AbortSignal,
  { password }: DocumentChoice,
): Promise<ParsedDocument> {
  const document = await parseDocuments(files, {
    signal,
    onProgress: ({ done, total, path }) => {
      if (total > 1) progress.show(`Opening ${path}`, { done, total, unit: 'pages' });
    },
    ...(password === undefined ? {} : { passwords: new Map(files.map((file) => [file, password])) }),
  });
  progress.clear();
  progress.say(receiptLine(document));
  for (const { sentence } of document.notes) progress.say(`Note: ${sentence}`);
  return document;
}

/** Files and the question: the question is the last argument unless --question gives it. */
export function splitPositionals(
  positionals: readonly string[],
  questions: readonly string[],
): { files: string[]; questions: string[] } {
  if (questions.length > 0) return { files: [...positionals], questions: [...questions] };
  return { files: positionals.slice(0, -1), questions: positionals.slice(-1) };
}
