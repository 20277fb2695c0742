/** What the engine reports: model facts, the memory plan, counters, and the events of reading and answering. Sizes in bytes. */
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
  /** Of a mixture of experts, for each layer: how many experts there are, how many a token uses, the width of one, and of one more that every token uses (0: there is none). */
  experts: z.object({ count, used: count, nFf: count, nFfShared: count }).optional(),
  nVocab: count,
  nCtxTrain: count,
  ropeBase: z.number(),
  ropeScaling: z.string(),
  tiedEmbeddings: z.boolean(),
  weightBytes: count,
  nParams: count,
  tensorTypes: z.record(z.string(), count),
  /** False: the file has only weights, which can be measured but not asked. */
  hasVocabulary: z.boolean().optional(),
  /** How many matrix products a token takes on a GPU, and how many of them our own kernels compute; ggml computes the others. */
  gpuProducts: z.object({ all: count, ours: count }).optional(),
  /** Bytes of K and V per token in f16, over the layers that keep every row. */
  kvBytesPerToken: count,
  /**
   * For each layer, the size of its sliding window in tokens, which is what it sees and keeps; 0: it has no window. Empty: no layer has
   * one.
   */
  windows: z.array(count),
  /** For each layer, bytes of K and V in f16 of a token that it keeps; 0: it keeps none. */
  rowBytes: z.array(count),
  /** For each layer, the earlier one whose rows it sees instead of its own, from 0; -1: it has its own. */
  sharedLayers: z.array(z.int().min(-1)),
  /** Layers, counted from 0, that keep no rows: they remember the text in a state of one size. */
  recurrentLayers: z.array(count),
  /** Bytes of the states of all recurrent layers. */
  stateBytes: count,
});
export type ModelInfo = z.infer<typeof modelInfoSchema>;

/** The type that most tensors have, norms aside. */
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
  /** The part of the weights that lies in RAM although a GPU computes: the experts of so many layers, and what is read with them. */
  weightsInRam: count,
  expertLayersInRam: count,
  /** What a token reads of those experts. */
  expertsReadInRam: count,
  /** GPU memory through which they pass while a text is read. */
  expertBuffers: count,
  documentKv: count,
  compactCache: count,
  summaries: count,
  layerBuffers: count,
  activations: count,
  logits: count,
  /** States of recurrent layers: those that are computed with, and in RAM those of the document's end and of the question's. */
  states: count,
  keptStates: count,
  /** False: the document's KV is in RAM, and one layer at a time is copied to the GPU. */
  documentOnDevice: z.boolean(),
  /** The part of the total that lies on the computing device. */
  deviceTotal: count,
  total: count,
  fullKv: count,
  onGpu: z.boolean(),
  /** Memory of the computing device, and RAM: what is free now, plus what loaded weights hold already. On a CPU both are the same. */
  available: count,
  hostAvailable: count,
  /** Bytes read for each KV head when the answer begins. */
  readBytesPerStep: count,
  budgets: budgetsSchema,
});
export type MemoryPlan = z.infer<typeof memoryPlanSchema>;

/**
 * How much of one memory was missing, and choices that need less and fit, the best first. Where a choice changes the document's KV, the
 * document is read again.
 */
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
        /** Bytes needed of the memory that was short. */
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
  /** Why the CPU computes; null when a GPU does, or the CPU was asked for. */
  deviceReason: z.string().nullable(),
  threads: z.int(),
  loadMs: milliseconds,
  /** Name of the prompt wording in use. `notices` below: what the person should know, such as a broken chat template. */
  promptFamily: z.string(),
  /** Whether the model thinks before it answers; switch: its template has a choice, and the question decides. */
  thinking: z.enum(['never', 'switch', 'always']).default('never'),
  /** Whether its template takes a reasoning effort. */
  hasEffort: z.boolean().default(false),
  notices: z.array(z.string()),
});
export type OpenedModel = z.infer<typeof openedModelSchema>;

/** Tokens done and in all, and the mean speed of the phase so far. */
export const progressSchema = z.object({
  type: z.literal('progress'),
  /** loading: a kept document comes from disk. */
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
  /** Tokens of the template's start, the prompt's own words and the document. */
  nTokens: z.int(),
  /** Tokens of the document alone. */
  documentTokens: z.int(),
  prefillMs: milliseconds,
  /** True: it came from disk; nothing was read, and prefillMs is what loading took. */
  loaded: z.boolean(),
  /** Why the kept file was not used; null: it was used, or there was none. */
  missed: z.string().nullable(),
  bytes: count,
  /** False: its KV is in RAM, while a GPU computes. */
  onDevice: z.boolean(),
  plan: memoryPlanSchema,
});
export const readEventSchema = z.discriminatedUnion('type', [progressSchema, readResultSchema]);
export type ReadResult = z.infer<typeof readResultSchema>;
export type ReadEvent = z.infer<typeof readEventSchema>;

export const answerReportSchema = z.object({
  type: z.literal('done'),
  answer: z.string(),
  /** What the model thought before the answer; empty: nothing. */
  thinking: z.string(),
  finishReason: z.enum(['stop', 'length']),
  mode: answerModeSchema,
  /** Rows of the prompt: document, earlier turns, this question. */
  promptTokens: z.int(),
  /** How many of the prompt's tokens this question had to run through the model, without the reading of the document. */
  prefilledTokens: z.int(),
  generatedTokens: z.int(),
  /** How many of the generated tokens were thinking. */
  thinkingTokens: z.int().default(0),
  maxNew: z.int(),
  counters: countersSchema,
  plan: memoryPlanSchema,
  timings: z.object({
    prefillMs: milliseconds,
    stage1Ms: milliseconds,
    firstTokenMs: milliseconds,
    decodeMs: milliseconds,
    /** Passes through the layers, of one token or a few; tokens that were drafted, and those of them that the model chose. */
    passes: z.int().default(0),
    drafted: z.int().default(0),
    accepted: z.int().default(0),
  }),
  peakRssBytes: count,
  notices: z.array(z.string()),
});
export type AnswerReport = z.infer<typeof answerReportSchema>;

/**
 * The text of an answer as it comes. restated: the whole text so far, sent when text that was sent before turns out to be thinking, or not
 * to be.
 */
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
  /** (Layer, KV head) pairs that kept a token, and stage 2's reads of a token: means over the page's tokens. */
  kept: z.number(),
  read: z.number(),
  /** How often a neutral question would read these tokens, with the same number of reads in all; absent: not measured. */
  usual: z.number().optional(),
  /** The same means over equal parts of a page that is long compared with the whole document; empty: the page is one part. */
  parts: z.array(z.object({ kept: z.number(), read: z.number(), usual: z.number().optional() })).default([]),
});
export type PageUse = z.infer<typeof pageUseSchema>;

/** Stage 2's mean reads per token of a stretch of text, and those of a neutral question where they were measured. */
export const passageReadsSchema = z.object({ read: z.number(), usual: z.number().optional() });
export type PassageReads = z.infer<typeof passageReadsSchema>;

/** One position of a teacher-forced answer: a mode's logits compared with full KV's. */
export const agreementSchema = z.object({
  kl: z.number(),
  sameTop1: z.boolean(),
  /** null where the mode has no stage 2. */
  recall: z.number().nullable(),
  mass: z.number().nullable(),
});
export type Agreement = z.infer<typeof agreementSchema>;
