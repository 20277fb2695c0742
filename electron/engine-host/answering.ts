/** Makes one answer: checks that it fits, runs the native call, and turns its events into those of the contract. */
import type { NativeAnswer, NativeAskEvent } from '../../native/binding.ts';
import type { AskRequest } from '../contract/engine.ts';
import type { AnswerEvent, AnswerReport, Counters } from '../contract/engine-reports.ts';
import { AppError } from '../contract/errors.ts';
import { AnswerStream } from './answer-stream.ts';
import { dropThinking, type EngineChat, isFirstQuestion, noteAsked, unreadTurns } from './open-documents.ts';
import type { OpenModel } from './open-model.ts';
import { peakRssBytes } from './peak-memory.ts';
import { fitAnswer } from './preflight.ts';
import { ProgressMeter } from './progress.ts';

export function countersOf(chat: EngineChat): Counters {
  const { keptMass, ...counters } = chat.session.counters();
  return { ...counters, keptMass: Array.from(keptMass) };
}

/** Tokens that an answer may take in addition where the model thinks first. */
const thinkingRoom = 2048;

/** When this rejects the chat is unchanged: the addon restores the session, and the question is noted only at the end. */
export async function answer(
  model: OpenModel,
  chat: EngineChat,
  request: AskRequest,
  send: (event: AnswerEvent) => void,
): Promise<AnswerReport> {
  await dropThinking(chat);
  const { question, thinking = false, mode, rocket, sampler, drafts = true } = request;
  const earlier = [...unreadTurns(chat), ...(request.earlier ?? [])];
  const tokens = model.prompt.question(question, { isFirst: isFirstQuestion(chat), earlier, thinking });
  const { info } = model.native;
  const promptTokens = chat.session.nTokens + tokens.length;
  const { maxNew, notice } = fitAnswer({
    modelName: info.name,
    context: info.nCtxTrain,
    held: chat.session.nTokens,
    question: tokens.length,
    maxNew: request.maxNew + (model.prompt.mayThink(thinking) ? thinkingRoom : 0),
  });
  const { kvType: documentType, native: document } = chat.document;
  const plan = model.native.plan({
    nPrompt: promptTokens,
    nQuestion: tokens.length,
    maxNew,
    mode,
    rocket,
    documentType,
    home: document.onDevice ? 'device' : 'host',
  });

  const stream = new AnswerStream(model.vocabulary, send, model.prompt.shape(thinking));
  const opening = model.prompt.answerOpening(thinking);
  const meter = new ProgressMeter('question', tokens.length);
  let received = 0;
  const onEvent = (event: NativeAskEvent) => {
    if (event.type === 'prefill') send(meter.at(event.done, event.total));
    else if (event.type === 'kept') send(event);
    else {
      if (received === 0 && opening !== '') stream.pushText(opening);
      received += event.tokens.length;
      stream.push(event.tokens);
    }
  };
  const { stopTokens } = model.prompt;
  let native: NativeAnswer;
  try {
    native = await chat.session.ask({ tokens, mode, rocket, maxNew, sampler, drafts, stopTokens }, onEvent);
    await allReceived(() => received, native.nGenerated);
    stream.finish();
  } catch (error) {
    stream.stop();
    throw error;
  }
  const split = stream.split;
  const thought = stream.thinkingTokens > 0;
  noteAsked(chat, { question, answer: split.answer.trim(), thought, earlier: request.earlier ?? [] });
  chat.evicted ||= mode === 'rocketkv';
  return {
    type: 'done',
    answer: split.answer.trim(),
    thinking: split.thinking.trim(),
    finishReason: native.finishReason,
    mode,
    promptTokens,
    prefilledTokens: native.nPrefilled,
    generatedTokens: native.nGenerated,
    thinkingTokens: stream.thinkingTokens,
    maxNew,
    counters: countersOf(chat),
    plan,
    timings: {
      prefillMs: native.prefillMs,
      stage1Ms: native.stage1Ms,
      firstTokenMs: native.firstTokenMs,
      decodeMs: native.decodeMs,
      passes: native.nPasses,
      drafted: native.nDrafted,
      accepted: native.nAccepted,
    },
    peakRssBytes: peakRssBytes(),
    notices: notice === undefined ? [] : [notice],
  };
}

const lateMs = 5000;

/** Token events and the end of the call reach this thread in no fixed order: the last tokens may come after the end. */
async function allReceived(received: () => number, wanted: number): Promise<void> {
  const start = performance.now();
  while (received() < wanted) {
    if (performance.now() - start > lateMs)
      throw new AppError('INTERNAL', `The engine made ${wanted} tokens and delivered ${received()}.`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
