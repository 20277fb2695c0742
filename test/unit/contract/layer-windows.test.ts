/** Which layers keep every token, and what the others keep. */
import { expect, it } from 'vitest';
import {
  fullLayers,
  isRecurrent,
  layerRanges,
  sharedWords,
  sharingLayers,
  windowKvBytes,
  windowLayers,
  windowSizes,
} from '../../../electron/contract/layer-windows.ts';

/** The layers of Gemma 3 270M: five of six see 512 tokens. */
const windows = Array.from({ length: 18 }, (_, layer) => (layer % 6 === 5 ? 0 : 512));
const gemma = { nLayer: 18, rowBytes: Array<number>(18).fill(1024), windows, recurrentLayers: [] };
const llama = { nLayer: 30, rowBytes: Array<number>(30).fill(768), windows: [], recurrentLayers: [] };

it('tells the layers apart', () => {
  expect(fullLayers(gemma)).toEqual([5, 11, 17]);
  expect(windowLayers(gemma)).toHaveLength(15);
  expect(windowSizes(gemma)).toEqual([512]);
  expect(windowSizes({ windows: [1024, 0, 512, 1024] })).toEqual([512, 1024]);
  expect(fullLayers(llama)).toHaveLength(30);
  expect(windowLayers(llama)).toEqual([]);
  expect(fullLayers({ ...llama, nLayer: 5, recurrentLayers: [0, 1, 3] })).toEqual([2, 4]);
  expect(isRecurrent({ recurrentLayers: [0, 1, 3] }, 3)).toBe(true);
});

it('names the layer whose rows another one sees', () => {
  const sharedLayers = [-1, -1, 0, 1];
  expect(sharingLayers({ sharedLayers })).toEqual([2, 3]);
  expect(sharedWords({ sharedLayers }, 3)).toBe(', with the rows of layer 2');
  expect(sharedWords({ sharedLayers }, 1)).toBe('');
});

it('counts layers as a person does', () => {
  expect(layerRanges(fullLayers(gemma))).toBe('6, 12, 18');
  expect(layerRanges(windowLayers(gemma))).toBe('1 to 5, 7 to 11, 13 to 17');
  expect(layerRanges([])).toBe('');
  expect(layerRanges([0, 1])).toBe('1 to 2');
});

it('counts the bytes of a window once a text is longer than it', () => {
  expect(windowKvBytes(gemma, 100)).toBe(15 * 100 * 256 * 4);
  expect(windowKvBytes(gemma, 100_000)).toBe(15 * 512 * 256 * 4);
  expect(windowKvBytes(llama, 100_000)).toBe(0);
  // A layer that sees the rows of another keeps none.
  expect(windowKvBytes({ windows: [512, 0, 512], rowBytes: [2048, 4096, 0] }, 1000)).toBe(512 * 2048);
});
