/** Together they come to every screen once. */
import { chatting, depth } from './chat.ts';
import { budgets, settings, shelf } from './choosing.ts';
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
  many,
  settings,
  budgets,
  shelf,
  large,
  windowed,
  lost,
];
