import { expect, it } from 'vitest';
import { estimatedNeed, fitOf, type NeedOf, type Room } from '../../../../electron/app-host/models/model-fit.ts';
import { defaultSettings } from '../../../../electron/contract/settings.ts';

const GB = 2 ** 30;
/** A model of 1 GB whose document KV takes 1 KiB per token in f16. */
const needOf: NeedOf = async (tokens, kvType) => ({
  device: GB + tokens * 1024 * (kvType === 'f16' ? 1 : 0.53),
  document: 0,
});
const choice = { kvType: 'f16' as const, maxNew: 256 };
const cpu = (available: number): Room => ({ onGpu: false, available, hostAvailable: available });
const fitWith = (available: number, kvType: 'f16' | 'q8_0' = 'f16') =>
  fitOf({ contextTokens: 131_072, choice: { ...choice, kvType }, room: cpu(available), needOf, isEstimate: false });

it('fits, fits with q8_0, fits a shorter document, does not fit', async () => {
  const whole = GB + (131_072 - 256) * 1024;
  expect(await fitWith(2 * GB)).toEqual({
    level: 'fits',
    tokens: 130_816,
    need: whole,
    available: 2 * GB,
    isEstimate: false,
  });
  const halved = await fitWith(GB + 80 * 2 ** 20);
  expect(halved).toMatchObject({ level: 'q8_0', tokens: 130_816 });
  expect(halved.need).toBeLessThanOrEqual(halved.available);
  const shorter = await fitWith(GB + 50 * 2 ** 20);
  expect(shorter).toMatchObject({ level: 'shorter', tokens: 51_000 });
  expect(shorter.need).toBeLessThanOrEqual(shorter.available);
  expect(await fitWith(GB + 50 * 2 ** 20, 'q8_0')).toMatchObject({ level: 'shorter', tokens: 96_000 });
  const none = await fitWith(GB);
  expect(none).toMatchObject({ level: 'no', tokens: 2048, available: GB });
  expect(none.need).toBeGreaterThan(none.available);
});

it('knows models with a context shorter than the shortest document', async () => {
  const room = cpu(2 * GB);
  expect(await fitOf({ contextTokens: 512, choice, room, needOf, isEstimate: true })).toMatchObject({
    level: 'fits',
    tokens: 256,
    isEstimate: true,
  });
});

it('counts a document beside a GPU against RAM', async () => {
  const split: NeedOf = async (tokens) => ({ device: GB, document: tokens * 1024 });
  const room = { onGpu: true, available: 2 * GB, hostAvailable: 64 * 2 ** 20 };
  const found = await fitOf({ contextTokens: 131_072, choice, room, needOf: split, isEstimate: true });
  expect(found).toMatchObject({ level: 'shorter', tokens: 65_000 });
  expect(
    await fitOf({
      contextTokens: 131_072,
      choice,
      room: { ...room, hostAvailable: 0 },
      needOf: split,
      isEstimate: true,
    }),
  ).toMatchObject({
    level: 'no',
    available: 0,
  });
});

it('reckons the embedded model a little above its plan', async () => {
  // The engine's own plan for 7,936 tokens and a budget of 512: weights, document, compact cache, summaries, activations, logits.
  const planned = 386_902_656;
  const facts = { weights: 96_576_768, layers: 30, choosing: 30, channels: 3 * 64, windows: [] };
  const { device } = await estimatedNeed(facts, defaultSettings, { onGpu: false })(7936, 'f16');
  expect(device).toBeGreaterThan(planned * 0.98);
  expect(device).toBeLessThan(planned * 1.3);
  // Five layers of six have a window: their KV does not grow with the text.
  const windowed = { ...facts, layers: 5, choosing: 5, windows: Array(25).fill({ tokens: 512, channels: 3 * 64 }) };
  const needs = await Promise.all(
    [8000, 32_000].map((n) => estimatedNeed(windowed, defaultSettings, { onGpu: false })(n, 'f16')),
  );
  const grown = (needs[1]?.device ?? 0) - (needs[0]?.device ?? 0);
  expect(needs[0]?.device).toBeLessThan(device);
  expect(grown).toBeLessThan(24_000 * (5 * 3 * 64 * 4 * 1.5 + 1200));
  const onGpu = await estimatedNeed(facts, defaultSettings, { onGpu: true })(7936, 'f16');
  expect(onGpu.device + onGpu.document).toBeGreaterThan(device);
  expect(onGpu.device).toBeLessThan(device / 1.5);
});
