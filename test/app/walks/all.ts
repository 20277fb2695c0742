/** All walks. Together they show every screen once. */
import { chatting, depth } from './chat.ts';
import { budgets, programs, settings, shelf } from './choosing.ts';
import { evidence, evidenceNamed } from './evidence.ts';
import { beginning, guarded, many } from './library.ts';
import { reading, receipts } from './reading.ts';
import type { Walk } from './screens.ts';
import { large, lost, windowed } from './sizes.ts';

export const walks: readonly (() => Walk)[] = [
  beginning,
  guarded,
  reading,
  receipts,
  chatting,
  depth,
  evidence,
  evidenceNamed,
  many,
  settings,
  programs,
  budgets,
  shelf,
  large,
  windowed,
  lost,
];
