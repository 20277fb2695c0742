/** Facts of a model for the list: its shape, the type of its weights, where its hash comes from. */
import type { ModelInfo } from '../../contract/engine-reports.ts';
import { fullLayers } from '../../contract/layer-windows.ts';
import { type CatalogueModel, filesOfModel, modelBytes } from '../../contract/models.ts';
import type { ModelFacts } from './model-fit.ts';

export const shapeOf = (info: ModelInfo) => {
  const chosen = fullLayers(info);
  return {
    experts: expertsOf(info),
    layers: chosen.filter((layer) => (info.rowBytes[layer] ?? 0) > 0).length,
    choosing: chosen.length,
    channels: info.nHeadKv * info.headDim,
    windows: info.windows
      .map((tokens, layer) => ({ layers: 1, tokens, channels: (info.rowBytes[layer] ?? 0) / 4 }))
      .filter(({ tokens, channels }) => tokens > 0 && channels > 0),
    states: info.stateBytes,
  };
};

/** By their share of the parameters: three matrices for each expert. */
function expertsOf({ experts, nEmbd, nLayer, nParams, weightBytes }: ModelInfo): ModelFacts['experts'] {
  if (!experts || nParams === 0) return null;
  const share = Math.min(1, (3 * nEmbd * experts.nFf * experts.count * nLayer) / nParams);
  return { bytes: share * weightBytes, layers: nLayer };
}

export function factsOf(model: CatalogueModel): ModelFacts | undefined {
  const { layers, kvHeads, headDim, sharingLayers, stateBytes, aboutBytes } = model;
  const weights = modelBytes(model) ?? aboutBytes;
  if (!weights || !layers || !kvHeads || !headDim) return undefined;
  const windows = model.windows.map((own) => ({
    layers: own.layers,
    tokens: own.tokens,
    channels: (own.kvHeads ?? kvHeads) * (own.headDim ?? headDim),
  }));
  const channels = kvHeads * headDim;
  return { weights, experts: null, layers, choosing: layers + sharingLayers, channels, windows, states: stateBytes };
}

/** Bytes of K and V per token in f16. */
export const kvBytesOf = ({ layers, kvHeads, headDim }: CatalogueModel): number | null =>
  layers && kvHeads && headDim ? 4 * layers * kvHeads * headDim : null;

export const hashFrom = (model: CatalogueModel) =>
  filesOfModel(model).some(({ sha256 }) => sha256 === null) ? ('server' as const) : ('catalogue' as const);
