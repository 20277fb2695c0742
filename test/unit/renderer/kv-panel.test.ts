// @vitest-environment happy-dom
/// <reference lib="dom" />
/** What the panel and the status bar show of the engine's numbers. */
import { act, createElement, type ReactNode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Telemetry } from '../../../electron/contract/app-types.ts';
import type { MemoryPlan, ModelInfo } from '../../../electron/contract/engine-reports.ts';
import { AttentionStrip } from '../../../renderer/features/kv-panel/attention-strip.tsx';
import { columnWords, layerColumns, otherLayers } from '../../../renderer/features/kv-panel/layer-columns.ts';
import { MemoryBars } from '../../../renderer/features/kv-panel/memory-bars.tsx';
import { fullWords, memoryParts } from '../../../renderer/features/kv-panel/memory-parts.ts';
import { StatusBar } from '../../../renderer/features/status-bar/status-bar.tsx';
import { useEngine } from '../../../renderer/stores/engine.ts';
import { largeNumbers, sampleNumbers } from '../../fixtures/engine-numbers.ts';

const GB = 2 ** 30;

let roots: Root[] = [];

function draw(node: ReactNode): HTMLElement {
  const place = document.createElement('div');
  document.body.append(place);
  const root = createRoot(place);
  roots.push(root);
  act(() => root.render(node));
  return place;
}

function telemetry(changes: Partial<Telemetry>): void {
  const model = { info: largeNumbers.model, device: 'NVIDIA GeForce RTX 4070' };
  const engine = { state: 'ready', model, modelFile: { id: 'x', title: 'Llama', bytes: 1, licence: '' }, presets: [] };
  const models = { revision: 0, downloads: [] };
  const idle = {
    at: 0,
    engine,
    models,
    jobs: [],
    held: [],
    kept: { documents: [], failure: null },
    live: [],
    engineBytes: null,
    machineBytes: 32 * GB,
  };
  useEngine.setState({ telemetry: { ...idle, ...changes } as unknown as Telemetry });
}

