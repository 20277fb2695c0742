/** Where the memory goes, part by part: measured numbers where there are any, else planned ones, and what each part is in words. Pure. */
import type { Counters, MemoryPlan, ModelInfo } from '../../../electron/contract/engine-reports.ts';
import { fullLayers, windowLayers, windowSizes, withRowsOfTheirOwn } from '../../../electron/contract/layer-windows.ts';
import { bytes, count } from '../../format.ts';

export interface MemoryPart {
  key: 'weights' | 'experts' | 'document' | 'compact' | 'summaries' | 'buffers' | 'work';
  name: string;
  value: number;
  /** The planned number, where it differs from the one measured. */
  planned: number | null;
  color: string;
  /** Exact bytes, and what they are made of. */
  words: string;
}

/** Two numbers that differ by a smaller share are shown as one. */
const sameShare = 0.01;

export function memoryParts(plan: MemoryPlan, counters: Counters | null, model: ModelInfo | null): MemoryPart[] {
  const [kept, chosen] = [eachLayer(model, keepingLayers(model)), eachLayer(model, model ? fullLayers(model) : [])];
  const windows = windowWords(model);
  const page = plan.budgets.page > 1 ? `each page of ${plan.budgets.page} rows` : 'each row';
  const part = (
    key: MemoryPart['key'],
    name: string,
    planned: number,
    measured: number | undefined,
    words: string,
  ): MemoryPart => {
    const value = measured ?? planned;
    const isOther = Math.abs(value - planned) > sameShare * Math.max(value, planned) && bytes(value) !== bytes(planned);
    return {
      key,
      name,
      value,
      planned: isOther ? planned : null,
      color: `var(--part-${key})`,
      words: exact(name, value, words),
    };
  };
  const parts = [
    part(
      'weights',
      'Model weights',
      plan.weights - plan.weightsInRam,
      undefined,
      'The model’s numbers, as they are in its file.',
    ),
    part(
      'experts',
      'Experts in RAM',
      plan.weightsInRam,
      undefined,
      `The experts of ${plan.expertLayersInRam} layers, for which the GPU has no room. The processor computes with them for a token of the answer, which reads ${bytes(plan.expertsReadInRam)} of them.`,
    ),
    part(
      'document',
      'Document KV',
      plan.documentKv,
      counters?.documentBytes,
      `A key and a value for every token of the document and room for questions, in ${kept}.${windows}`,
    ),
    part(
      'compact',
      'Compact cache',
      plan.compactCache,
      counters?.compactBytes,
      `A key and a value for each row that stage 1 keeps and for each token of the answer, in ${chosen}.${windows}`,
    ),
    part(
      'summaries',
      'Codes or summaries',
      plan.summaries,
      counters?.summaryBytes,
      `What stage 2 ranks the compact cache’s rows by: a code of each key, or the least and greatest keys of ${page}.`,
    ),
    part('buffers', 'Layer buffers', plan.layerBuffers + plan.expertBuffers, undefined, bufferWords(plan)),
    part(
      'work',
      'Workspace',
      plan.activations + plan.logits + plan.states + plan.keptStates,
      undefined,
      `What computing takes for the moment: activations, attention scores, and a number for each word of the vocabulary.${stateWords(plan)}`,
    ),
  ];
  return parts.filter(({ key, value }) => (key !== 'buffers' && key !== 'experts') || value > 0);
}

/** Parts that lie in the machine's memory while a GPU computes. */
export function partsInRam(parts: readonly MemoryPart[], plan: MemoryPlan): MemoryPart[] {
  return parts.filter(({ key }) => key === 'experts' || (key === 'document' && !plan.documentOnDevice));
}

function bufferWords({ documentOnDevice, layerBuffers, expertBuffers }: MemoryPlan): string {
  const experts = 'Room on the device for the experts of two layers, which visit it from RAM while a text is read.';
  if (layerBuffers === 0) return experts;
  const rows = documentOnDevice
    ? 'Room for one part of the text in a layer that sees a window: it keeps less than that.'
    : 'Room on the device for the layers of the document’s KV that are on their way from RAM.';
  return expertBuffers > 0 ? `${rows} ${experts}` : rows;
}

export function fullWords(value: number, rows: number | null, model: ModelInfo | null): string {
  const all = rows === null ? 'all tokens' : `all ${count(rows)} tokens`;
  const words = `A key and a value in f16 for ${all}, in ${eachLayer(model, keepingLayers(model))}: what full mode keeps.${windowWords(model)}`;
  return exact('Full KV', value, words);
}

/** Layers that keep every token. */
function keepingLayers(model: ModelInfo | null): number[] {
  return model ? withRowsOfTheirOwn(model, fullLayers(model)) : [];
}

function eachLayer(model: ModelInfo | null, layers: readonly number[]): string {
  if (!model) return 'each layer and KV head';
  return `each of ${layers.length} layers and ${model.nHeadKv} KV heads`;
}

function stateWords({ states, keptStates }: MemoryPlan): string {
  if (states === 0) return '';
  return ` Of it, ${bytes(states + keptStates)} are what the recurrent layers remember: now, at the document’s end, and before the question.`;
}

function windowWords(model: ModelInfo | null): string {
  if (!model) return '';
  const windowed = withRowsOfTheirOwn(model, windowLayers(model)).length;
  const recurrent = model.recurrentLayers.length;
  const last = windowSizes(model).map(count).join(' or ');
  const words = windowed > 0 ? ` The ${windowed} layers that see a window keep its last ${last} tokens.` : '';
  return recurrent > 0 ? `${words} The ${recurrent} recurrent layers keep none.` : words;
}

function exact(name: string, value: number, words: string): string {
  return `${name}: ${bytes(value)}, exactly ${count(value)} bytes. ${words}`;
}
