/**
 * Compares a mode with full KV: both are forced along the same tokens, and their logits are compared position by position in double
 * precision. Logits stay in this process; only numbers per position leave it.
 */
import type { NativeStep } from '../../native/binding.ts';
import type { Agreement } from '../contract/engine-reports.ts';
import { AppError } from '../contract/errors.ts';
import type { AnswerMode, RocketOptions } from '../contract/method.ts';
import { type EngineChat, isFirstQuestion, noteAsked } from './open-documents.ts';
import type { OpenModel } from './open-model.ts';

export interface Reference {
  documentId: string;
  question: string;
  /** Whether it is the first question of its chat, which decides the words around it. */
  isFirst: boolean;
  maxNew: number;
  answer: string;
  /** Full KV's greedy tokens. If the answer ended by itself there is one more row of logits, which predicts the end. */
  tokens: number[];
  /** [nVocab] each; copies that this object owns. */
  logits: Float32Array[];
}

export function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return best;
}

function logSumExp(values: Float32Array): number {
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) if (value > max) max = value;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - max);
  return max + Math.log(sum);
}

/** KL(reference || other) of the two next-token distributions, in nats. */
export function klDivergence(reference: Float32Array, other: Float32Array): number {
  if (reference.length !== other.length)
    throw new AppError('INTERNAL', 'Logits of two vocabularies cannot be compared.');
  const referenceNorm = logSumExp(reference);
  const otherNorm = logSumExp(other);
  let kl = 0;
  for (let i = 0; i < reference.length; i++) {
    const logP = (reference[i] ?? 0) - referenceNorm;
    const logQ = (other[i] ?? 0) - otherNorm;
    if (logP > -80) kl += Math.exp(logP) * (logP - logQ); // below e^-80 a term is negligible, and -inf * 0 would be NaN
  }
  return Math.max(0, kl); // rounding can leave -1e-17
}

/** Runs work that `signal` stops: `check` throws between two tokens, and the running native call is cancelled. */
async function stoppable<T>(
  chat: EngineChat,
  signal: AbortSignal | undefined,
  work: (check: () => void) => Promise<T>,
) {
  const cancel = () => chat.session.cancel();
  const check = () => {
    if (signal?.aborted) throw new AppError('CANCELLED', 'Stopped.');
  };
  check();
  signal?.addEventListener('abort', cancel);
  try {
    return await work(check);
  } finally {
    signal?.removeEventListener('abort', cancel);
    chat.session.finishAnswer();
  }
}

export async function measureReference(
  model: OpenModel,
  chat: EngineChat,
  question: string,
  maxNew: number,
  rocket: RocketOptions,
  signal?: AbortSignal,
): Promise<Reference> {
  const isFirst = isFirstQuestion(chat);
  const ends = new Set(model.prompt.stopTokens);
  const tokens: number[] = [];
  const logits: Float32Array[] = [];
  const prompt = model.prompt.question(question, { isFirst });
  await stoppable(chat, signal, async (check) => {
    let step = await chat.session.startAnswer({ tokens: prompt, mode: 'full', rocket, maxNew });
    for (;;) {
      check();
      logits.push(step.logits);
      const token = argmax(step.logits);
      if (ends.has(token) || tokens.length + 1 > maxNew) break;
      tokens.push(token);
      if (tokens.length === maxNew) break;
      step = await chat.session.step(token, false);
    }
  });
  const answer = (model.prompt.answerOpening() + model.vocabulary.detokenize(tokens)).trim();
  noteAsked(chat, { question, answer, earlier: [] });
  return { documentId: chat.document.id, question, isFirst, maxNew, answer, tokens, logits };
}

export async function measureAgainst(
  model: OpenModel,
  chat: EngineChat,
  reference: Reference,
  mode: AnswerMode,
  rocket: RocketOptions,
  signal?: AbortSignal,
): Promise<Agreement[]> {
  if (chat.document.id !== reference.documentId)
    throw new AppError('INVALID_ARGUMENT', 'The reference was measured on another document.');
  const positions: Agreement[] = [];
  const { isFirst, question, maxNew } = reference;
  const tokens = model.prompt.question(question, { isFirst });
  await stoppable(chat, signal, async (check) => {
    let step = await chat.session.startAnswer({ tokens, mode, rocket, maxNew });
    for (const [i, logits] of reference.logits.entries()) {
      check();
      if (i > 0) step = await chat.session.step(reference.tokens[i - 1] ?? 0, true);
      positions.push(compare(logits, step));
    }
  });
  noteAsked(chat, { question, answer: reference.answer, earlier: [] });
  return positions;
}

function compare(reference: Float32Array, step: NativeStep): Agreement {
  return {
    kl: klDivergence(reference, step.logits),
    sameTop1: argmax(reference) === argmax(step.logits),
    recall: Number.isFinite(step.recall) ? step.recall : null,
    mass: Number.isFinite(step.mass) ? step.mass : null,
  };
}
