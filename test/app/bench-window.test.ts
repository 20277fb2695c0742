/** `bench --beside window` measures on a real window: reading and answering with it and without it, each as long as was asked for. */
import { expect, it } from 'vitest';
import { BenchedWindow } from '../../electron/cli/bench-window.ts';
import { rocketOptionsFor } from '../../electron/contract/method.ts';
import { inChromium } from './opened-window.ts';

const text = Array.from(
  { length: 60 },
  (_, i) => `Station ${i + 1} lies ${3 * i + 2} miles inland and has ${i + 4} lamps. `,
).join('');

inChromium('a benched window', () => {
  it('gives both speeds of each variant, and refuses what the window cannot choose', async () => {
    const window = new BenchedWindow({ text, depth: 400, maxNew: 40, threads: 1, model: undefined });
    const rocket = rocketOptionsFor({ mode: 'rocketkv' }, { tokenBudget: 128 });
    try {
      await window.open();
      const { alone, beside } = await window.round([{ mode: 'rocketkv', rocket }]);
      for (const speeds of [alone, beside]) {
        expect(speeds).toHaveLength(1);
        expect(speeds[0]?.prefillTokS).toBeGreaterThan(0);
        expect(speeds[0]?.decodeTokS).toBeGreaterThan(0);
      }
      const random = { mode: 'rocketkv' as const, rocket: { ...rocket, pooling: 'random' as const } };
      await expect(window.round([random])).rejects.toThrow('The window offers no rows by chance');
    } finally {
      await window.close();
    }
  });
});
