/**
 * Which layers of a model see every token, which see only those of a sliding window, which see the rows of another layer, and which are
 * recurrent. Used wherever bytes or layers are shown.
 */
import type { ModelInfo } from './engine-reports.ts';

type Layers = Pick<ModelInfo, 'nLayer' | 'windows' | 'recurrentLayers'>;

export const windowOf = ({ windows }: Pick<ModelInfo, 'windows'>, layer: number): number => windows[layer] ?? 0;

/** It keeps no rows, but a state that is as large after a long text as after a short one. */
export const isRecurrent = ({ recurrentLayers }: Pick<ModelInfo, 'recurrentLayers'>, layer: number): boolean =>
  recurrentLayers.includes(layer);

const layersOf = ({ nLayer }: Pick<ModelInfo, 'nLayer'>) => Array.from({ length: nLayer }, (_, layer) => layer);

/** Layers that see every token, which the method compresses. Counted from 0. */
export const fullLayers = (model: Layers): number[] =>
  layersOf(model).filter((layer) => windowOf(model, layer) === 0 && !isRecurrent(model, layer));

export const windowLayers = (model: Layers): number[] => layersOf(model).filter((layer) => windowOf(model, layer) > 0);

/** Each window once, the shortest first. */
export const windowSizes = ({ windows }: Pick<ModelInfo, 'windows'>): number[] =>
  [...new Set(windows.filter((window) => window > 0))].sort((a, b) => a - b);

/** Layers that keep no rows, but see those of an earlier one. */
export const sharingLayers = ({ sharedLayers }: Pick<ModelInfo, 'sharedLayers'>): number[] =>
  sharedLayers.flatMap((of, layer) => (of >= 0 ? [layer] : []));

/** Those of `layers` that do not see another's rows. */
export const withRowsOfTheirOwn = (model: Pick<ModelInfo, 'sharedLayers'>, layers: readonly number[]): number[] => {
  const sharing = sharingLayers(model);
  return layers.filter((layer) => !sharing.includes(layer));
};

/** The layers whose rows others see, ascending. */
export const sharedSources = ({ sharedLayers }: Pick<ModelInfo, 'sharedLayers'>): number[] =>
  [...new Set(sharedLayers.filter((of) => of >= 0))].sort((a, b) => a - b);

/** ", with the rows of layer 14", for a layer that keeps none of its own. */
export function sharedWords({ sharedLayers }: Pick<ModelInfo, 'sharedLayers'>, layer: number): string {
  const of = sharedLayers[layer] ?? -1;
  return of >= 0 ? `, with the rows of layer ${of + 1}` : '';
}

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
export function windowKvBytes({ windows, rowBytes }: Pick<ModelInfo, 'windows' | 'rowBytes'>, tokens: number): number {
  return windows.reduce((sum, window, layer) => sum + Math.min(tokens, window) * (rowBytes[layer] ?? 0), 0);
}
