/** Reading a document: refused beforehand when its question could not be answered, then read segment by segment. */

import type { ReadRequest } from '../contract/engine.ts';
import type { ReadEvent, ReadResult } from '../contract/engine-reports.ts';
import { AppError } from '../contract/errors.ts';
import { pageTokens, tokenOffsets } from './detokenizer.ts';
import type { HeldDocument } from './held-chat.ts';
import type { OpenModel } from './open-model.ts';
import { checkMemory, fitAnswer } from './preflight.ts';
import { ProgressMeter } from './progress.ts';

export async function readDocument(
  model: OpenModel,
  id: string,
  request: ReadRequest,
  send: (event: ReadEvent) => void,
  signal: AbortSignal | undefined,
): Promise<{ document: HeldDocument; result: ReadResult }> {
  if (request.text.trim() === '') throw new AppError('DOC_EMPTY', 'The document has no text.');
  const prompt = model.prompt.document(request.text);
  const { planFor, kvType } = request;
  const { info } = model.native;
  const nQuestion = model.prompt.question(planFor.question, true).length;
  const held = prompt.tokens.length;
  const { nCtxTrain: context, name: modelName } = info;
  const { maxNew } = fitAnswer({ modelName, context, held, question: nQuestion, maxNew: planFor.maxNew });
  const { mode, rocket } = planFor;
  const nPrompt = held + nQuestion;
  const plan = model.native.plan({ nPrompt, nQuestion, maxNew, mode, rocket, documentType: kvType });
  checkMemory(plan, kvType);

  const native = model.native.createDocument({ documentType: kvType });
  const cancel = () => native.cancel();
  try {
    if (signal?.aborted) throw new AppError('CANCELLED', 'Stopped before it began.');
    signal?.addEventListener('abort', cancel);
    const meter = new ProgressMeter('reading', held);
    send(meter.at(0));
    const { ms } = await native.read(prompt.tokens, { segment: request.segment, tile: request.tile }, (done) =>
      send(meter.at(done)),
    );
    const own = Array.from(prompt.tokens.subarray(prompt.documentStart, prompt.documentEnd));
    const pages = pageTokens(tokenOffsets(model.vocabulary, own, request.text), request.pages);
    const document: HeldDocument = { id, native, kvType, nTokens: held, start: prompt.documentStart, pages };
    const result: ReadResult = {
      type: 'done',
      documentId: id,
      nTokens: held,
      documentTokens: own.length,
      prefillMs: ms,
      bytes: native.bytes,
      plan,
    };
    return { document, result };
  } catch (error) {
    native.close();
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}
