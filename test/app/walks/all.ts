/** All walks. Together they show every screen once. */
import { chatting, depth } from './chat.ts';
import { budgets, modelList, programs, settings } from './choosing.ts';
import { evidence, evidenceNamed } from './evidence.ts';
import { firstScreen, manyDocuments, protectedPdf } from './library.ts';
import { reading, receipts } from './reading.ts';
import type { Walk } from './screens.ts';
import { largeModel, lostConnection, windowed } from './sizes.ts';

export const walks: readonly (() => Walk)[] = [
  firstScreen,
  protectedPdf,
  reading,
  receipts,
  chatting,
  depth,
  evidence,
  evidenceNamed,
  manyDocuments,
  settings,
  programs,
  budgets,
  modelList,
  largeModel,
  windowed,
  lostConnection,
];
