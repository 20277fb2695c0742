/** What the engine says: model facts, the memory plan, counters, and the events of reading and answering. Sizes in bytes. */
import { z } from 'zod';
import { answerModeSchema, documentHomeSchema, kvTypeSchema, rocketOptionsSchema } from './method.ts';

const count = z.number().nonnegative();
const milliseconds = z.number().nonnegative();

export const modelInfoSchema = z.object({
  path: z.string(),
  fileBytes: count,
  architecture: z.string(),
  name: z.string(),
  nLayer: count,
  nEmbd: count,
  nHead: count,
  nHeadKv: count,
  headDim: count,
  nFf: count,
  /** Of each layer, where a feed-forward is many: how many of them serve a token, and how wide one is. */
  experts: z.object({ count, used: count, nFf: count }).optional(),
  nVocab: count,
  nCtxTrain: count,
  ropeBase: z.number(),
  ropeScaling: z.string(),
  tiedEmbeddings: z.boolean(),
  weightBytes: count,
  nParams: count,
  tensorTypes: z.record(z.string(), count),
  /** False: weights alone, which can be measured and not asked. */
  hasVocabulary: z.boolean().optional(),
  /** Matrix products of a token on a GPU, and how many of them kernels of ours do; ggml's do the others. */
  gpuProducts: z.object({ all: count, ours: count }).optional(),
  /** f16, in the layers that keep every row. */
  kvBytesPerToken: count,
  /** Of each layer that attends within a window: how many tokens it sees, and keeps; 0 of the others. Empty: no layer does. */
  windows: z.array(count),
});
export type ModelInfo = z.infer<typeof modelInfoSchema>;

/** The one that most tensors have, norms aside. */
export function weightType({ tensorTypes }: ModelInfo): string | null {
  const types = Object.entries(tensorTypes).sort(
    ([a, n], [b, m]) => Number(a === 'f32') - Number(b === 'f32') || m - n,
  );
  return types[0]?.[0] ?? null;
}

export const budgetsSchema = z.object({
  tokenBudget: count,
  capacity: count,
  promptBudget: count,
  page: count,
  r: count,
  k: count,
  window: count,
  kernel: count,
  evicts: z.boolean(),
  dense: z.boolean(),
});
export type Budgets = z.infer<typeof budgetsSchema>;

export const memoryPlanSchema = z.object({
  weights: count,
  documentKv: count,
  compactCache: count,
  summaries: count,
  layerBuffers: count,
  activations: count,
  logits: count,
  /** False: the document's KV is in RAM, and one layer at a time visits the GPU. */
  documentOnDevice: z.boolean(),
  /** Of the total, what lies on the computing device. */
  deviceTotal: count,
  total: count,
  fullKv: count,
  onGpu: z.boolean(),
  /** Of the computing device, and of RAM: free now, and what loaded weights hold already. On a CPU both are one. */
  available: count,
  hostAvailable: count,
  /** Of each KV head, when the answer begins. */
  readBytesPerStep: count,
  budgets: budgetsSchema,
});
export type MemoryPlan = z.infer<typeof memoryPlanSchema>;

/** What one memory lacked, and what asks for less and fits: the first is the one to take. A document is read again where its KV changes. */
export const memoryShortageSchema = z.object({
  place: z.enum(['gpu', 'ram']),
  needed: count,
  available: count,
  proposals: z
    .array(
      z.object({
        changes: z.strictObject({
          mode: answerModeSchema.optional(),
          tokenBudget: rocketOptionsSchema.shape.tokenBudget.optional(),
          kvType: kvTypeSchema.optional(),
          documentHome: documentHomeSchema.optional(),
        }),
        /** Of the memory that lacked. */
        needed: count,
      }),
    )
    .max(3),
});
export type MemoryShortage = z.infer<typeof memoryShortageSchema>;
export type SmallerPlan = MemoryShortage['proposals'][number];

export const countersSchema = z.object({
  mode: answerModeSchema,
  budgets: budgetsSchema,
  rowsTotal: count,
  rowsKept: count,
  rowsRead: count,
  fullBytes: count,
  documentBytes: count,
  compactBytes: count,
  summaryBytes: count,
  readBytesPerStep: count,
  storedBytesPerHead: count,
  /** [layers without a window * nHeadKv], share of the question's attention on kept rows; empty when nothing was chosen. */
  keptMass: z.array(z.number()),
  clampedCodes: count,
});
export type Counters = z.infer<typeof countersSchema>;

