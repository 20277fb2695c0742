/** The plain values behind method.ts: ranges, presets, defaults. The window uses this file, so it does not import zod. */

const mostTokens = 16_777_216;

/** The least and the most that a number may be; `whole`: no fractions. */
export interface Range {
  least: number;
  most: number;
  whole: boolean;
  odd?: boolean;
}
const whole = (least: number, most: number) => ({ least, most, whole: true });
const real = (least: number, most: number) => ({ least, most, whole: false });

export const ranges = {
  tokenBudget: whole(16, mostTokens),
  window: whole(1, 4096),
  kernel: { ...whole(1, 1023), odd: true },
  page: whole(0, 4096),
  r: whole(0, 1024),
  k: whole(0, mostTokens),
  nDenseLayers: whole(0, 1000),
  temperature: real(0, 10),
  topK: whole(0, 1_000_000),
  /** Not 0, which would leave no token. */
  topP: real(0.001, 1),
  minP: real(0, 1),
  repetitionPenalty: real(0.1, 10),
  repetitionWindow: whole(0, 65_536),
  seed: whole(0, 4_294_967_295),
  /** Most tokens of one answer: what a request may ask for, and what a person may set for every answer. */
  maxNew: whole(1, 1_000_000),
  usualMaxNew: whole(16, 8192),
  threads: whole(0, 1024),
  /** GB on disk for kept documents; 0: chosen by the free space of the disk. */
  keptGb: whole(0, 100_000),
  /** The port of this machine at which other programs ask. */
  port: whole(1024, 65_535),
} satisfies Record<string, Range>;

/**
 * The variants of RocketKV's parts, as native/rocketkv/method.def lists them. random: rows chosen by chance, a control for measurements.
 */
export const choices = {
  decomposition: ['v2', 'v1'],
  grouping: ['kv-group', 'query-head'],
  pooling: ['max', 'triangle', 'random'],
  selector: ['pages', 'codes', 'codes-residual'],
  effort: ['low', 'medium', 'high'],
} as const;

/** paper: pages and max pooling, as published. coded: key codes and triangle pooling, fewer bytes for the same answer. */
export const presets = {
  paper: { pooling: 'max', selector: 'pages' },
  coded: { pooling: 'triangle', selector: 'codes' },
} as const;
export type PresetName = keyof typeof presets;

/** The preset that has these parts, if there is one. */
export function presetOf(parts: { pooling: string; selector: string }): PresetName | undefined {
  const names = Object.keys(presets) as PresetName[];
  return names.find((name) => presets[name].pooling === parts.pooling && presets[name].selector === parts.selector);
}

export const usualProgramsPort = 4681;
export const usualTokenBudget = 512;
/** The budgets that a tuning tries by default, those that are smaller than the document. */
export const usualBudgets: readonly number[] = [128, 256, 512, 1024, 2048];
export const mostTunedBudgets = 12;
/** What a budget must reach to be recommended: nearly always the same likeliest token, and nearly the same probabilities. KL in nats. */
export const closeEnough = { sameTop1: 0.98, klMedian: 0.003 };
