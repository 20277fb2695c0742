/**
 * What a person may choose about an answer: the mode, RocketKV's parameters in the paper's words, and the sampler. Together with
 * method-values.ts, which has the numbers, this is the only definition of it.
 */
import { z } from 'zod';
import {
  answerModes,
  type Choosing,
  choices,
  choosingFor,
  type Range,
  ranges,
  usualTokenBudget,
} from './method-values.ts';

const wholeIn = ({ least, most }: Range) => z.int().min(least).max(most);
const realIn = ({ least, most }: Range) => z.number().min(least).max(most);

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

/** Without what selects rows, whose default depends on the question: choosingFor has it. */
export const defaultRocketOptions: Omit<RocketOptions, keyof Choosing> = {
  tokenBudget: usualTokenBudget,
  window: 32,
  kernel: 63,
  decomposition: 'v2',
  grouping: 'kv-group',
  page: 0,
  r: 0,
  k: 0,
  nDenseLayers: 0,
};

/** All options of a question in this mode and with this longest answer: what was chosen, and the rest by default. */
export function rocketOptionsFor(
  { mode, maxNew = defaultMaxNew }: { mode: AnswerMode; maxNew?: number },
  { pooling, selector, ...numbers }: { [Name in keyof RocketOptions]?: RocketOptions[Name] | undefined } = {},
): RocketOptions {
  const given = Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined));
  const options = { ...defaultRocketOptions, ...given };
  return { ...options, ...choosingFor({ mode, maxNew, ...options }, { pooling, selector }) };
}

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

/** Greedy, so that the same question about a document gets the same answer twice. */
export const defaultSampler: Sampler = {
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  repetitionWindow: 64,
  seed: 0,
};

/**
 * How long a model thinks, where its template takes a reasoning effort. The template writes it before the document, so another effort is
 * another reading of the document.
 */
export const effortSchema = z.enum(choices.effort);
export type Effort = z.infer<typeof effortSchema>;
export const defaultEffort: Effort = 'medium';

export const kvTypeSchema = z.enum(['f16', 'q8_0']);
export type KvType = z.infer<typeof kvTypeSchema>;

/**
 * Where a document's KV is while a GPU computes. auto: on the GPU if it fits; device: on the GPU; host: in RAM. On a CPU it is always in
 * RAM.
 */
export const documentHomeSchema = z.enum(['auto', 'device', 'host']);
export type DocumentHome = z.infer<typeof documentHomeSchema>;

/** The device to compute on; auto: the first GPU if it can be used, else the CPU. */
export type DeviceSetting = 'auto' | 'cpu' | `cuda:${number}`;
export const deviceSettingSchema = z.custom<DeviceSetting>(
  (value) => typeof value === 'string' && /^(auto|cpu|cuda:\d{1,2})$/.test(value),
  'must be auto, cpu or cuda:<number>',
);

/** 0: chosen for the machine. */
export const threadsSchema = wholeIn(ranges.threads);

/** Most tokens of an answer: what a request may ask for, and what a person may set for every answer. */
export const maxNewSchema = wholeIn(ranges.maxNew);
export const usualMaxNewSchema = wholeIn(ranges.usualMaxNew);
/** The default length of an answer, and the least it is reduced to when the context is nearly full. */
export const defaultMaxNew = 256;
export const minMaxNew = 32;

export const defaultSegment = 0;
export const defaultTile = 512;
