/** Loads the addon that measures and tests; no package has it. */
import { loadAddonFile } from '../index.ts';
import type { NativeLab } from './binding.ts';

export const loadLab = () =>
  loadAddonFile(
    'rocketdoc_lab.node',
    'The measuring tools are not built yet. Run: node electron/setup/ready.mjs lab',
  ) as NativeLab;
