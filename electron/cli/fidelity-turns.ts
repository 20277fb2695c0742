/** Asks and measures for `fidelity`: each question with full KV, and with every variant along full KV's answer and by itself. */
import type { Agreement, Counters } from '../contract/engine-reports.ts';
import { AppError } from '../contract/errors.ts';
import { defaultSampler } from '../contract/method.ts';
import type { EngineVerbs } from '../engine-host/engine-client.ts';
import { AnswerOutput, askOne } from './ask.ts';
import { type Variant, variantCells } from './fidelity-rows.ts';
import { ProgressLine } from './progress-line.ts';

export interface Run {
  verbs: EngineVerbs;
  signal: AbortSignal;
  progress: ProgressLine;
  documentId: string;
  maxNew: number;
  ownAnswers: boolean;
}

/** One question under one variant. */
export interface ComparedAnswer {
  fullAnswer: string;
  /** null if the variant did not answer freely. */
  answer: string | null;
  /** Along full KV's answer; empty in a chat's second turn, where only answers are compared. */
  positions: Agreement[];
  counters: Counters;
}

/** For each variant the answers to all questions, in their order. */
export type Compared = Map<Variant, ComparedAnswer[]>;
const emptyCompared = (variants: readonly Variant[]): Compared => new Map(variants.map((variant) => [variant, []]));

export async function compareFirstTurns(
  run: Run,
  questions: readonly string[],
  variants: readonly Variant[],
): Promise<Compared> {
  const { verbs, maxNew, progress, signal } = run;
  const compared = emptyCompared(variants);
  let done = 0;
  for (const question of questions) {
    const reference = await inChat(run, (chatId) => verbs.measureReference({ chatId, question, maxNew }, { signal }));
    const { referenceId, answer: fullAnswer } = reference;
    for (const variant of compared.keys()) {
      const { mode, rocket } = variant;
      const along = await inChat(run, (chatId) =>
        verbs.measureAgainst({ chatId, referenceId, mode, rocket }, { signal }),
      ).catch((error: unknown) => notPossible(error, variant, progress));
      if (!along) {
        compared.delete(variant);
        continue;
      }
      const own = run.ownAnswers && (await inChat(run, (chatId) => askQuietly(run, chatId, question, variant)));
      compared.get(variant)?.push({ fullAnswer, answer: own ? own.answer : null, ...along });
      done++;
      progress.show('Measuring', { done, total: questions.length * variants.length, unit: 'answers' });
    }
    await verbs.forgetReference({ referenceId });
  }
  progress.clear();
  return compared;
}

/** Reports a variant whose budget is impossible; the others are measured. */
function notPossible(error: unknown, variant: Variant, progress: ProgressLine): undefined {
  if (!(error instanceof AppError) || error.code !== 'INVALID_ARGUMENT') throw error;
  const name = variantCells(variant).filter((cell) => cell !== null);
  progress.print(`Not measured: ${name.join(' ')}: ${error.message}`);
}

/** Asks each question after another one in the same chat, to see whether the mode still finds what the first selection dropped. */
export async function compareSecondTurns(
  run: Run,
  questions: readonly string[],
  variants: readonly Variant[],
): Promise<Compared> {
  const compared = emptyCompared(variants);
  const first = variants[0];
  if (!first) return compared;
  const full: Variant = { ...first, mode: 'full' };
  let done = 0;
  for (const [i, question] of questions.entries()) {
    const opener = questions[(i + Math.ceil(questions.length / 2)) % questions.length] ?? question;
    const second = (variant: Variant) =>
      inChat(run, async (chatId) => {
        await askQuietly(run, chatId, opener, variant);
        return askQuietly(run, chatId, question, variant);
      });
    const { answer: fullAnswer } = await second(full);
    for (const variant of variants) {
      const { answer, counters } = await second(variant);
      compared.get(variant)?.push({ fullAnswer, answer, positions: [], counters });
      done++;
      run.progress.show('Asking', { done, total: questions.length * variants.length, unit: 'second questions' });
    }
  }
  run.progress.clear();
  return compared;
}

async function inChat<T>(run: Run, work: (chatId: string) => Promise<T>): Promise<T> {
  const { chatId } = await run.verbs.newChat({ documentId: run.documentId });
  try {
    return await work(chatId);
  } finally {
    await run.verbs.closeChat({ chatId });
  }
}

const nowhere = new ProgressLine({ write: () => {} });

async function askQuietly(
  run: Run,
  chatId: string,
  question: string,
  { mode, rocket }: Variant,
): Promise<{ answer: string; counters: Counters }> {
  const request = { chatId, question, mode, rocket, maxNew: run.maxNew, sampler: defaultSampler };
  return askOne(
    run.verbs,
    request,
    nowhere,
    new AnswerOutput(
      () => {},
      () => {},
    ),
    run.signal,
  );
}
