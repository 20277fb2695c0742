/**
 * `npm run -s fidelity -- <file>...`: how close each mode and budget comes to full KV on a person's own text. Every mode is forced along
 * the tokens of full KV's answer, and also answers freely.
 */

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import type { Counters } from '../contract/engine-reports.ts';
import { AppError } from '../contract/errors.ts';
import { answerModes, defaultSampler } from '../contract/method.ts';
import { presets } from '../contract/method-values.ts';
import { plural } from '../contract/number-words.ts';
import { chooseDevice } from '../engine-host/choose-device.ts';
import { type EngineVerbs, startEngine } from '../engine-host/engine-client.ts';
import { commandWords } from './advice-words.ts';
import { type Arguments, type Command, usageError } from './arguments.ts';
import { AnswerOutput, askOne, readAll } from './ask.ts';
import { fidelityColumns, fidelityRow, type MeasuredAnswer, type Variant, variantCells } from './fidelity-rows.ts';
import { type Cell, csvLine, textTable } from './format.ts';
import {
  allChoosing,
  choosingFlags,
  deviceWish,
  filesOf,
  modelChoice,
  modelFlags,
  readingChoice,
  readingFlags,
  rocketFlags,
  rocketOptions,
} from './method-flags.ts';
import { builtInNeedles, type CheckedQuestion, insertNeedles, isRight, parseQuestions } from './needles.ts';
import { documentChoice, documentFlags, openDocuments } from './open-documents.ts';
import { ProgressLine } from './progress-line.ts';
import { runCommand } from './report-error.ts';

const { budget: _one, ...rocketFlagsWithoutBudget } = rocketFlags;

const command: Command = {
  run: 'npm run -s fidelity --',
  usage: '<file>... [options]',
  about:
    'Compares compressed answers with full-KV answers on your own text: KL, same top-1, attention kept, answers right.',
  flags: {
    questions: {
      value: '<file>',
      help: 'a line each: question|expected substring (default: ten facts it inserts itself)',
    },
    budgets: { value: '<t,...>', help: 'token budgets (default 256,512,1024)' },
    modes: { value: '<m,...>', help: 'modes (default rocketkv,snapkv,hsa,exact-topk)' },
    chat: { help: "ask each question as a chat's second: which modes still find it?" },
    'no-answers': { help: 'only along the full answer: leave out what each mode answers by itself' },
    csv: { help: 'print CSV' },
    ...documentFlags,
    'float-weights': {
      help: 'compute with the weights as 16-bit floats: without the rounding of quantized products, which also changes answers',
    },
    ...modelFlags,
    ...rocketFlagsWithoutBudget,
    ...choosingFlags,
    ...readingFlags,
  },
};

interface Run {
  verbs: EngineVerbs;
  signal: AbortSignal;
  progress: ProgressLine;
  documentId: string;
  maxNew: number;
  ownAnswers: boolean;
}

function allVariants(args: Arguments, budgets: readonly number[]): Variant[] {
  const modes = args.listOf('modes', answerModes) ?? ['rocketkv', 'snapkv', 'hsa', 'exact-topk'];
  const variants = modes.flatMap((mode) =>
    allChoosing(args).flatMap((chosen) =>
      budgets.map((budget): Variant => ({ mode, rocket: rocketOptions(args, budget, chosen) })),
    ),
  );
  // Variants that differ only in what their mode does not use are the same.
  return [...new Map(variants.map((variant) => [variantCells(variant).join(), variant])).values()];
}

