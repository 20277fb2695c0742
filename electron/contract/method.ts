/**
 * What a person may choose about an answer: the mode, RocketKV's parameters in the paper's words, and the sampler. Ranges,
 * defaults and presets live here and nowhere else.
 */
import { z } from 'zod';

/** full: every row. rocketkv-mt: both stages, full KV kept for later questions. rocketkv: both stages, full KV dropped.
 *  snapkv: stage 1 alone. hsa: stage 2 alone. exact-topk: oracle, the exact top-k of the full KV. */
export const answerModes = ['full', 'rocketkv-mt', 'rocketkv', 'snapkv', 'hsa', 'exact-topk'] as const;
export const answerModeSchema = z.enum(answerModes);
export type AnswerMode = z.infer<typeof answerModeSchema>;

const maxTokens = 16_777_216;

export const rocketOptionsSchema = z.strictObject({
  /** t: KV pairs read per step and KV head. */
  tokenBudget: z.int().min(16).max(maxTokens),
  /** w: the question's last tokens that vote in stage 1. */
  window: z.int().min(1).max(4096),
  /** Stage 1's pooling kernel. */
  kernel: z
    .int()
    .min(1)
    .max(1023)
    .refine((kernel) => kernel % 2 === 1, 'must be odd'),
  decomposition: z.enum(['v2', 'v1']),
  grouping: z.enum(['kv-group', 'query-head']),
  pooling: z.enum(['max', 'triangle', 'random']),
  selector: z.enum(['pages', 'codes', 'codes-residual']),
  /** 0: derived from the budget. */
  page: z.int().min(0).max(4096),
  r: z.int().min(0).max(1024),
  k: z.int().min(0).max(maxTokens),
  nDenseLayers: z.int().min(0).max(1000),
});
export type RocketOptions = z.infer<typeof rocketOptionsSchema>;

export const defaultRocketOptions: RocketOptions = {
  tokenBudget: 512,
  window: 32,
  kernel: 63,
  decomposition: 'v2',
  grouping: 'kv-group',
  pooling: 'max',
  selector: 'pages',
  page: 0,
  r: 0,
  k: 0,
  nDenseLayers: 0,
};

/** paper: pages and max pooling, as published. coded: key codes and triangle pooling, fewer bytes for the same answer. */
export const presets = {
  paper: { pooling: 'max', selector: 'pages' },
  coded: { pooling: 'triangle', selector: 'codes' },
} as const satisfies Record<string, Partial<RocketOptions>>;
export type PresetName = keyof typeof presets;

export const samplerSchema = z.strictObject({
  /** 0: greedy. */
  temperature: z.number().min(0).max(10),
  /** 0: off. */
  topK: z.int().min(0).max(1_000_000),
  /** 1: off. */
  topP: z.number().gt(0).max(1),
  /** 0: off. */
  minP: z.number().min(0).max(1),
  /** 1: off. */
  repetitionPenalty: z.number().min(0.1).max(10),
  repetitionWindow: z.int().min(0).max(65_536),
  seed: z.int().min(0).max(4_294_967_295),
});
export type Sampler = z.infer<typeof samplerSchema>;

/** Greedy: an answer about a document should be the same twice. */
export const defaultSampler: Sampler = {
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  repetitionWindow: 64,
  seed: 0,
};

export const kvTypeSchema = z.enum(['f16', 'q8_0']);
export type KvType = z.infer<typeof kvTypeSchema>;

/** Tokens of an answer when nothing is said, and the fewest it is ever reduced to when the context is nearly full. */
export const defaultMaxNew = 256;
export const minMaxNew = 32;

export const defaultSegment = 0;
export const defaultTile = 512;
