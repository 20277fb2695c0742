/**
 * Recommends a token budget by measuring on the person's own document: one question at several budgets, each forced along the tokens of
 * full KV's answer, and once more freely for its speed. It uses temporary chats of the engine: the person's chats are not changed, and
 * questions asked meanwhile are answered between two measurements.
 */

import type { AnswerReport, Counters } from '../../contract/engine-reports.ts';
import { AppError, toAppError } from '../../contract/errors.ts';
import { type AnswerMode, defaultSampler, type RocketOptions } from '../../contract/method.ts';
import { closeEnough, defaultMode, usualTokenBudget } from '../../contract/method-values.ts';
import { plural } from '../../contract/number-words.ts';
import type { TuneEvent, Tuning, TuningRow } from '../../contract/tuning.ts';
import type { EngineVerbs } from '../../engine-host/engine-client.ts';
import { choiceFor, engineOptions } from '../planning/method-choice.ts';
import { planFor } from '../planning/preflight.ts';
import { noteAnswer } from '../planning/speeds.ts';
import type { SessionsNeeds } from './needs.ts';
import type { RunningJob } from './running-job.ts';

/** Enough tokens to compare budgets; each position of the reference takes a row of logits in the engine's memory. */
const mostTokens = 64;

export function tuningJob(rooms: SessionsNeeds, documentId: string): RunningJob<TuneEvent> | undefined {
  return rooms.jobs.find({ kind: 'tuning', documentId, chatId: null }) as RunningJob<TuneEvent> | undefined;
}

export function tune(rooms: SessionsNeeds, documentId: string, request: { question: string; budgets: number[] }) {
  const running = tuningJob(rooms, documentId);
  if (running) return running;
  const held = rooms.session().document(documentId);
  if (!held) throw new AppError('DOC_MISSING', 'The document is not in memory. Read it first.');
  // A budget that holds the whole document equals full KV.
  const smaller = [...new Set(request.budgets)].filter((budget) => budget < held.tokens).sort((a, b) => a - b);
  if (smaller.length === 0)
    throw new AppError(
      'INVALID_ARGUMENT',
      `The document has ${plural(held.tokens, 'token')}: each of these budgets holds all of it, so there is nothing to choose between.`,
    );
  const { question } = request;
  return rooms.jobs.start<TuneEvent>({ kind: 'tuning', documentId, chatId: null }, async (job) => {
    const choice = choiceFor(rooms, documentId);
    const mode = choice.mode === 'full' ? defaultMode : choice.mode;
    const budgets = await takenBudgets(rooms, documentId, held.tokens, mode, smaller);
    job.emit({ type: 'begun', question, mode, budgets });
    const rows = await rooms.supervisor.use((verbs) =>
      measureAll({
        rooms,
        verbs,
        job,
        documentId,
        question,
        mode,
        rocketAt: (tokenBudget) => engineOptions({ ...choice, mode, tokenBudget }).rocket,
        maxNew: Math.min(choice.maxNew, mostTokens),
        budgets,
      }),
    );
    const tuning: Tuning = {
      question,
      modelName: rooms.supervisor.state.modelFile.title,
      mode,
      tokens: held.tokens,
      at: Date.now(),
      rows,
      recommended: recommendedBudget(rows),
    };
    rooms.documents.setTuning(documentId, tuning);
    job.emit({ type: 'done', tuning });
  });
}

/**
 * The budgets that the engine accepts; it refuses those that are too small for the chosen selector. If none is left, its error is thrown.
 */
async function takenBudgets(
  rooms: SessionsNeeds,
  documentId: string,
  tokens: number,
  mode: AnswerMode,
  budgets: readonly number[],
) {
  const taken: number[] = [];
  let refusal: unknown;
  for (const tokenBudget of budgets) {
    try {
      await planFor(rooms, documentId, tokens, { mode, tokenBudget });
      taken.push(tokenBudget);
    } catch (error) {
      if (toAppError(error).code !== 'INVALID_ARGUMENT') throw error;
      refusal = error;
    }
  }
  if (taken.length === 0) throw refusal;
  return taken;
}

