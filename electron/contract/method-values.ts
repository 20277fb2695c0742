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

/** full: every row. rocketkv-mt: both stages, full KV kept for later questions. rocketkv: both stages, full KV dropped.
 *  snapkv: stage 1 alone. hsa: stage 2 alone. exact-topk: oracle, the exact top-k of the full KV. */
export const answerModes = ['full', 'rocketkv-mt', 'rocketkv', 'snapkv', 'hsa', 'exact-topk'] as const;
type Mode = (typeof answerModes)[number];
export const defaultMode = 'rocketkv-mt' as const satisfies Mode;

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

/** What selects rows: stage 2's selector and stage 1's pooling. */
export interface Choosing {
  pooling: (typeof choices.pooling)[number];
  selector: (typeof choices.selector)[number];
}

/** paper: pages and max pooling, as published. coded: key codes and triangle pooling, fewer bytes for the same answer. */
export const presets = {
  paper: { pooling: 'max', selector: 'pages' },
  coded: { pooling: 'triangle', selector: 'codes' },
} as const satisfies Record<string, Choosing>;
export type PresetName = keyof typeof presets;

/** What the default preset of a question depends on. */
export interface PresetFacts {
  mode: Mode;
  tokenBudget: number;
  maxNew: number;
  window: number;
  decomposition: (typeof choices.decomposition)[number];
  /** Of pages; 0 or absent: derived from the budget. */
  page?: number;
  r?: number;
}

/**
 * The preset of a question for which none was chosen. coded keeps the most of full KV's right answers (test/model/README.md), where its codes
 * leave room. The codes of 16 rows are as many bytes as one row. So with up to 8 t kept rows they take at most half of the budget, and as many
 * rows are attended to as by pages; from 16 t on the engine refuses them. Stage 1 keeps at most 6.4 t rows of a text of any length that is
 * read, but never fewer than twice the longest answer. Stage 2 alone keeps every row, and the old decomposition keeps too many of a long text.
 */
export function defaultPreset({ mode, tokenBudget, maxNew, window, decomposition, page, r }: PresetFacts): PresetName {
  if (mode === 'snapkv') return 'coded'; // no codes, only the pooling
  if (mode === 'hsa' || decomposition === 'v1' || page || r) return 'paper';
  const least = Math.max(2 * maxNew, window + maxNew);
  return least <= 8 * tokenBudget ? 'coded' : 'paper';
}

/** What selects rows: what was chosen of it, and the rest by default. Pages alone go with max pooling, codes with the triangle. */
export function choosingFor(
  facts: PresetFacts,
  chosen: { [Part in keyof Choosing]?: Choosing[Part] | undefined },
): Choosing {
  const selector = chosen.selector ?? presets[defaultPreset(facts)].selector;
  const suited = facts.mode === 'snapkv' ? defaultPreset(facts) : selector === 'pages' ? 'paper' : 'coded';
  return { selector, pooling: chosen.pooling ?? presets[suited].pooling };
}

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
