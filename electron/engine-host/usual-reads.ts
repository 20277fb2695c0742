/**
 * Measures what any question reads of a document, such as its beginning and its end: an answer's reads mean something only in comparison.
 * Measured once for a document and a choice of the method, with a neutral question in a chat of its own.
 */
import type { PassageReads } from '../contract/engine-reports.ts';
import { type AnswerMode, defaultSampler, type RocketOptions } from '../contract/method.ts';
import type { EngineChat, EngineDocument } from './open-documents.ts';
import type { OpenModel } from './open-model.ts';
import { fitAnswer } from './preflight.ts';

const neutralQuestion = 'What is this document about?';
/** How many tokens of its answer are measured; more of them change little. */
const neutralTokens = 24;

export interface ReadChoice {
  mode: AnswerMode;
  rocket: RocketOptions;
}

const nameOf = ({ mode, rocket }: ReadChoice) => JSON.stringify([mode, rocket]);

export async function measureUsualReads(
  model: OpenModel,
  document: EngineDocument,
  choice: ReadChoice,
  signal?: AbortSignal,
): Promise<void> {
  const name = nameOf(choice);
  if (document.usualReads.has(name)) return;
  const tokens = model.prompt.question(neutralQuestion, { isFirst: true });
  const { name: modelName, nCtxTrain: context } = model.native.info;
  const { maxNew } = fitAnswer({
    modelName,
    context,
    held: document.nTokens,
    question: tokens.length,
    maxNew: neutralTokens,
  });
  // Mode rocketkv selects the same rows as rocketkv-mt, but also drops the document's.
  const mode = choice.mode === 'rocketkv' ? 'rocketkv-mt' : choice.mode;
  const session = document.native.fork();
  const cancel = () => session.cancel();
  signal?.addEventListener('abort', cancel);
  try {
    const { rocket } = choice;
    const stopTokens = model.vocabulary.endTokens;
    await session.ask({ tokens, mode, rocket, maxNew, sampler: defaultSampler, drafts: false, stopTokens }, () => {});
    document.usualReads.set(name, documentReads(document, session.documentMap().read));
  } finally {
    signal?.removeEventListener('abort', cancel);
    session.close();
  }
}

const documentReads = ({ start, offsets }: EngineDocument, read: Uint32Array) =>
  read.slice(start, start + offsets.length - 1);

const sumOf = (reads: Uint32Array) => reads.reduce((sum, count) => sum + count, 0);

/** The document's usual reads, scaled to the total of this answer's reads; undefined: not measured, or nothing was read. */
export function usualReadsOf(chat: EngineChat, read: Uint32Array): ((token: number) => number) | undefined {
  const { document, choice } = chat;
  const usual = choice && document.usualReads.get(nameOf(choice));
  if (!usual) return undefined;
  const all = sumOf(usual);
  const times = all === 0 ? 0 : sumOf(documentReads(document, read)) / all;
  return times === 0 ? undefined : (token) => (usual[token] ?? 0) * times;
}

/** Mean reads per token over each stretch of the document's text. */
export function passageReads(chat: EngineChat, passages: readonly { start: number; end: number }[]): PassageReads[] {
  const { document, session } = chat;
  const { offsets } = document;
  const { read } = chat.map ?? session.documentMap();
  const usual = usualReadsOf(chat, read);
  return passages.map(({ start, end }) => {
    const first = tokenAt(offsets, start);
    const last = Math.max(first, tokenAt(offsets, end - 1));
    const tokens = last - first + 1;
    let sum = 0;
    let usualSum = 0;
    for (let token = first; token <= last; token++) {
      sum += read[document.start + token] ?? 0;
      usualSum += usual?.(token) ?? 0;
    }
    return { read: sum / tokens, ...(usual && { usual: usualSum / tokens }) };
  });
}

/** The token that contains this character. */
function tokenAt(offsets: Uint32Array, at: number): number {
  let low = 0;
  let high = Math.max(0, offsets.length - 2);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((offsets[middle] ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}
