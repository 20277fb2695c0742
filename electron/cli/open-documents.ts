/** Files from the command line as one document, with progress. */
import type { ParsedDocument } from '../contract/documents.ts';
import { parseDocuments } from '../document-host/document-client.ts';
import type { ProgressLine } from './progress-line.ts';

export async function openDocuments(
  files: readonly string[],
  progress: ProgressLine,
  signal: AbortSignal,
  password?: string,
): Promise<ParsedDocument> {
  const document = await parseDocuments(files, {
    signal,
    onProgress: ({ done, total, path }) => {
      if (total > 1) progress.show(`Opening ${path}`, { done, total, unit: 'pages' });
    },
    ...(password === undefined ? {} : { passwords: new Map(files.map((file) => [file, password])) }),
  });
  progress.clear();
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
