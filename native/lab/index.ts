/** Loads the addon that measures and tests; no package has it. */
import { loadAddonFile } from '../index.ts';
import type { NativeLab } from './binding.ts';

export const loadLab = () =>
  loadAddonFile('rocketdoc_lab.node', {
    sentence: 'The measuring tools are not built yet.',
    advice: 'build-lab',
  }) as NativeLab;
