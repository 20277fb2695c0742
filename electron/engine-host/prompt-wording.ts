/**
 * The words around document and question, by model family, from assets/prompts/prompts.json. They were chosen by measuring
 * (test/model/choose-prompt.ts): with a small model the wording matters more than anything else.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

export const wordingSchema = z.strictObject({
  /** null: no system text. */
  system: z.string().nullable(),
  /** The words before and after the document; `documentAfter` and everything below it are read again with each first question. */
  documentBefore: z.string(),
  documentAfter: z.string(),
  questionBefore: z.string(),
  questionAfter: z.string(),
  followUpBefore: z.string(),
  followUpAfter: z.string(),
  /** The model is made to begin its answer with this text, which is shown as part of the answer; usually empty. */
  answerOpening: z.string(),
});
export type Wording = z.infer<typeof wordingSchema>;

const familySchema = z.strictObject({
  family: z.string().min(1),
  /** Regular expressions for the GGUF's architecture and name, which ignore case. */
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

/** For models without a chat template, which continue the text after its last word. */
export const plainFamily = (): WordingFamily => ({ family: 'plain', wording: readPrompts().plain });

export function wordingFor(architecture: string, name: string): WordingFamily {
  const { families } = readPrompts();
  const family = families.find(
    (entry) => new RegExp(entry.architecture, 'i').test(architecture) && new RegExp(entry.name, 'i').test(name),
  );
  if (!family) throw new Error('assets/prompts/prompts.json must end with a family that matches every model');
  return { family: family.family, wording: family.wording };
}
