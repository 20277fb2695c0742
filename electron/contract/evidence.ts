/**
 * What in a document supports an answer: sentences that say the same, and parts of the answer that the document does not hold. Literal
 * matches are in citations.ts.
 */
import { z } from 'zod';
import { citationSchema, passageSchema } from './citations.ts';

const count = z.int().nonnegative();

export const evidenceSchema = passageSchema.extend({
  /** The sentence on one line; `matches`: stretches of it whose words the answer or the question has (UTF-16 units). */
  sentence: z.string(),
  matches: z.array(z.object({ start: count, end: count })),
  /** In [0, 1]: how much of the answer's and the question's words the sentence has. */
  score: z.number(),
  /** quote: the answer quotes it. repeated: it says the same words in a row. matched: it has the same words. */
  kind: z.enum(['quote', 'repeated', 'matched']),
});
export type Evidence = z.infer<typeof evidenceSchema>;

export const unsupportedSchema = z.object({
  /** A number or a name that is nowhere in the document, or a statement that no sentence supports. */
  kind: z.enum(['number', 'name', 'statement']),
  /** The words of the answer. */
  text: z.string(),
});
export type Unsupported = z.infer<typeof unsupportedSchema>;

export const answerEvidenceSchema = z.object({
  /** Best first, at most three. */
  evidence: z.array(evidenceSchema),
  unsupported: z.array(unsupportedSchema),
  /** False: nothing in the document supports the answer. */
  isFound: z.boolean(),
});
export type AnswerEvidence = z.infer<typeof answerEvidenceSchema>;

/** Evidence and citations of an answer. */
export const answerCitationsSchema = answerEvidenceSchema.extend({ citations: z.array(citationSchema) });
export type AnswerCitations = z.infer<typeof answerCitationsSchema>;

/**
 * The form for other programs, with pages counted from 1. `start` and `end`: UTF-16 units of the document's text, as `npm run text` prints
 * it.
 */
export function evidenceForPrograms({ evidence, unsupported, isFound }: AnswerEvidence) {
  return {
    evidence: evidence.map(({ page, label, sentence, start, end, score, kind }) => ({
      page: page + 1,
      label,
      sentence,
      start,
      end,
      score,
      kind,
    })),
    unsupported,
    found: isFound,
  };
}
