import { expect, it } from 'vitest';
import { factsOf, kvBytesOf } from '../../../../electron/app-host/models/model-facts.ts';
import {
  estimatedNeed,
  fitOf,
  type ModelFacts,
  type NeedOf,
  type Room,
} from '../../../../electron/app-host/models/model-fit.ts';
import { catalogueModelSchema } from '../../../../electron/contract/models.ts';
import { defaultSettings } from '../../../../electron/contract/settings.ts';

const GB = 2 ** 30;
/** A model of 1 GB whose document KV takes 1 KiB per token in f16. */
const needOf: NeedOf = async (tokens, kvType) => ({
  device: GB + tokens * 1024 * (kvType === 'f16' ? 1 : 0.53),
  ram: 0,
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
  const split: NeedOf = async (tokens) => ({ device: GB, ram: tokens * 1024 });
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
  const facts = {
    weights: 96_576_768,
    experts: null,
    layers: 30,
    choosing: 30,
    channels: 3 * 64,
    windows: [],
    states: 0,
  };
  const { device } = await estimatedNeed(facts, defaultSettings, { onGpu: false, available: 0 })(7936, 'f16');
  expect(device).toBeGreaterThan(planned * 0.98);
  expect(device).toBeLessThan(planned * 1.3);
  // Five layers of six have a window: their KV does not grow with the text.
  const windowed = { ...facts, layers: 5, choosing: 5, windows: [{ layers: 25, tokens: 512, channels: 3 * 64 }] };
  const needs = await Promise.all(
    [8000, 32_000].map((n) => estimatedNeed(windowed, defaultSettings, { onGpu: false, available: 0 })(n, 'f16')),
  );
  const grown = (needs[1]?.device ?? 0) - (needs[0]?.device ?? 0);
  expect(needs[0]?.device).toBeLessThan(device);
  expect(grown).toBeLessThan(24_000 * (5 * 3 * 64 * 4 * 1.5 + 1200));
  const onGpu = await estimatedNeed(facts, defaultSettings, { onGpu: true, available: 64 * GB })(7936, 'f16');
  expect(onGpu.device + onGpu.ram).toBeGreaterThan(device);
  expect(onGpu.device).toBeLessThan(device / 1.5);
});

it('counts each kind of layer by its own rows, and a state once where it is computed with and twice in RAM', async () => {
  const pick = (most: number) => 1 + Math.floor(Math.random() * most);
  const [layers, channels, window] = [pick(40), 64 * pick(16), 128 * pick(8)];
  const windows = [{ layers: pick(40), tokens: window, channels: 64 * pick(32) }];
  const states = pick(200_000_000);
  const plain = { weights: GB, experts: null, layers, choosing: layers, channels, windows: [], states: 0 };
  const full = { mode: 'full' as const, tokenBudget: 512 };
  const need = (facts: ModelFacts, onGpu: boolean, choice: Parameters<typeof estimatedNeed>[1] = full) =>
    estimatedNeed(facts, choice, { onGpu, available: 64 * GB })(32_768, 'f16');
  const bytes = async (facts: ModelFacts) => (await need(facts, false)).device - (await need(plain, false)).device;
  // 1,024 rows more than the window's, for questions and answers.
  const inWindows = windows.reduce((sum, own) => sum + own.layers * (own.tokens + 1024) * own.channels * 4, 0);
  expect(await bytes({ ...plain, windows })).toBeCloseTo(inWindows, 0);
  expect(await bytes({ ...plain, states })).toBeCloseTo(3 * states, 0);
  // Layers that see another's rows keep none: they add what they choose, and nothing in full mode.
  expect(await bytes({ ...plain, choosing: layers + 4 })).toBe(0);
  const rocket = { mode: 'rocketkv' as const, tokenBudget: 512 };
  const chosen = await need({ ...plain, choosing: layers * 2 }, false, rocket);
  const own = await need({ ...plain, layers: layers * 2, choosing: layers * 2 }, false, rocket);
  expect(own.device - chosen.device).toBeCloseTo((32_768 + 1024) * layers * channels * 4, -2);
  for (const choice of [full, rocket]) {
    const [with_, without] = [await need({ ...plain, states }, true, choice), await need(plain, true, choice)];
    expect(with_.device - without.device).toBeCloseTo(states, -2);
    expect(with_.ram - without.ram).toBeCloseTo(2 * states, -2);
  }
});

it('moves as many experts to RAM as a GPU has no room for', async () => {
  const experts = { bytes: 17 * GB, layers: 48 };
  const facts = { weights: 18 * GB, experts, layers: 48, choosing: 48, channels: 512, windows: [], states: 0 };
  const choice = { mode: 'rocketkv-mt' as const, tokenBudget: 512 };
  const needOn = (available: number, of: ModelFacts = facts) =>
    estimatedNeed(of, choice, { onGpu: true, available })(32_768, 'f16');
  const whole = await needOn(80 * GB);
  expect(whole).toEqual(await needOn(80 * GB, { ...facts, experts: null }));
  const tight = await needOn(12 * GB);
  expect(tight.device).toBeLessThanOrEqual(12 * GB - 2 ** 29 + 1);
  expect(tight.ram).toBeGreaterThan(whole.ram + 6 * GB);
  // What visits the GPU is there beside what lies in RAM.
  expect(tight.device + tight.ram).toBeCloseTo(whole.device + whole.ram + (2 * experts.bytes) / 48, -2);
  // Attention and the rest stay on the GPU.
  const least = await needOn(0);
  expect(least.ram).toBeCloseTo(whole.ram + experts.bytes, -2);
  expect(await needOn(12 * GB, { ...facts, experts: null })).toEqual(whole);
});

it('takes a catalogue entry’s layers as they are', () => {
  const entry = catalogueModelSchema.parse({
    ...{ id: 'one', title: 'One', publisher: 'P', licence: 'MIT', weightType: 'q4_0', bytes: 5000 },
    ...{ url: 'https://example.org/one.gguf', fileName: 'one.gguf', layers: 3, kvHeads: 1, headDim: 512 },
    ...{ windows: [{ layers: 12, tokens: 512, headDim: 256 }], sharingLayers: 4, stateBytes: 77 },
  });
  expect(kvBytesOf(entry)).toBe(3 * 512 * 4);
  expect(factsOf(entry)).toEqual({
    ...{ weights: 5000, experts: null, layers: 3, choosing: 7, channels: 512, states: 77 },
    windows: [{ layers: 12, tokens: 512, channels: 256 }],
  });
  const wider = { ...entry, windows: [{ layers: 12, tokens: 512, kvHeads: 8, headDim: null }] };
  expect(factsOf(wider)?.windows[0]?.channels).toBe(8 * 512);
});
