/** Where an answer's words are in its document: passages that the answer repeats, and quotes that are not in the text. */
import { z } from 'zod';
import { pageSpanSchema } from './documents.ts';

const count = z.int().nonnegative();

/** A stretch of the document's text, in UTF-16 units from its beginning. */
export const passageSchema = z.object({
  start: count,
  end: count,
  /** The page it begins on, counted from 0, and the label that the document gives that page. */
  page: count,
  label: z.string(),
  /** If that page is a picture: the confidence with which its words were recognised, 0 to 1. */
  recognised: pageSpanSchema.shape.recognised,
});
export type Passage = z.infer<typeof passageSchema>;

export const citationSchema = z.object({
  /** quote: words that the answer puts in quotation marks. sentence: one that repeats the text without saying so. */
  kind: z.enum(['quote', 'sentence']),
  /** The words of the answer that the citation belongs to. */
  claim: z.string(),
  /** null: a quote that is not in the text. */
  passage: passageSchema.nullable(),
  /** The words of the passage, shortened. */
  found: z.string(),
  /** True: word for word; false: a few letters differ. */
  exact: z.boolean(),
});
export type Citation = z.infer<typeof citationSchema>;
