/** Which layers of a model keep every token, and which keep only those of a sliding window. Used wherever bytes or layers are shown. */
import type { ModelInfo } from './engine-reports.ts';

type Layers = Pick<ModelInfo, 'nLayer' | 'windows'>;

export const windowOf = ({ windows }: Layers, layer: number): number => windows[layer] ?? 0;

const layersOf = ({ nLayer }: Layers) => Array.from({ length: nLayer }, (_, layer) => layer);

/** Layers that keep every token, which the method compresses. Counted from 0. */
export const fullLayers = (model: Layers): number[] => layersOf(model).filter((layer) => windowOf(model, layer) === 0);

export const windowLayers = (model: Layers): number[] => layersOf(model).filter((layer) => windowOf(model, layer) > 0);

/** Each window once, the shortest first. */
export const windowSizes = ({ windows }: Pick<ModelInfo, 'windows'>): number[] =>
  [...new Set(windows.filter((window) => window > 0))].sort((a, b) => a - b);

/** "1 to 5, 7 to 11, 13": layers as a person counts them. */
export function layerRanges(layers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const layer of layers) {
    const last = runs.at(-1);
    if (last && last[1] === layer - 1) last[1] = layer;
    else runs.push([layer, layer]);
  }
  return runs.map(([from, to]) => (from === to ? `${from + 1}` : `${from + 1} to ${to + 1}`)).join(', ');
}

/** Bytes of f16 K and V that the layers with a window hold of a text of so many tokens. */
export function windowKvBytes(
  { windows, nHeadKv, headDim }: Pick<ModelInfo, 'windows' | 'nHeadKv' | 'headDim'>,
  tokens: number,
): number {
  const rows = windows.reduce((sum, window) => sum + (window > 0 ? Math.min(tokens, window) : 0), 0);
  return rows * nHeadKv * headDim * 4;
}
