/**
 * Speed at a given depth: `depth` tokens of real text read as the document, a question of 32 tokens, 32 greedy tokens with
 * end-of-answer ignored. The answer means nothing; the times do.
 */
import type { NativeSession } from '../../native/binding.ts';
import { AppError } from '../contract/errors.ts';
import {
  type AnswerMode,
  defaultSampler,
  defaultSegment,
  defaultTile,
  type KvType,
  type RocketOptions,
} from '../contract/method.ts';
import type { OpenModel } from './open-model.ts';
import { peakRssBytes } from './peak-memory.ts';
import { documentPart } from './text-trust.ts';
import { tokenizeParts } from './vocabulary.ts';

export const speedQuestionTokens = 32;

export interface SpeedRequest {
  text: string;
  depth: number;
  mode: AnswerMode;
  rocket: RocketOptions;
  maxNew: number;
  kvType: KvType;
}

/** `count` tokens of the text, from its beginning, repeated as needed. */
export function repeatTokens(tokens: readonly number[], count: number): Int32Array {
  if (tokens.length === 0) throw new AppError('INVALID_ARGUMENT', 'The text to measure with is empty.');
  return Int32Array.from({ length: count }, (_, i) => tokens[i % tokens.length] ?? 0);
}

function heldBytes(session: NativeSession, mode: AnswerMode): number {
  const counters = session.counters();
  const compact = counters.compactBytes + counters.summaryBytes;
  return mode === 'rocketkv' || mode === 'snapkv' ? compact : counters.documentBytes + compact;
}

export async function measureSpeed(model: OpenModel, request: SpeedRequest) {
  const { depth, mode, rocket, maxNew, kvType: documentType } = request;
  const all = repeatTokens(tokenizeParts(model.vocabulary, [documentPart(request.text)]), depth + speedQuestionTokens);
  const nPrompt = all.length;
  const plan = { nPrompt, nQuestion: speedQuestionTokens, maxNew, mode, rocket, documentType };
  model.native.checkPlan(plan);
  const document = model.native.createDocument({ documentType });
  let session: NativeSession | undefined;
  try {
    const text = all.subarray(0, depth);
    const read =
      depth > 0 ? await document.read(text, { segment: defaultSegment, tile: defaultTile }, () => {}) : { ms: 0 };
    session = document.fork();
    const tokens = all.slice(depth);
    const stopTokens = new Int32Array(0);
    const answer = await session.ask({ tokens, mode, rocket, maxNew, sampler: defaultSampler, stopTokens }, () => {});
    return {
      prefillTokens: depth,
      prefillMs: read.ms,
      firstTokenMs: answer.firstTokenMs,
      decodeTokens: answer.nGenerated - 1, // the first token comes from the prefill
      decodeMs: answer.decodeMs,
      kvBytes: heldBytes(session, mode),
      peakRssBytes: peakRssBytes(),
      budgets: session.counters().budgets,
    };
  } finally {
    session?.close();
    document.close();
  }
}
