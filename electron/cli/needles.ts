/** Questions with known answers: ten sentences hidden in a text, or a person's own list. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { ParsedDocument } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';

export interface CheckedQuestion {
  question: string;
  /** The answer is right if it contains this, ignoring case and spacing. */
  expected: string;
}

export interface Needle extends CheckedQuestion {
  sentence: string;
}

export function builtInNeedles(): Needle[] {
  const needleSchema = z.strictObject({ sentence: z.string(), question: z.string(), answer: z.string() });
  const file = new URL('./needles.json', import.meta.url);
  return z
    .array(needleSchema)
    .parse(JSON.parse(readFileSync(file, 'utf8')))
    .map(({ sentence, question, answer }) => ({ sentence, question, expected: answer }));
}

/**
 * Inserts needle i at the paragraph border nearest to (i + 0.5) / n of the text. The pages are dropped, because their offsets would change
 * and measuring answers does not need them.
 */
export function insertNeedles(document: ParsedDocument, needles: readonly Needle[]): ParsedDocument {
  const borders = [0, document.text.length];
  for (const match of document.text.matchAll(/\n[^\S\n]*\n/g)) borders.push(match.index + match[0].length);
  const places = needles.map((needle, i) => {
    const wanted = ((i + 0.5) / needles.length) * document.text.length;
    const at = borders.reduce((best, border) => (Math.abs(border - wanted) < Math.abs(best - wanted) ? border : best));
    return { at, sentence: needle.sentence };
  });
  let text = document.text;
  // From the end, so that earlier offsets stay valid; the sort is stable, which keeps needles at one place in order.
  for (const { at, sentence } of places.reverse()) {
    const before = text.slice(0, at);
    const gap = before === '' || before.endsWith('\n\n') ? '' : before.endsWith('\n') ? '\n' : '\n\n';
    text = `${before}${gap}${sentence}\n\n${text.slice(at)}`;
  }
  return { ...document, text, pages: [{ label: document.title, start: 0, end: text.length }] };
}

/** Each line is question|expected substring. Empty lines and lines that begin with # are skipped. */
export function parseQuestions(text: string, file: string): CheckedQuestion[] {
  const questions: CheckedQuestion[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const bar = line.lastIndexOf('|');
    const question = line.slice(0, bar).trim();
    const expected = line.slice(bar + 1).trim();
    if (bar < 0 || question === '' || expected === '')
      throw new AppError('INVALID_ARGUMENT', `Line ${i + 1} of ${file} is not of the form: question|expected answer`);
    questions.push({ question, expected });
  }
  if (questions.length === 0) throw new AppError('INVALID_ARGUMENT', `${file} has no questions in it.`);
  return questions;
}

const plain = (text: string) => text.toLowerCase().replace(/\s+/g, ' ');

export function isRight(answer: string, expected: string): boolean {
  return plain(answer).includes(plain(expected));
}
