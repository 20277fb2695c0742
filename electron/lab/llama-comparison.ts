/** Compares our engine's logits with llama.cpp's on the same file and the first tokens of the same text, in mode full. */

import { backendDir } from '../../native/index.ts';
import type { NativeLab } from '../../native/lab/binding.ts';
import { AppError } from '../contract/errors.ts';
import type { LlamaComparison, LlamaComparisonRequest } from '../contract/lab.ts';
import { checkModel } from '../engine-host/model-check.ts';
import { cudaOf } from '../engine-host/open-model.ts';
import { documentPart } from '../engine-host/text-trust.ts';
import { openVocabulary, tokenizeParts } from '../engine-host/vocabulary.ts';

export async function compareWithLlama(lab: NativeLab, request: LlamaComparisonRequest): Promise<LlamaComparison> {
  const { path, text, tokens: wanted, device, threads, itself } = request;
  await checkModel(path);
  const info = lab.inspectModel(path);
  if (wanted > info.nCtxTrain)
    throw new AppError(
      'CTX_OVERFLOW',
      `${wanted} tokens are more than ${info.name || 'this model'} reads (${info.nCtxTrain}). Give fewer with --tokens.`,
    );
  const tokens = info.hasVocabulary
    ? await firstTokens(info.path, text, wanted)
    : lab.randomTokens({ first: 0, count: wanted, nVocab: info.nVocab });
  const report = await lab.compareWithLlama({
    modelPath: path,
    backendDir: backendDir(),
    threads,
    cuda: cudaOf(device),
    tokens,
    itself,
  });
  return { ...report, model: info.name, architecture: info.architecture };
}

/** The text's first tokens as a document is read: with BOS first where the model needs it. */
async function firstTokens(path: string, text: string, count: number): Promise<Int32Array> {
  const vocabulary = await openVocabulary(path);
  try {
    const { bos, prependBos } = vocabulary;
    const tokens = tokenizeParts(vocabulary, [documentPart(text)]);
    const all = prependBos && bos !== undefined ? [bos, ...tokens] : tokens;
    return Int32Array.from(all.slice(0, count));
  } finally {
    await vocabulary.close();
  }
}
