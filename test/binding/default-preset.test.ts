/** The preset that a question has by default is never one that the engine refuses, and never one that leaves few rows to attend to. */
import { expect, it } from 'vitest';
import { rocketOptionsFor } from '../../electron/contract/method.ts';
import { answerModes, defaultPreset, presets } from '../../electron/contract/method-values.ts';
import { addon } from './tiny-engine.ts';

const lengths = [1, 100, 1000, 5000, 40_000, 131_072, 1_000_000];
const answers = [1, 16, 64, 256, 1000, 2048, 2049, 8192, 100_000];
const budgets = [16, 32, 48, 64, 128, 256, 512, 1024, 8192, 131_072];
const headDims = [32, 64, 128, 256, 512];

function* questions() {
  for (const nPrompt of lengths)
    for (const maxNew of answers)
      for (const tokenBudget of budgets)
        for (const headDim of headDims)
          for (const window of [1, 32, 4096]) yield { nPrompt, maxNew, tokenBudget, headDim, window };
}

it.each(answerModes)('%s: the engine takes it, for every text, answer, budget and head', (mode) => {
  for (const { nPrompt, maxNew, tokenBudget, headDim, window } of questions())
    for (const decomposition of ['v2', 'v1'] as const) {
      const rocket = rocketOptionsFor({ mode, maxNew }, { tokenBudget, window, decomposition });
      const asked = { rocket, nPrompt, nQuestion: Math.min(nPrompt, window), maxNew, headDim, mode };
      const { k } = addon.budgets(asked);
      if (k < 1) throw new Error(`no rows: ${JSON.stringify(asked)}`);
    }
});

it('codes are the default only where they attend to about as many rows as pages do', () => {
  let coded = 0;
  for (const { nPrompt, maxNew, tokenBudget, headDim, window } of questions()) {
    const mode = 'rocketkv-mt';
    const facts = { mode, maxNew, tokenBudget, window, decomposition: 'v2' } as const;
    if (defaultPreset(facts) !== 'coded') continue;
    coded++;
    const kOf = (preset: (typeof presets)[keyof typeof presets]) => {
      const rocket = rocketOptionsFor({ mode, maxNew }, { tokenBudget, window, ...preset });
      return addon.budgets({ rocket, nPrompt, nQuestion: Math.min(nPrompt, window), maxNew, headDim, mode }).k;
    };
    const [byCodes, byPages] = [kOf(presets.coded), kOf(presets.paper)];
    if (byCodes < 0.75 * byPages - 4) throw new Error(`${byCodes} of ${byPages}: ${JSON.stringify(facts)}, ${nPrompt}`);
  }
  expect(coded).toBeGreaterThan(1000);
});