async function fidelity(args: Arguments, signal: AbortSignal): Promise<undefined> {
  const files = filesOf(args, 'file');
  const budgets = args.integers('budgets') ?? [256, 512, 1024];
  const variants = allVariants(args, budgets);
  const floatWeights = args.has('float-weights');
  const { path, threads } = modelChoice(args);
  // The number of threads is fixed while it measures: with another number full attention rounds differently.
  const fixed = { path, threads: threads === 0 ? availableParallelism() : threads };
  const choice = { ...fixed, ...(await chooseDevice(deviceWish(args), commandWords)) };
  const { maxNew, ...reading } = readingChoice(args, 64);
  const own = args.text('questions');
  const ownQuestions = own === undefined ? undefined : readQuestions(own);
  const chat = args.has('chat');
  const ownAnswers = !args.has('no-answers');
  if (chat && !ownAnswers) throw usageError('--chat compares answers; it cannot go with --no-answers.');
  if (chat && ownQuestions && ownQuestions.length < 2) throw usageError('--chat needs at least two questions.');

  const progress = new ProgressLine();
  const engine = startEngine();
  const { verbs } = engine;
  const rows: Cell[][] = [];
  if (args.has('csv')) process.stdout.write(`${csvLine(fidelityColumns)}\n`);
  try {
    const model = await verbs.openModel({ ...choice, floatWeights }, { signal });
    for (const notice of model.notices) progress.say(`Note: ${notice}`);
    for (const file of files) {
      const parsed = await openDocuments([file], progress, signal, documentChoice(args));
      const needles = builtInNeedles();
      const questions: CheckedQuestion[] = ownQuestions ?? needles;
      const { text, pages } = ownQuestions ? parsed : insertNeedles(parsed, needles);
      const rocket = rocketOptions(args, Math.max(...budgets), presets.paper);
      const planFor = { mode: 'full' as const, rocket, maxNew, question: questions[0]?.question ?? '' };
      const read = await readAll(verbs, { text, pages, ...reading, planFor }, progress, signal);
      progress.say(
        `${basename(file)}: ${plural(read.documentTokens, 'token')}, ${plural(questions.length, 'question')}`,
      );
      const run: Run = { verbs, signal, progress, documentId: read.documentId, maxNew, ownAnswers };
      const measure = chat ? measureSecondTurns : measureFirstTurns;
      for (const [variant, answers] of await measure(run, questions, variants)) {
        const row = fidelityRow(basename(file), variant, answers);
        rows.push(row);
        if (args.has('csv')) process.stdout.write(`${csvLine(row)}\n`);
      }
      await verbs.forgetDocument({ documentId: read.documentId });
    }
  } finally {
    await engine.close();
  }
  if (!args.has('csv')) process.stdout.write(`${textTable(fidelityColumns, rows)}\n`);
  return undefined;
}

function readQuestions(file: string): CheckedQuestion[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new AppError('IO', `The questions ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  return parseQuestions(text, file);
}

type Measured = Map<Variant, MeasuredAnswer[]>;
const emptyMeasured = (variants: readonly Variant[]): Measured => new Map(variants.map((variant) => [variant, []]));

async function measureFirstTurns(
  run: Run,
  questions: readonly CheckedQuestion[],
  variants: readonly Variant[],
): Promise<Measured> {
  const { verbs, maxNew, progress, signal } = run;
  const measured = emptyMeasured(variants);
  let done = 0;
  for (const { question, expected } of questions) {
    const reference = await inChat(run, (chatId) => verbs.measureReference({ chatId, question, maxNew }, { signal }));
    const fullRight = isRight(reference.answer, expected);
    const { referenceId } = reference;
    for (const variant of measured.keys()) {
      const { mode, rocket } = variant;
      const compared = await inChat(run, (chatId) =>
        verbs.measureAgainst({ chatId, referenceId, mode, rocket }, { signal }),
      ).catch((error: unknown) => notPossible(error, variant, progress));
      if (!compared) {
        measured.delete(variant);
        continue;
      }
      const { positions, counters } = compared;
      const own = run.ownAnswers && (await inChat(run, (chatId) => askQuietly(run, chatId, question, variant)));
      const right = own ? isRight(own.answer, expected) : null;
      measured.get(variant)?.push({ fullRight, right, positions, counters });
      done++;
      progress.show('Measuring', { done, total: questions.length * variants.length, unit: 'answers' });
    }
    await verbs.forgetReference({ referenceId });
  }
  progress.clear();
  return measured;
}

/** Reports a variant whose budget is impossible; the others are measured. */
function notPossible(error: unknown, variant: Variant, progress: ProgressLine): undefined {
  if (!(error instanceof AppError) || error.code !== 'INVALID_ARGUMENT') throw error;
  const name = variantCells(variant).filter((cell) => cell !== null);
  progress.say(`Not measured: ${name.join(' ')}: ${error.message}`);
}

/** Asks each question after another one in the same chat, to see whether the mode still finds what the first selection dropped. */
async function measureSecondTurns(
  run: Run,
  questions: readonly CheckedQuestion[],
  variants: readonly Variant[],
): Promise<Measured> {
  const measured = emptyMeasured(variants);
  const first = variants[0];
  if (!first) return measured;
  const full: Variant = { ...first, mode: 'full' };
  let done = 0;
  for (const [i, { question, expected }] of questions.entries()) {
    const opener = questions[(i + Math.ceil(questions.length / 2)) % questions.length]?.question ?? question;
    const second = (variant: Variant) =>
      inChat(run, async (chatId) => {
        await askQuietly(run, chatId, opener, variant);
        return askQuietly(run, chatId, question, variant);
      });
    const fullRight = isRight((await second(full)).answer, expected);
    for (const variant of variants) {
      const { answer, counters } = await second(variant);
      measured.get(variant)?.push({ fullRight, right: isRight(answer, expected), positions: [], counters });
      done++;
      run.progress.show('Asking', { done, total: questions.length * variants.length, unit: 'second questions' });
    }
  }
  run.progress.clear();
  return measured;
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

await runCommand(command, fidelity);
