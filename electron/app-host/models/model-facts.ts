/** Facts of a model for the list: its shape, the type of its weights, where its hash comes from. */
import type { ModelInfo } from '../../contract/engine-reports.ts';
import { fullLayers } from '../../contract/layer-windows.ts';
import { type CatalogueModel, filesOfModel, modelBytes } from '../../contract/models.ts';
import type { ModelFacts } from './model-fit.ts';

export const shapeOf = (info: ModelInfo) => ({
  layers: fullLayers(info).length,
  windows: info.windows.filter((window) => window > 0),
  kvHeads: info.nHeadKv,
  headDim: info.headDim,
});

export function factsOf(model: CatalogueModel): ModelFacts | undefined {
  const { layers, kvHeads, headDim, aboutBytes } = model;
  const weights = modelBytes(model) ?? aboutBytes;
  return weights && layers && kvHeads && headDim ? { weights, layers, windows: [], kvHeads, headDim } : undefined;
}

/** Bytes of K and V per token in f16. */
export const kvBytesOf = ({ layers, kvHeads, headDim }: CatalogueModel): number | null =>
  layers && kvHeads && headDim ? 4 * layers * kvHeads * headDim : null;

export const hashFrom = (model: CatalogueModel) =>
  filesOfModel(model).some(({ sha256 }) => sha256 === null) ? ('server' as const) : ('catalogue' as const);
