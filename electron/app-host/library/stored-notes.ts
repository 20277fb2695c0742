/** Parses a document's stored notes and reading choice; of values that do not fit the schema any more, as much as possible is kept. */
import {
  completedChoice,
  defaultParseChoice,
  type ParseChoice,
  partialParseChoiceSchema,
} from '../../contract/documents.ts';
import { importNoteSchema } from '../../contract/import-note-schema.ts';
import type { ImportNote } from '../../contract/import-notes.ts';

/** A note of a kind that this version does not know keeps its sentence. */
export function notesOf(json: string): ImportNote[] {
  const stored: unknown = JSON.parse(json);
  if (!Array.isArray(stored)) return [];
  return stored.flatMap((entry: unknown) => {
    const note = importNoteSchema.safeParse(entry);
    if (note.success) return [note.data];
    const sentence = importNoteSchema.shape.sentence.safeParse((entry as { sentence?: unknown } | null)?.sentence);
    return sentence.success ? [{ kind: 'other' as const, count: 1, sentence: sentence.data }] : [];
  });
}

export function readingOf(json: string): ParseChoice {
  const stored = partialParseChoiceSchema.safeParse(JSON.parse(json));
  return completedChoice(defaultParseChoice, stored.data);
}
