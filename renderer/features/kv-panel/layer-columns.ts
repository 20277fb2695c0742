/** The columns of the strip of kept attention, one a layer: a share for each KV head, or a window, where nothing is chosen. Pure. */
import type { ModelInfo } from '../../../electron/contract/engine-reports.ts';
import {
  fullLayers,
  layerRanges,
  sharedWords,
  sharingLayers,
  windowLayers,
  windowOf,
  windowSizes,
} from '../../../electron/contract/layer-windows.ts';
import { count, plural } from '../../format.ts';

export interface LayerColumn {
  /** Counted from 0. */
  layer: number;
  /** Tokens of the layer's sliding window; 0: the layer has none, and its rows were chosen. */
  window: number;
  /** What else is to be said of the layer: whose rows it sees, where they are not its own. */
  shared: string;
  /** For each KV head; empty where the layer has a window. */
  mass: readonly number[];
}

/** Returns no columns where the numbers are of another model than this one. */
export function layerColumns(keptMass: readonly number[], model: ModelInfo | null): LayerColumn[] {
  if (!model || model.nHeadKv === 0 || keptMass.length === 0) return [];
  const chosen = fullLayers(model);
  const heads = keptMass.length / chosen.length;
  if (!Number.isInteger(heads) || heads % model.nHeadKv !== 0) return [];
  return Array.from({ length: model.nLayer }, (_, layer) => {
    const at = chosen.indexOf(layer);
    const mass = at < 0 ? [] : keptMass.slice(at * heads, (at + 1) * heads);
    return { layer, window: windowOf(model, layer), shared: sharedWords(model, layer), mass };
  });
}

/** "3 of 18 layers × 1 KV head", or all of them. */
export function columnWords(columns: readonly LayerColumn[]): string {
  const chosen = columns.filter(({ window }) => window === 0);
  const heads = chosen[0]?.mass.length ?? 0;
  const layers = chosen.length < columns.length ? `${chosen.length} of ${columns.length}` : `${columns.length}`;
  return `${layers} layers × ${plural(heads, 'KV head')}`;
}

/** What the layers with a window do; null where there are none. */
export function windowNote(model: ModelInfo | null): string | null {
  const windowed = model ? windowLayers(model) : [];
  if (!model || windowed.length === 0) return null;
  const last = windowSizes(model).map(count).join(' or ');
  return `The other ${windowed.length} layers, grey here, see the last ${last} tokens and read all of them: there is nothing to compress.`;
}

/** Which layers keep no rows of their own; null where each does. */
export function sharedNote(model: ModelInfo | null): string | null {
  const sharing = model ? sharingLayers(model) : [];
  if (!model || sharing.length === 0) return null;
  const of = [...new Set(sharing.map((layer) => model.sharedLayers[layer] ?? 0))].sort((a, b) => a - b);
  const names = of.map((layer) => `${layer + 1}`).join(' or ');
  return `Layers ${layerRanges(sharing)} keep no rows of their own: they see those of layer ${names}.`;
}
