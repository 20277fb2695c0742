import type { DocumentLimits, ParseChoice, ParseStep } from '../contract/documents.ts';
import type { ImportNotes } from './import-notes.ts';
import type { SourceFile } from './source-file.ts';

/** What every extractor gets. An extractor reads only `source`, writes nothing, and throws AppError. */
export interface ExtractContext {
  source: SourceFile;
  limits: DocumentLimits;
  choice: ParseChoice;
  password?: string | undefined;
  notes: ImportNotes;
  languageFolder?: string | undefined;
  onProgress(done: number, total: number, step?: ParseStep): void;
}
