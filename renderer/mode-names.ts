/** The modes in a few words each, as the settings and the lines under answers name them. */
import type { AnswerMode } from '../electron/contract/method.ts';

export const modeNames: Record<AnswerMode, string> = {
  full: 'Full KV',
  'rocketkv-mt': 'RocketKV-MT',
  rocketkv: 'RocketKV',
  snapkv: 'SnapKV',
  hsa: 'HSA',
  'exact-topk': 'Exact top-k',
};
