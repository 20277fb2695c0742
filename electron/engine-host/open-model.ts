/** One open model: the native engine, its vocabulary, and its prompt builder. */

import type { NativeAddon, NativeEngine } from '../../native/binding.ts';
import { backendDir, cudaLibraries } from '../../native/index.ts';
import type { DeviceChoice } from '../contract/engine.ts';
import type { OpenedModel } from '../contract/engine-reports.ts';
import { notOnGpu } from '../contract/errors.ts';
import { checkModel } from './model-check.ts';
import { PromptBuilder } from './prompt.ts';
import { promptPieces } from './prompt-pieces.ts';
import { noVocabulary, openVocabulary, type Vocabulary } from './vocabulary.ts';

export interface OpenModel {
  native: NativeEngine;
  vocabulary: Vocabulary;
  prompt: PromptBuilder;
  summary: OpenedModel;
}

export interface OpenOptions extends DeviceChoice {
  path: string;
  threads: number;
  floatWeights?: boolean;
}

/** The CUDA libraries for a device; undefined for the CPU. */
export function cudaOf(device: string, expertsInRam?: number) {
  const index = /^cuda:(\d+)$/.exec(device)?.[1];
  return index === undefined ? undefined : { ...cudaLibraries(Number(index)), expertsInRam };
}

/** `vocabularyOf` is a parameter so that tests need no model file. */
export async function openModel(
  addon: NativeAddon,
  options: OpenOptions,
  vocabularyOf: (path: string) => Promise<Vocabulary> = openVocabulary,
): Promise<OpenModel> {
  const start = performance.now();
  const parts = await checkModel(options.path);
  const modelPath = parts[0]?.path ?? options.path;
  // The header first: every size in it is checked, so that nothing below reads a malformed file.
  const { hasVocabulary } = addon.inspectModel(modelPath);
  // Weights and vocabulary are loaded in parallel: each takes a second or more, and neither needs the other.
  const [weights, words] = await Promise.allSettled([
    loadWeights(addon, modelPath, options),
    hasVocabulary ? vocabularyOf(modelPath) : noVocabulary,
  ]);
  if (weights.status === 'rejected') {
    if (words.status === 'fulfilled') await words.value.close();
    throw weights.reason;
  }
  const { native, deviceReason } = weights.value;
  try {
    if (words.status === 'rejected') throw words.reason;
    const vocabulary = words.value;
    const pieces = promptPieces(vocabulary, native.info);
    const prompt = new PromptBuilder(vocabulary, pieces);
    return {
      native,
      vocabulary,
      prompt,
      summary: {
        info: native.info,
        device: native.device,
        deviceReason,
        threads: native.threads,
        loadMs: performance.now() - start,
        promptFamily: pieces.family,
        thinking: prompt.thinking,
        hasEffort: prompt.hasEffort,
        notices: pieces.notices,
      },
    };
  } catch (error) {
    native.close();
    throw error;
  }
}

async function loadWeights(addon: NativeAddon, modelPath: string, options: OpenOptions) {
  const { threads, floatWeights, device, deviceReason, mayUseCpu = false, expertsInRam } = options;
  const open = (on: string) =>
    addon.openEngine({ modelPath, backendDir: backendDir(), threads, cuda: cudaOf(on, expertsInRam), floatWeights });
  try {
    return { native: await open(device), deviceReason };
  } catch (error) {
    const reason = mayUseCpu ? notOnGpu(error) : undefined;
    if (reason === undefined) throw error;
    return { native: await open('cpu'), deviceReason: reason };
  }
}
