/** The plain values behind method.ts, for a window that shows and asks but parses nothing: ranges, presets, what is usual. */

const mostTokens = 16_777_216;

/** Least and most of what is a number; `whole`: no fractions. */
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
  /** 0 itself would leave no token. */
  topP: real(0.001, 1),
  minP: real(0, 1),
  repetitionPenalty: real(0.1, 10),
  repetitionWindow: whole(0, 65_536),
  seed: whole(0, 4_294_967_295),
  /** Tokens of one answer at all, and as a person may set it for every answer. */
  maxNew: whole(1, 1_000_000),
  usualMaxNew: whole(16, 8192),
  threads: whole(0, 1024),
  /** GB on disk for documents that were read; 0: as the disk allows. */
  keptGb: whole(0, 100_000),
  /** Of this machine, where other programs ask. */
  port: whole(1024, 65_535),
} satisfies Record<string, Range>;

/** What RocketKV's parts may be, as native/rocketkv/method.def lists them. random: rows by chance, a control for measuring. */
export const choices = {
  decomposition: ['v2', 'v1'],
  grouping: ['kv-group', 'query-head'],
  pooling: ['max', 'triangle', 'random'],
  selector: ['pages', 'codes', 'codes-residual'],
} as const;

/** paper: pages and max pooling, as published. coded: key codes and triangle pooling, fewer bytes for the same answer. */
export const presets = {
  paper: { pooling: 'max', selector: 'pages' },
  coded: { pooling: 'triangle', selector: 'codes' },
} as const;
export type PresetName = keyof typeof presets;

/** The preset that these parts are, if any. */
export function presetOf(parts: { pooling: string; selector: string }): PresetName | undefined {
  const names = Object.keys(presets) as PresetName[];
  return names.find((name) => presets[name].pooling === parts.pooling && presets[name].selector === parts.selector);
}

export const usualProgramsPort = 4681;
export const usualTokenBudget = 512;
/** What a tuning tries when nothing else is said, as far as they are smaller than the document. */
export const usualBudgets: readonly number[] = [128, 256, 512, 1024, 2048];
export const mostTunedBudgets = 12;
/** What a budget must reach to be recommended: the same best token nearly always, and nearly the same odds. KL in nats. */
export const closeEnough = { sameTop1: 0.98, klMedian: 0.003 };