export const openedModelSchema = z.object({
  info: modelInfoSchema,
  device: z.string(),
  /** Why it is the CPU; null when it is not, or was asked for. */
  deviceReason: z.string().nullable(),
  threads: z.int(),
  loadMs: milliseconds,
  /** Name of the prompt wording in use, and things the person should know (a broken chat template, for one). */
  promptFamily: z.string(),
  /** Whether it thinks before it answers: as asked where its template has a choice. */
  thinking: z.enum(['never', 'switch', 'always']).default('never'),
  notices: z.array(z.string()),
});
export type OpenedModel = z.infer<typeof openedModelSchema>;

/** done of total tokens; the speed over the whole phase so far. */
export const progressSchema = z.object({
  type: z.literal('progress'),
  /** loading: what was read before, from disk. */
  phase: z.enum(['loading', 'reading', 'question']),
  done: count,
  total: count,
  tokensPerSecond: z.number().nonnegative(),
  secondsLeft: z.number().nonnegative().nullable(),
});
export type Progress = z.infer<typeof progressSchema>;

export const readResultSchema = z.object({
  type: z.literal('done'),
  documentId: z.string(),
  /** Template start, our words and the document. */
  nTokens: z.int(),
  /** The document alone. */
  documentTokens: z.int(),
  prefillMs: milliseconds,
  /** From disk: nothing was read, and prefillMs is what loading took. */
  loaded: z.boolean(),
  /** Why what lay on disk was not used; null: it was, or there was none. */
  missed: z.string().nullable(),
  bytes: count,
  /** False: in RAM, while a GPU computes. */
  onDevice: z.boolean(),
  plan: memoryPlanSchema,
});
export const readEventSchema = z.discriminatedUnion('type', [progressSchema, readResultSchema]);
export type ReadResult = z.infer<typeof readResultSchema>;
export type ReadEvent = z.infer<typeof readEventSchema>;

export const answerReportSchema = z.object({
  type: z.literal('done'),
  answer: z.string(),
  /** What was thought before it; empty: nothing. */
  thinking: z.string(),
  finishReason: z.enum(['stop', 'length']),
  mode: answerModeSchema,
  /** Rows of the prompt: document, earlier turns, this question. */
  promptTokens: z.int(),
  /** Of these, how many this question had to run through the model (the document's reading is not among them). */
  prefilledTokens: z.int(),
  generatedTokens: z.int(),
  /** Of these, how many were thinking. */
  thinkingTokens: z.int().default(0),
  maxNew: z.int(),
  counters: countersSchema,
  plan: memoryPlanSchema,
  timings: z.object({
    prefillMs: milliseconds,
    stage1Ms: milliseconds,
    firstTokenMs: milliseconds,
    decodeMs: milliseconds,
  }),
  peakRssBytes: count,
  notices: z.array(z.string()),
});
export type AnswerReport = z.infer<typeof answerReportSchema>;

/** What an answer says as it comes. restated: all of it so far, where what was told before has turned out to be thinking, or not. */
export const answerTextSchemas = [
  z.object({ type: z.literal('delta'), text: z.string() }),
  z.object({ type: z.literal('thinking'), text: z.string() }),
  z.object({ type: z.literal('restated'), thinking: z.string(), answer: z.string() }),
] as const;
export type AnswerText = z.infer<(typeof answerTextSchemas)[number]>;

export const answerEventSchema = z.discriminatedUnion('type', [
  progressSchema,
  /** The question is read and stage 1 has chosen; the first token follows. */
  z.object({ type: z.literal('kept'), stage1Ms: milliseconds, prefillMs: milliseconds }),
  ...answerTextSchemas,
  answerReportSchema,
]);
export type AnswerEvent = z.infer<typeof answerEventSchema>;

export const pageUseSchema = z.object({
  label: z.string(),
  tokens: z.int(),
  /** Kept (layer, KV head) pairs per token, and stage 2's reads per token: means over the page. */
  kept: z.number(),
  read: z.number(),
  /** What a neutral question reads here, of as many reads in all; absent: not measured. */
  usual: z.number().optional(),
  /** The same means over equal parts of a page that is long beside the rest of the document; none: it is one passage. */
  parts: z.array(z.object({ kept: z.number(), read: z.number(), usual: z.number().optional() })).default([]),
});
export type PageUse = z.infer<typeof pageUseSchema>;

/** Stage 2's reads of a stretch of text, a token of it; and what a neutral question reads there, where that was measured. */
export const passageReadsSchema = z.object({ read: z.number(), usual: z.number().optional() });
export type PassageReads = z.infer<typeof passageReadsSchema>;

/** One position of a teacher-forced answer: this mode's logits against full KV's. */
export const agreementSchema = z.object({
  kl: z.number(),
  sameTop1: z.boolean(),
  /** null where the mode has no stage 2. */
  recall: z.number().nullable(),
  mass: z.number().nullable(),
});
export type Agreement = z.infer<typeof agreementSchema>;
