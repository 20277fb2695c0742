/** A token budget chosen by measuring on one's own document: one question at several budgets, against full KV. */
import { z } from 'zod';
import { answerModeSchema, rocketOptionsSchema } from './method.ts';
import { mostTunedBudgets } from './method-values.ts';

const count = z.number().nonnegative();
const share = z.number().min(0).max(1);
const { tokenBudget } = rocketOptionsSchema.shape;

export const tunedBudgetsSchema = z.array(tokenBudget).min(1).max(mostTunedBudgets);

export const tuningRowSchema = z.object({
  /** null: full KV, against which the others are measured. */
  budget: tokenBudget.nullable(),
  /** How many positions of full KV's answer were compared. KL in nats. */
  positions: count,
  klMean: count,
  klMedian: count,
  sameTop1: share,
  /** Share of the question's attention on the rows that were kept; null where nothing was chosen. */
  keptMassMean: share.nullable(),
  /** null: an answer of one token has no speed. */
  decodeTokS: count.nullable(),
  firstTokenMs: count,
  /** Bytes of the KV that the answer worked on, and bytes that each of its tokens read for each KV head. */
  kvBytes: count,
  readBytesPerStep: count,
  answer: z.string(),
});
export type TuningRow = z.infer<typeof tuningRowSchema>;

export const tuningSchema = z.object({
  question: z.string(),
  modelName: z.string(),
  mode: answerModeSchema,
  /** Tokens of the document and of the prompt's own words around it. */
  tokens: count,
  at: count,
  rows: z.array(tuningRowSchema),
  /** null: no budget came close enough. */
  recommended: tokenBudget.nullable(),
});
export type Tuning = z.infer<typeof tuningSchema>;

export const tuneEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('begun'), question: z.string(), mode: answerModeSchema, budgets: tunedBudgetsSchema }),
  z.object({ type: z.literal('row'), row: tuningRowSchema }),
  z.object({ type: z.literal('done'), tuning: tuningSchema }),
]);
export type TuneEvent = z.infer<typeof tuneEventSchema>;
