/**
 * Measures speed at a given depth: reads `depth` tokens as the document, then for each variant a question of 32 tokens, and generates
 * greedy tokens, ignoring end-of-answer tokens. If the model has no vocabulary the text is random. Only the times matter, not the answers.
 */
import type { NativeAskEvent, NativeDocument, NativeSession } from '../../native/binding.ts';
import type { NativeLab } from '../../native/lab/binding.ts';
import { AppError, toAppError } from '../contract/errors.ts';
import type { CancelRequest, SpeedRequest, SpeedVariant } from '../contract/lab.ts';
import { type AnswerMode, defaultSampler } from '../contract/method.ts';
import type { OpenModel } from '../engine-host/open-model.ts';
import { peakRssBytes } from '../engine-host/peak-memory.ts';
import { documentPart } from '../engine-host/text-trust.ts';
import { tokenizeParts } from '../engine-host/vocabulary.ts';

export const speedQuestionTokens = 32;
/** Tokens read before the measurement, to fill caches and load a GPU's kernels. */
const warmUpTokens = 1024;
const noTokens = new Int32Array(0);

/** `count` tokens of the text from its beginning on, repeated as needed. */
export function repeatTokens(tokens: readonly number[], count: number): Int32Array {
  if (tokens.length === 0) throw new AppError('INVALID_ARGUMENT', 'The text to measure with is empty.');
  return Int32Array.from({ length: count }, (_, i) => tokens[i % tokens.length] ?? 0);
}

type Text = Pick<SpeedRequest, 'text' | 'depth' | 'kvType' | 'home' | 'segment' | 'tile'>;

/** `count` tokens of the text, from its token `first` on. */
function tokensOf(lab: NativeLab, { native, vocabulary }: OpenModel, text: string, first: number, count: number) {
  if (!native.info.hasVocabulary) return lab.randomTokens({ first, count, nVocab: native.info.nVocab });
  return repeatTokens(tokenizeParts(vocabulary, [documentPart(text)]), first + count).slice(first);
}

async function readTokens(model: OpenModel, { kvType, home, segment, tile }: Text, tokens: Int32Array) {
  const document = model.native.createDocument({ documentType: kvType, home });
  try {
    const { ms } = tokens.length > 0 ? await document.read(tokens, { segment, tile }, () => {}) : { ms: 0 };
    return { document, ms };
  } catch (error) {
    document.close();
    throw error;
  }
}

/** null: no GPU computes. */
function homeOf({ native }: OpenModel, { onDevice }: NativeDocument): 'device' | 'host' | null {
  if (!native.device.startsWith('cuda')) return null;
  return onDevice ? 'device' : 'host';
}

function heldBytes(session: NativeSession, mode: AnswerMode): number {
  const counters = session.counters();
  const compact = counters.compactBytes + counters.summaryBytes;
  return mode === 'rocketkv' || mode === 'snapkv' ? compact : counters.documentBytes + compact;
}

export async function measureSpeed(lab: NativeLab, model: OpenModel, request: SpeedRequest) {
  const { text, depth, kvType: documentType, home, maxNew, variants } = request;
  const nPrompt = depth + speedQuestionTokens;
  const planned = ({ mode, rocket }: SpeedVariant) => ({
    nPrompt,
    nQuestion: speedQuestionTokens,
    maxNew,
    mode,
    rocket,
    documentType,
  });
  for (const variant of variants) model.native.checkPlan({ ...planned(variant), home });
  const read = (count: number) => readTokens(model, request, tokensOf(lab, model, text, 0, count));
  (await read(Math.min(depth, warmUpTokens))).document.close();
  const { document, ms: prefillMs } = await read(depth);
  try {
    const question = tokensOf(lab, model, text, depth, speedQuestionTokens);
    const runs = [];
    for (const variant of variants) {
      lab.watchMemory(model.native);
      await answerOn(document, question, variant, 2, () => {});
      const run = await answerOn(document, question, variant, maxNew, (session) => ({
        kvBytes: heldBytes(session, variant.mode),
        budgets: session.counters().budgets,
      }));
      const plan = model.native.plan({ ...planned(variant), home: document.onDevice ? 'device' : 'host' });
      runs.push({
        firstTokenMs: run.answer.firstTokenMs,
        stage1Ms: run.answer.stage1Ms,
        medianTokenMs: run.answer.medianTokenMs,
        meanTokenMs: run.answer.decodeMs / Math.max(1, run.answer.nGenerated - 1),
        ...run.held,
        peakRssBytes: peakRssBytes(),
        peakVramBytes: plan.onGpu ? lab.peakBytes(model.native) : null,
        planVramBytes: plan.onGpu ? plan.deviceTotal : null,
      });
    }
    return { prefillTokens: depth, prefillMs, home: homeOf(model, document), runs };
  } finally {
    document.close();
  }
}

