/** The columns of the strip of kept attention, one a layer: a share for each KV head, or where nothing is chosen what the layer does. Pure. */
import type { ModelInfo } from '../../../electron/contract/engine-reports.ts';
import {
  fullLayers,
  isRecurrent,
  layerRanges,
  sharedSources,
  sharedWords,
  sharingLayers,
  windowLayers,
  windowOf,
  windowSizes,
} from '../../../electron/contract/layer-windows.ts';
import { bytes, count, plural } from '../../format.ts';

export interface LayerColumn {
  /** Counted from 0. */
  layer: number;
  /** Why nothing is chosen in the layer, as the end of a sentence; null: its rows were chosen. */
  instead: string | null;
  /** What else is to be said of the layer: whose rows it sees, where they are not its own. */
  shared: string;
  /** For each KV head; empty where nothing is chosen. */
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
    return { layer, instead: insteadOf(model, layer), shared: sharedWords(model, layer), mass };
  });
}

function insteadOf(model: ModelInfo, layer: number): string | null {
  if (isRecurrent(model, layer)) return 'is recurrent: it keeps a state and no rows';
  const window = windowOf(model, layer);
  return window > 0 ? `sees the last ${count(window)} tokens and reads all of them` : null;
}

/** "3 of 18 layers × 1 KV head", or all of them. */
export function columnWords(columns: readonly LayerColumn[]): string {
  const chosen = columns.filter(({ instead }) => instead === null);
  const heads = chosen[0]?.mass.length ?? 0;
  const layers = chosen.length < columns.length ? `${chosen.length} of ${columns.length}` : `${columns.length}`;
  return `${layers} layers × ${plural(heads, 'KV head')}`;
}

/** What the layers do in which nothing is chosen, and which keep no rows of their own: a sentence for each kind. */
export function otherLayers(model: ModelInfo | null): string[] {
  if (!model) return [];
  const notes: string[] = [];
  const windowed = windowLayers(model).length;
  const recurrent = model.recurrentLayers.length;
  const last = windowSizes(model).map(count).join(' or ');
  if (windowed > 0)
    notes.push(
      `The other ${windowed} layers, grey here, see the last ${last} tokens and read all of them: there is nothing to compress.`,
    );
  if (recurrent > 0)
    notes.push(
      `${windowed > 0 ? 'And' : 'The other'} ${recurrent} layers, grey here, are recurrent: together they remember the text in ${bytes(model.stateBytes)}, however long it is, and keep no rows.`,
    );
  const sharing = sharingLayers(model);
  if (sharing.length > 0) {
    const names = sharedSources(model)
      .map((layer) => `${layer + 1}`)
      .join(' or ');
    notes.push(`Layers ${layerRanges(sharing)} keep no rows of their own: they see those of layer ${names}.`);
  }
  return notes;
}
