/**
 * The notes of an import: what a file holds beside its plain text, what was done with it, and what did not reach the text. One list of
 * kinds, each with its words for the receipt (receipt.ts). The window bundles this file, so it does not import zod.
 */

import { count, plural } from './number-words.ts';

export const counted = (one: string, many: string) => (n: number) => plural(n, one, many);

/** Every kind of note, in the order of the receipt, with its words for a count. */
export const noteWords = {
  'pages-recognised': (n: number) => `${count(n)} scanned, recognised`,
  'pages-hard-to-recognise': counted('page was hard to recognise', 'pages were hard to recognise'),
  'pages-without-text': counted('page without text', 'pages without text'),
  'pages-unreadable': counted('page could not be read', 'pages could not be read'),
  'unknown-glyphs': counted('character without a known letter', 'characters without a known letter'),
  'guessed-letters': counted('character guessed', 'characters guessed'),
  'undecodable-characters': counted('character could not be decoded', 'characters could not be decoded'),
  'form-fields': counted('form field filled in', 'form fields filled in'),
  'unfilled-fields': counted('form field not filled in', 'form fields not filled in'),
  highlights: counted('highlight', 'highlights'),
  'hidden-layers': counted('layer switched off, not read', 'layers switched off, not read'),
  attachments: counted('attachment not read', 'attachments not read'),
  media: counted('film or sound not read', 'films or sounds not read'),
  'included-files': counted('included file not read', 'included files not read'),
  sheets: counted('sheet', 'sheets'),
  'hidden-sheets': counted('hidden sheet, read', 'hidden sheets, read'),
  'hidden-rows': counted('hidden row or column, read', 'hidden rows or columns, read'),
  'hidden-slides': counted('hidden slide, read', 'hidden slides, read'),
  'formulas-without-value': counted('formula without a value', 'formulas without a value'),
  'malformed-rows': counted('row with a stray quotation mark', 'rows with a stray quotation mark'),
  'missing-chapters': counted('chapter not in the file', 'chapters not in the file'),
  'chapters-unreadable': counted('chapter could not be read', 'chapters could not be read'),
  'tracked-changes': counted('tracked change accepted', 'tracked changes accepted'),
  comments: counted('comment', 'comments'),
  'hidden-text': counted('hidden passage left out', 'hidden passages left out'),
  equations: counted('equation as text', 'equations as text'),
  pictures: counted('picture not read', 'pictures not read'),
  'parts-not-read': counted('part not read', 'parts not read'),
  'fields-without-result': counted('field without a result', 'fields without a result'),
  'encoded-data': counted('stretch of encoded data left out', 'stretches of encoded data left out'),
  'page-furniture': () => 'navigation and the like left out',
  encoding: () => 'encoding was detected',
  'other-format': () => 'named as another format',
  'lost-pages': () => 'pages were lost when the library was damaged',
  other: counted('further note', 'further notes'),
} satisfies Record<string, (count: number) => string>;

export type NoteKind = keyof typeof noteWords;

export interface ImportNote {
  kind: NoteKind;
  /** How many of the kind this note stands for. */
  count: number;
  /** Physical page, counted from 1; absent where the note is about the whole file or a section. */
  page?: number | undefined;
  /** Label of the section, sheet or chapter. */
  section?: string | undefined;
  /** Names that belong on the receipt, "terms.txt". */
  names?: string[] | undefined;
  /** A sentence that says what, how many, where, and what it means. */
  sentence: string;
}

/** Most notes a document keeps; further ones are counted in the last. */
export const maxNotes = 200;
