/**
 * The contract of the lab host: all of the engine's contract, and verbs that measure and check the engine. `bench`, `agree` and
 * `check-vectors` use it; the app never starts it.
 */
import { oc } from '@orpc/contract';
import { z } from 'zod';
import { deviceSchema, engineContract, readRequestSchema } from './engine.ts';
import { countersSchema } from './engine-reports.ts';
import {
  answerModeSchema,
  documentHomeSchema,
  kvTypeSchema,
  maxNewSchema as maxNew,
  rocketOptionsSchema,
  threadsSchema,
} from './method.ts';

const count = z.number().nonnegative();
const milliseconds = z.number().nonnegative();

/** The text that a measurement reads, cut to `depth` tokens; random tokens where the model has no vocabulary. */
const measuredText = {
  text: z.string().min(1),
  depth: z.int().min(0),
  kvType: kvTypeSchema,
  home: documentHomeSchema,
  segment: readRequestSchema.shape.segment,
  tile: readRequestSchema.shape.tile,
};
const speedVariantSchema = z.object({ mode: answerModeSchema, rocket: rocketOptionsSchema });
export type SpeedVariant = z.infer<typeof speedVariantSchema>;
export const speedRequestSchema = z.object({ ...measuredText, maxNew, variants: z.array(speedVariantSchema).min(1) });
export type SpeedRequest = z.infer<typeof speedRequestSchema>;
export const cancelRequestSchema = z.object({
  ...measuredText,
  rocket: rocketOptionsSchema,
  cancels: z.int().min(1).max(1000),
});
export type CancelRequest = z.infer<typeof cancelRequestSchema>;

export const llamaComparisonRequestSchema = z.object({
  path: z.string().min(1),
  /** Its first tokens are compared; random ones where the model has no vocabulary. */
  text: z.string(),
  tokens: z.int().min(1),
  device: deviceSchema,
  threads: threadsSchema,
  /** Also llama.cpp with itself, with flash attention and without. */
  itself: z.boolean(),
});
export type LlamaComparisonRequest = z.infer<typeof llamaComparisonRequestSchema>;
const distanceSchema = z.object({
  /** KL divergence of the next token, in nats. */
  klMean: z.number(),
  klMax: z.number(),
  /** Share of positions with the same likeliest token. */
  sameBest: z.number(),
});
export type Distance = z.infer<typeof distanceSchema>;
const llamaComparisonSchema = z.object({
  model: z.string(),
  architecture: z.string(),
  positions: z.int(),
  /** llama.cpp from this engine. */
  ours: distanceSchema,
  /** llama.cpp from itself without flash attention. */
  llamaPlain: distanceSchema.optional(),
});
export type LlamaComparison = z.infer<typeof llamaComparisonSchema>;

/** The greatest error of attention over recorded rows that passes, the same for every device: all compute it in f32 from f16 rows. */
export const vectorsOutTolerance = 5e-4;

/** Recorded vectors recomputed: sets that differ, and sets that differ only between equal scores. */
export const vectorsReportSchema = z.object({
  ok: z.boolean(),
  parameterMismatches: z.array(z.string()),
  note: z.string().optional(),
  heads: z.int(),
  steps: z.int(),
  stage1Mismatches: count,
  gatherMismatches: count,
  topRMismatches: count,
  topKMismatches: count,
  outMaxError: count,
  stage1Ties: count,
  topRTies: count,
  topKTies: count,
});
export type VectorsReport = z.infer<typeof vectorsReportSchema>;

export const labVerbs = {
  /**
   * Reads a document of a given length and answers with each variant, ignoring end-of-answer tokens. Only the speed matters, not the text.
   */
  measureSpeed: oc.input(speedRequestSchema).output(
    z.object({
      prefillTokens: z.int(),
      prefillMs: milliseconds,
      /** Where the document's KV is while a GPU computes; null on a CPU. */
      home: z.enum(['device', 'host']).nullable(),
      /** One for each variant. */
      runs: z.array(
        z.object({
          firstTokenMs: milliseconds,
          stage1Ms: milliseconds,
          medianTokenMs: milliseconds,
          /** Mean over the whole answer, its first tokens included. */
          meanTokenMs: milliseconds,
          kvBytes: z.number(),
          budgets: countersSchema.shape.budgets,
          /** The most resident memory of this process so far. */
          peakRssBytes: z.number(),
          /** The most GPU memory while this variant answered, without CUDA's own context; and what was planned. */
          peakVramBytes: z.number().nullable(),
          planVramBytes: z.number().nullable(),
        }),
      ),
    }),
  ),
  /** How long it takes until a cancel takes effect, in milliseconds, ascending. */
  measureCancels: oc.input(cancelRequestSchema).output(
    z.object({
      reading: z.array(milliseconds),
      answering: z.array(milliseconds),
      home: z.enum(['device', 'host']).nullable(),
    }),
  ),
  /** Writes a model file of a known shape with random weights and no vocabulary. No model needs to be open. */
  writeShapeModel: oc
    .input(z.object({ path: z.string().min(1), shape: z.string().min(1), weights: z.string().min(1) }))
    .output(z.void()),
  /** Compares mode full with llama.cpp, on the same file, text and device. No model needs to be open; the file is loaded twice. */
  compareWithLlama: oc.input(llamaComparisonRequestSchema).output(llamaComparisonSchema),
  /** Recomputes recorded vectors of stage 1 and stage 2 (safetensors). No model is needed. */
  checkVectors: oc.input(z.object({ path: z.string().min(1), device: deviceSchema })).output(vectorsReportSchema),
};

export const labContract = { ...engineContract, ...labVerbs };
