/** A document's own choice in a few words. */
import type { MemoryShortage, SmallerPlan } from '../electron/contract/engine-reports.ts';
import { presetOf } from '../electron/contract/method-values.ts';
import type { OwnChoice } from '../electron/contract/settings.ts';
import { count } from './format.ts';
import { modeNames } from './mode-names.ts';

const homes = { auto: 'on the GPU while it fits', device: 'on the GPU', host: 'in RAM' };
const presetNames = { paper: 'preset Paper', coded: 'preset Coded' };

/** What the engine proposes first where memory was too small. */
export const firstProposal = (shortage: MemoryShortage | undefined): SmallerPlan['changes'] | undefined =>
  shortage?.proposals[0]?.changes;

/** Whether the document must be read again: its KV has one type and lies in one memory, neither of which changes afterwards. */
export const needsReading = ({ kvType, documentHome }: SmallerPlan['changes']): boolean =>
  kvType !== undefined || documentHome !== undefined;

export function ownWords(own: OwnChoice): string {
  const { mode, tokenBudget, kvType, documentHome, pooling, selector, window, kernel, decomposition } = own;
  const preset = pooling && selector ? presetOf({ pooling, selector }) : undefined;
  const words = [
    tokenBudget === undefined ? null : `budget ${count(tokenBudget)}`,
    mode === undefined ? null : modeNames[mode],
    kvType === undefined ? null : `document KV in ${kvType}`,
    documentHome === undefined ? null : `document ${homes[documentHome]}`,
    own.effort === undefined ? null : `reasoning effort ${own.effort}`,
    preset ? presetNames[preset] : null,
    pooling && !preset ? `${pooling} pooling` : null,
    selector && !preset ? `selector ${selector}` : null,
    window === undefined ? null : `window ${count(window)}`,
    kernel === undefined ? null : `kernel ${count(kernel)}`,
    decomposition === undefined ? null : `decomposition ${decomposition}`,
    own.nDenseLayers === undefined ? null : `${count(own.nDenseLayers)} dense layers`,
    own.maxNew === undefined ? null : `answers up to ${count(own.maxNew)} tokens`,
  ];
  return words.filter((word) => word !== null).join(', ');
}
