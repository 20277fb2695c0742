/**
 * What a person may choose about an answer: the mode, RocketKV's parameters in the paper's words, and the sampler. With
 * method-values.ts, which holds the numbers, the only place for it.
 */
import { z } from 'zod';
import { choices, type Range, ranges, usualTokenBudget } from './method-values.ts';

const wholeIn = ({ least, most }: Range) => z.int().min(least).max(most);
const realIn = ({ least, most }: Range) => z.number().min(least).max(most);

/** full: every row. rocketkv-mt: both stages, full KV kept for later questions. rocketkv: both stages, full KV dropped.
 *  snapkv: stage 1 alone. hsa: stage 2 alone. exact-topk: oracle, the exact top-k of the full KV. */
export const answerModes = ['full', 'rocketkv-mt', 'rocketkv', 'snapkv', 'hsa', 'exact-topk'] as const;
export const answerModeSchema = z.enum(answerModes);
export type AnswerMode = z.infer<typeof answerModeSchema>;

export const rocketOptionsSchema = z.strictObject({
  /** t: KV pairs read per step and KV head. */
  tokenBudget: wholeIn(ranges.tokenBudget),
  /** w: the question's last tokens that vote in stage 1. */
  window: wholeIn(ranges.window),
  /** Stage 1's pooling kernel. */
  kernel: wholeIn(ranges.kernel).refine((kernel) => kernel % 2 === 1, 'must be odd'),
  decomposition: z.enum(choices.decomposition),
  grouping: z.enum(choices.grouping),
  pooling: z.enum(choices.pooling),
  selector: z.enum(choices.selector),
  /** 0: derived from the budget. */
  page: wholeIn(ranges.page),
  r: wholeIn(ranges.r),
  k: wholeIn(ranges.k),
  nDenseLayers: wholeIn(ranges.nDenseLayers),
});
export type RocketOptions = z.infer<typeof rocketOptionsSchema>;

export const defaultRocketOptions: RocketOptions = {
  tokenBudget: usualTokenBudget,
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

export const samplerSchema = z.strictObject({
  /** 0: greedy. */
  temperature: realIn(ranges.temperature),
  /** 0: off. */
  topK: wholeIn(ranges.topK),
  /** 1: off. */
  topP: realIn(ranges.topP),
  /** 0: off. */
  minP: realIn(ranges.minP),
  /** 1: off. */
  repetitionPenalty: realIn(ranges.repetitionPenalty),
  repetitionWindow: wholeIn(ranges.repetitionWindow),
  seed: wholeIn(ranges.seed),
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

/** Where a document's KV lives while a GPU computes: there while it fits, always there, or in RAM. A CPU knows RAM alone. */
export const documentHomeSchema = z.enum(['auto', 'device', 'host']);
export type DocumentHome = z.infer<typeof documentHomeSchema>;

/** What to compute on; auto: the first GPU where it can be used. */
export type DeviceWish = 'auto' | 'cpu' | `cuda:${number}`;
export const deviceWishSchema = z.custom<DeviceWish>(
  (value) => typeof value === 'string' && /^(auto|cpu|cuda:\d{1,2})$/.test(value),
  'must be auto, cpu or cuda:<number>',
);

/** 0: chosen for the machine. */
export const threadsSchema = wholeIn(ranges.threads);

/** Tokens that an answer may have: at all, and as a person may set it for every answer. */
export const maxNewSchema = wholeIn(ranges.maxNew);
export const usualMaxNewSchema = wholeIn(ranges.usualMaxNew);
/** When nothing is said, and the fewest it is ever reduced to when the context is nearly full. */
export const defaultMaxNew = 256;
export const minMaxNew = 32;

export const defaultSegment = 0;
export const defaultTile = 512;