async function answerOn<T>(
  document: NativeDocument,
  tokens: Int32Array,
  { mode, rocket }: SpeedVariant,
  maxNew: number,
  look: (session: NativeSession) => T,
) {
  const session = document.fork();
  try {
    const request = { tokens, mode, rocket, maxNew, sampler: defaultSampler, drafts: false, stopTokens: noTokens };
    const answer = await session.ask(request, () => {});
    return { answer, held: look(session) };
  } finally {
    session.close();
  }
}

/** Tokens of the longest question whose reading is cancelled, and of the answer that is cancelled. */
const cancelledPrompt = 8192;
const cancelledAnswer = 256;

/**
 * How long a cancel takes to take effect, in milliseconds, at random moments of reading a question and of generating an answer; ascending.
 */
export async function measureCancels(lab: NativeLab, model: OpenModel, request: CancelRequest) {
  const { text, depth, cancels, rocket } = request;
  const { document } = await readTokens(model, request, tokensOf(lab, model, text, 0, depth));
  try {
    const mode: AnswerMode = document.onDevice ? 'full' : 'rocketkv-mt';
    const room = model.native.info.nCtxTrain - depth;
    const longest = Math.min(cancelledAnswer, Math.floor(room / 2));
    const readingTokens = Math.min(cancelledPrompt, room - 1);
    if (longest < 1 || readingTokens < 1)
      throw new AppError('CTX_OVERFLOW', "The model's context has no room left to cancel anything in.");
    const question = (count: number) => tokensOf(lab, model, text, depth, count);
    const reading = await cancelsOf(document, question(readingTokens), { mode, rocket }, 1, cancels, 'prefill');
    const answering = await cancelsOf(
      document,
      question(Math.min(64, room - longest)),
      { mode, rocket },
      longest,
      cancels,
      'tokens',
    );
    return { reading, answering, home: homeOf(model, document) };
  } finally {
    document.close();
  }
}

async function cancelsOf(
  document: NativeDocument,
  tokens: Int32Array,
  { mode, rocket }: SpeedVariant,
  maxNew: number,
  wanted: number,
  begins: NativeAskEvent['type'],
): Promise<number[]> {
  // Runs twice without a cancel to learn how long it takes; the second time counts.
  await answerOn(document, tokens, { mode, rocket }, maxNew, () => {});
  const { answer } = await answerOn(document, tokens, { mode, rocket }, maxNew, () => {});
  const wholeMs = begins === 'prefill' ? answer.prefillMs + answer.stage1Ms : answer.decodeMs;
  const seen: number[] = [];
  for (let tries = 0; seen.length < wanted && tries < 20 * wanted + 20; tries++) {
    const session = document.fork();
    const before = session.nTokens;
    let timer: NodeJS.Timeout | undefined;
    let cancelledAt: number | undefined;
    const wait = () => {
      timer ??= setTimeout(() => {
        cancelledAt = performance.now();
        session.cancel();
      }, Math.random() * wholeMs);
    };
    try {
      if (begins === 'prefill') wait();
      const request = { tokens, mode, rocket, maxNew, sampler: defaultSampler, drafts: false, stopTokens: noTokens };
      // A question that ended before the cancel does not count.
      await session.ask(request, ({ type }) => {
        if (type === begins) wait();
      });
    } catch (error) {
      if (toAppError(error).code !== 'CANCELLED' || cancelledAt === undefined) throw error;
      seen.push(performance.now() - cancelledAt);
      if (session.nTokens !== before || session.borders.length !== 1)
        throw new AppError('INTERNAL', 'A cancelled question changed its chat.');
    } finally {
      clearTimeout(timer);
      session.close();
    }
  }
  if (seen.length < wanted)
    throw new AppError('INTERNAL', `Only ${seen.length} of ${wanted} cancels came before the end.`);
  return seen.sort((a, b) => a - b);
}
