/**
 * The words around document and question, by model family: assets/prompts/prompts.json. They are chosen by measuring
 * (test/model/choose-prompt.ts): with a small model the wording decides more than anything else.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

export const wordingSchema = z.strictObject({
  /** null: no system text of ours. */
  system: z.string().nullable(),
  /** Before and after the document; after and everything below is read anew with each first question. */
  documentBefore: z.string(),
  documentAfter: z.string(),
  questionBefore: z.string(),
  questionAfter: z.string(),
  followUpBefore: z.string(),
  followUpAfter: z.string(),
  /** The answer is made to begin with this, and shown with it; usually empty. */
  answerOpening: z.string(),
});
export type Wording = z.infer<typeof wordingSchema>;

const familySchema = z.strictObject({
  family: z.string().min(1),
  /** Regular expressions on the GGUF's architecture and name, without regard to case. */
  architecture: z.string(),
  name: z.string(),
  wording: wordingSchema,
});
const fileSchema = z.strictObject({ about: z.string(), plain: wordingSchema, families: z.array(familySchema).min(1) });

const promptsFile = new URL('../../assets/prompts/prompts.json', import.meta.url);

export interface WordingFamily {
  family: string;
  wording: Wording;
}

const readPrompts = () => fileSchema.parse(JSON.parse(readFileSync(promptsFile, 'utf8')));

/** For models that have no chat template: the text goes on by itself after the last word. */
export const plainFamily = (): WordingFamily => ({ family: 'plain', wording: readPrompts().plain });

export function wordingFor(architecture: string, name: string): WordingFamily {
  const { families } = readPrompts();
  const family = families.find(
    (entry) => new RegExp(entry.architecture, 'i').test(architecture) && new RegExp(entry.name, 'i').test(name),
  );
  if (!family) throw new Error('assets/prompts/prompts.json must end with a family that matches every model');
  return { family: family.family, wording: family.wording };
}