beforeEach(() => {
  (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
});

afterEach(() => {
  act(() => {
    for (const root of roots) root.unmount();
  });
  roots = [];
});

describe('the parts of memory', () => {
  const { plan, counters } = sampleNumbers;

  it('are the measured ones, with the plan beside those that came out otherwise', () => {
    const parts = Object.fromEntries(memoryParts(plan, counters, null).map((part) => [part.key, part]));
    expect(parts.document).toMatchObject({ value: counters.documentBytes, planned: plan.documentKv });
    // Plan and measurement differ by half a percent, which is not shown.
    expect(parts.compact).toMatchObject({ value: counters.compactBytes, planned: null });
    expect(parts.weights).toMatchObject({ value: plan.weights, planned: null });
    expect(memoryParts(plan, null, null).every(({ planned }) => planned === null)).toBe(true);
  });

  it('say their exact bytes and what they are made of', () => {
    const noLayers: number[] = [];
    const info = {
      nLayer: 30,
      nHeadKv: 3,
      windows: noLayers,
      sharedLayers: noLayers,
      recurrentLayers: noLayers,
    } as Parameters<typeof memoryParts>[2];
    const words = memoryParts(plan, counters, info).map((part) => part.words);
    expect(words[1]).toBe(
      'Document KV: 141 MB, exactly 147,849,216 bytes. A key and a value for every token of the document and room for questions, in each of 30 layers and 3 KV heads.',
    );
    expect(fullWords(1024, 5389, info)).toMatch(/^Full KV: 1 KB, exactly 1,024 bytes\. .* all 5,389 tokens/);
  });
});

describe('layers with a window', () => {
  const windows = [512, 512, 0, 512, 512, 0];
  const none = { sharedLayers: [] as number[], recurrentLayers: [] as number[] };
  const gemma = { nLayer: 6, nHeadKv: 2, headDim: 256, windows, ...none } as unknown as ModelInfo;
  const lfm = { ...gemma, windows: [], recurrentLayers: [0, 1, 3, 4], stateBytes: 163_840 };
  const mass = [0.9, 0.8, 0.7, 0.6];

  it('have a column of their own, between those whose rows were chosen', () => {
    const columns = layerColumns(mass, gemma);
    expect(columns.map(({ instead }) => instead !== null)).toEqual(windows.map((window) => window > 0));
    expect(columns[2]).toEqual({ layer: 2, instead: null, shared: '', mass: [0.9, 0.8] });
    expect(columns[5]?.mass).toEqual([0.7, 0.6]);
    expect(columnWords(columns)).toBe('2 of 6 layers × 2 KV heads');
    expect(columnWords(layerColumns(Array(12).fill(1), { ...gemma, windows: [] }))).toBe('6 layers × 2 KV heads');
    expect(layerColumns(mass.slice(1), gemma)).toEqual([]);
    expect(layerColumns(mass, null)).toEqual([]);
    expect(layerColumns(mass, lfm).map(({ mass: shares }) => shares.length)).toEqual([0, 0, 2, 0, 0, 2]);
    expect(columnWords(layerColumns(mass, lfm))).toBe('2 of 6 layers × 2 KV heads');
  });

  it('are told apart from those that see another layer’s rows', () => {
    const sharing = { ...gemma, sharedLayers: [-1, -1, -1, -1, 1, 2] };
    expect(layerColumns(mass, sharing).map(({ shared }) => shared)).toEqual([
      ...['', '', '', ''],
      ', with the rows of layer 2',
      ', with the rows of layer 3',
    ]);
    expect(otherLayers(gemma)).toHaveLength(1);
    expect(otherLayers(sharing).at(-1)).toBe(
      'Layers 5 to 6 keep no rows of their own: they see those of layer 2 or 3.',
    );
    const { plan, counters } = sampleNumbers;
    const words = Object.fromEntries(memoryParts(plan, counters, sharing).map((part) => [part.key, part.words]));
    expect(words.document).toMatch(/in each of 1 layers and 2 KV heads\. The 3 layers that see a window/);
    expect(words.compact).toMatch(/in each of 2 layers and 2 KV heads/);
  });

  it('are said not to be compressed', () => {
    expect(otherLayers(gemma)).toEqual([
      'The other 4 layers, grey here, see the last 512 tokens and read all of them: there is nothing to compress.',
    ]);
    expect(otherLayers({ ...gemma, windows: [] })).toEqual([]);
    expect(otherLayers(lfm)).toEqual([
      'The other 4 layers, grey here, are recurrent: together they remember the text in 160 KB, however long it is, and keep no rows.',
    ]);
    expect(layerColumns(mass, lfm)[0]?.instead).toBe('is recurrent: it keeps a state and no rows');
    telemetry({ engine: { state: 'ready', model: { info: gemma, device: 'cpu' } } as unknown as Telemetry['engine'] });
    const advised = { documentId: 'a', tokenBudget: 512, cache: '1 MB', promptTokens: undefined };
    const strip = draw(createElement(AttentionStrip, { ...advised, keptMass: mass }));
    expect(strip.textContent).toContain('hold 75 % of the question’s attention, lowest 60 % in layer 6');
    expect(strip.querySelectorAll('rect')).toHaveLength(4 + 4);
    expect(strip.querySelector('title')?.textContent).toBe('layer 1: sees the last 512 tokens and reads all of them');
  });

  it('are told apart where bytes are explained', () => {
    const words = memoryParts(sampleNumbers.plan, sampleNumbers.counters, gemma).map((part) => part.words);
    expect(words[1]).toMatch(
      /in each of 2 layers and 2 KV heads\. The 4 layers that see a window keep its last 512 tokens\.$/,
    );
    expect(fullWords(1024, 10, gemma)).toContain('in each of 2 layers');
  });
});

describe('the memory bars', () => {
  it('give the document’s KV a bar of its own where it lies in RAM, and let full KV go on past the device’s end', () => {
    telemetry({});
    const { plan, counters } = largeNumbers;
    const text = draw(createElement(MemoryBars, { plan, counters, isPreview: false })).textContent;
    expect(text).toContain('NVIDIA GeForce RTX 4070');
    expect(text).toContain('7.9 GB to be had; full KV would need 20.3 GB');
    expect(text).toContain('RAM15.7 GB');
    expect(text).toContain('this machine’s 32.0 GB');
    const small: MemoryPlan = sampleNumbers.plan;
    const one = draw(createElement(MemoryBars, { plan: small, counters: null, isPreview: false })).textContent;
    expect(one).toContain('of this machine’s 32.0 GB');
    expect(one).not.toContain('RAM');
  });

  it('show experts in RAM beside what the GPU has of the weights', () => {
    telemetry({});
    const { plan, counters } = largeNumbers;
    const moved = { weightsInRam: 2 * GB, expertLayersInRam: 12, expertsReadInRam: GB / 8, expertBuffers: GB / 4 };
    const text = draw(
      createElement(MemoryBars, { plan: { ...plan, ...moved }, counters, isPreview: false }),
    ).textContent;
    expect(text).toContain('RAM17.7 GB');
    const [before, parts] = [memoryParts(plan, counters, null), memoryParts({ ...plan, ...moved }, counters, null)];
    const bytesOf = (key: string, of = parts) => of.find((part) => part.key === key)?.value ?? 0;
    expect(bytesOf('weights')).toBe(plan.weights - 2 * GB);
    expect(bytesOf('experts')).toBe(2 * GB);
    expect(bytesOf('buffers')).toBe(plan.layerBuffers + GB / 4);
    expect(before.some(({ key }) => key === 'experts')).toBe(false);
    expect(parts.find(({ key }) => key === 'experts')?.words).toContain('experts of 12 layers');
  });
});

describe('the gauge', () => {
  it.each([
    [0.5, 'var(--part-weights)'],
    [0.76, 'var(--warn)'],
    [0.93, 'var(--danger)'],
  ])('at %f of the machine’s memory is %s', (share, color) => {
    telemetry({ engineBytes: share * 32 * GB });
    const bar = draw(createElement(StatusBar));
    expect(bar.textContent).toMatch(/^Engine [\d.]+ GB of 32\.0 GB/);
    expect(bar.querySelector<HTMLElement>('button [aria-hidden] > span')?.style.background).toBe(color);
  });
});
