/** A note as it is sent and stored; import-notes.ts says what its fields mean. */
import { z } from 'zod';
import { type ImportNote, type NoteKind, noteWords } from './import-notes.ts';

export const importNoteSchema = z.object({
  kind: z.enum(Object.keys(noteWords) as [NoteKind, ...NoteKind[]]),
  count: z.int().positive(),
  page: z.int().positive().optional(),
  section: z.string().max(400).optional(),
  names: z.array(z.string().max(200)).max(20).optional(),
  sentence: z.string().min(1).max(1000),
}) satisfies z.ZodType<ImportNote>;