/** The smallest budget that is close enough, and above which all larger ones are too. */
export function recommendedBudget(rows: readonly TuningRow[]): number | null {
  let recommended: number | null = null;
  const measured = rows.flatMap(({ budget, ...row }) => (budget === null ? [] : [{ budget, ...row }]));
  for (const { budget, sameTop1, klMedian } of measured.sort((a, b) => b.budget - a.budget)) {
    if (sameTop1 < closeEnough.sameTop1 || klMedian > closeEnough.klMedian) break;
    recommended = budget;
  }
  return recommended;
}

interface Measuring {
  rooms: SessionsNeeds;
  verbs: EngineVerbs;
  job: RunningJob<TuneEvent>;
  documentId: string;
  question: string;
  mode: AnswerMode;
  /** Not chosen, the preset depends on the budget and on the person's longest answer, not on this measurement's. */
  rocketAt: (tokenBudget: number) => RocketOptions;
  maxNew: number;
  budgets: readonly number[];
}

async function measureAll(measuring: Measuring): Promise<TuningRow[]> {
  const { rooms, verbs, job, documentId, question, maxNew, budgets } = measuring;
  const { signal } = job;
  const rows: TuningRow[] = [];
  const add = (row: TuningRow) => {
    rows.push(row);
    job.status = { ...job.status, phase: 'measuring', done: rows.length, total: budgets.length + 1 };
    job.emit({ type: 'row', row });
    rooms.changes.emit('change');
  };
  job.status = { ...job.status, phase: 'measuring', total: budgets.length + 1 };
  const inPassing = <T>(work: (chatId: string) => Promise<T>) =>
    rooms.session().inPassingChat(verbs, documentId, (chatId) => {
      if (signal.aborted) throw new AppError('CANCELLED', 'Stopped.');
      return work(chatId);
    });
  const { referenceId, positions } = await inPassing((chatId) =>
    verbs.measureReference({ chatId, question, maxNew }, { signal }),
  );
  try {
    const whole = await inPassing((chatId) =>
      timedAnswer(measuring, chatId, 'full', measuring.rocketAt(usualTokenBudget)),
    );
    add({ ...answerPart(whole), budget: null, positions, klMean: 0, klMedian: 0, sameTop1: 1, keptMassMean: null });
    for (const tokenBudget of budgets) {
      const rocket = measuring.rocketAt(tokenBudget);
      const { mode } = measuring;
      const against = await inPassing((chatId) =>
        verbs.measureAgainst({ chatId, referenceId, mode, rocket }, { signal }),
      );
      const answer = await inPassing((chatId) => timedAnswer(measuring, chatId, mode, rocket));
      const kl = against.positions.map((position) => position.kl);
      add({
        ...answerPart(answer),
        budget: tokenBudget,
        positions: kl.length,
        klMean: mean(kl) ?? 0,
        klMedian: median(kl),
        sameTop1: mean(against.positions.map(({ sameTop1 }) => (sameTop1 ? 1 : 0))) ?? 0,
        keptMassMean: mean(against.counters.keptMass),
      });
    }
    return rows;
  } finally {
    await verbs.forgetReference({ referenceId }).catch(() => {});
  }
}

/**
 * Answers freely to measure the speed, greedily so that the text is the same each time. Measuring along given tokens also computes the
 * oracle, so its time says nothing.
 */
async function timedAnswer(
  { rooms, verbs, job, question, maxNew }: Measuring,
  chatId: string,
  mode: AnswerMode,
  rocket: RocketOptions,
): Promise<AnswerReport> {
  const request = { chatId, question, mode, rocket, maxNew, sampler: defaultSampler };
  for await (const event of await verbs.ask(request, { signal: job.signal }))
    if (event.type === 'done') {
      noteAnswer(rooms, event);
      return event;
    }
  throw new AppError('INTERNAL', 'The engine ended the answer without a result.');
}

function answerPart({ answer, generatedTokens, timings, counters }: AnswerReport) {
  const { decodeMs, firstTokenMs } = timings;
  return {
    answer,
    decodeTokS: generatedTokens > 1 && decodeMs > 0 ? (generatedTokens / decodeMs) * 1000 : null,
    firstTokenMs,
    kvBytes: workedOn(counters),
    readBytesPerStep: counters.readBytesPerStep,
  };
}

const workedOn = ({ compactBytes, summaryBytes, fullBytes }: Counters) =>
  compactBytes > 0 ? compactBytes + summaryBytes : fullBytes;

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
}
