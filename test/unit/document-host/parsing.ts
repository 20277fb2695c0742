import { expect } from 'vitest';
import {
  type DocumentLimits,
  defaultDocumentLimits,
  defaultParseChoice,
  type PageSpan,
  type ParseChoice,
  type ParsedDocument,
  parsedDocumentSchema,
} from '../../../electron/contract/documents.ts';
import { type AppError, type ErrorCode, toAppError } from '../../../electron/contract/errors.ts';
import { parseFile } from '../../../electron/document-host/parse-file.ts';

/** Parses in this process and checks what holds for every document. */
export async function parse(
  path: string,
  {
    password,
    choice,
    limits,
    languageFolder,
  }: {
    password?: string;
    choice?: Partial<ParseChoice>;
    limits?: Partial<DocumentLimits>;
    languageFolder?: string;
  } = {},
): Promise<ParsedDocument> {
  const document = await parseFile(path, {
    password,
    languageFolder,
    choice: { ...defaultParseChoice, ...choice },
    limits: { ...defaultDocumentLimits, ...limits },
  });
  parsedDocumentSchema.parse(document);
  expect(document.text).not.toMatch(/[\0\u00AD\r\f\uFFFE]|\p{Surrogate}/u);
  return document;
}

/** The error a parse ends with; its message is a sentence. */
export async function failure(parsing: Promise<unknown>, code: ErrorCode): Promise<AppError> {
  const error = await parsing.then(
    () => undefined,
    (thrown: unknown) => toAppError(thrown),
  );
  expect(error?.code, error?.message).toBe(code);
  expect(error?.message).toMatch(/^\S.*[.]$/s);
  return error as AppError;
}

export function pageText(document: ParsedDocument, page: PageSpan | undefined): string {
  return page ? document.text.slice(page.start, page.end).trim() : '';
}
