/**
 * `npm run -s fidelity -- <file>...`: how close each mode and budget comes to full KV on a person's own text. Every mode is forced along
 * the tokens of full KV's answer, and also answers freely.
 */

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import type { ParsedDocument } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';
import { answerModes } from '../contract/method-values.ts';
import { plural } from '../contract/number-words.ts';
import { chooseDevice } from '../engine-host/choose-device.ts';
import { startEngine } from '../engine-host/engine-client.ts';
import { commandWords } from './advice-words.ts';
import { type Arguments, type Command, usageError } from './arguments.ts';
import { readAll } from './ask.ts';
import { fidelityColumns, fidelityRow, type MeasuredAnswer, type Variant, variantCells } from './fidelity-rows.ts';
import {
  type Compared,
  type ComparedAnswer,
  compareFirstTurns,
  compareSecondTurns,
  type Run,
} from './fidelity-turns.ts';
import { type Cell, csvLine, textTable } from './format.ts';
import {
  allChoosing,
  choosingFlags,
  deviceSetting,
  expertPlaces,
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
import { recordColumns, recordRows } from './record-rows.ts';
import { insertRecords, makeRecords, mostRecords } from './records.ts';
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
    task: {
      value: '<t>',
      help: 'facts (single ones), or extraction: inserts many records and asks for all, for some, and how many (default facts)',
    },
    records: { value: '<n>', help: 'with --task extraction: records to insert, 4 to 100 (default 40)' },
    seed: { value: '<n>', help: 'with --task extraction: which records (default 0)' },
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

function allVariants(args: Arguments, budgets: readonly number[], maxNew: number): Variant[] {
  const modes = args.listOf('modes', answerModes) ?? ['rocketkv', 'snapkv', 'hsa', 'exact-topk'];
  const variants = modes.flatMap((mode) =>
    allChoosing(args).flatMap((chosen) =>
      budgets.map((budget): Variant => ({ mode, rocket: rocketOptions(args, { mode, maxNew }, budget, chosen) })),
    ),
  );
  // Variants that differ only in what their mode does not use are the same.
  return [...new Map(variants.map((variant) => [variantCells(variant).join(), variant])).values()];
}

/** What is asked about each text: its questions, and the rows that their answers become. */
interface Task {
  columns: readonly string[];
  /** Most tokens of an answer, where nothing else was said. */
  maxNew: number;
  prepare(parsed: ParsedDocument): Prepared;
}

interface Prepared {
  document: ParsedDocument;
  questions: string[];
  rows(file: string, compared: Compared): Cell[][];
}

function factsTask(own: readonly CheckedQuestion[] | undefined): Task {
  const prepare = (parsed: ParsedDocument): Prepared => {
    const needles = builtInNeedles();
    const asked: readonly CheckedQuestion[] = own ?? needles;
    const measured = ({ fullAnswer, answer, positions, counters }: ComparedAnswer, i: number): MeasuredAnswer => {
      const expected = asked[i]?.expected ?? '';
      const right = answer === null ? null : isRight(answer, expected);
      return { fullRight: isRight(fullAnswer, expected), right, positions, counters };
    };
    return {
      document: own ? parsed : insertNeedles(parsed, needles),
      questions: asked.map(({ question }) => question),
      rows: (file, compared) =>
        [...compared].map(([variant, answers]) => fidelityRow(file, variant, answers.map(measured))),
    };
  };
  return { columns: fidelityColumns, maxNew: 64, prepare };
}

function extractionTask(args: Arguments): Task {
  const n = args.integerWithin('records', 4, mostRecords) ?? 40;
  const seed = args.integerWithin('seed', 0, 1_000_000) ?? 0;
  const prepare = (parsed: ParsedDocument): Prepared => {
    const set = makeRecords(parsed.text, n, seed);
    return {
      document: insertRecords(parsed, set.records),
      questions: set.questions.map(({ question }) => question),
      rows: (file, compared) => recordRows(file, set, compared),
    };
  };
  // A name in a few words takes about eight tokens. More would only prolong the repetitions in which small models end.
  return { columns: recordColumns, maxNew: 40 + 8 * n, prepare };
}

async function fidelity(args: Arguments, signal: AbortSignal): Promise<undefined> {
  const files = filesOf(args, 'file');
  const budgets = args.integers('budgets') ?? [256, 512, 1024];
  const floatWeights = args.has('float-weights');
  const { path, threads } = modelChoice(args);
  // The number of threads is fixed while it measures: with another number full attention rounds differently.
  const fixed = { path, threads: threads === 0 ? availableParallelism() : threads };
  const choice = { ...fixed, ...(await chooseDevice(deviceSetting(args), commandWords)), ...expertPlaces(args) };
  const own = args.text('questions');
  const ownQuestions = own === undefined ? undefined : readQuestions(own);
  const chat = args.has('chat');
  const ownAnswers = !args.has('no-answers');
  const isExtraction = args.oneOf('task', ['facts', 'extraction']) === 'extraction';
  if (isExtraction && (ownQuestions || chat))
    throw usageError(`--task extraction cannot go with ${ownQuestions ? '--questions' : '--chat'}.`);
  if (!isExtraction && (args.has('records') || args.has('seed')))
    throw usageError('--records and --seed go with --task extraction.');
  if (chat && !ownAnswers) throw usageError('--chat compares answers; it cannot go with --no-answers.');
  if (chat && ownQuestions && ownQuestions.length < 2) throw usageError('--chat needs at least two questions.');
  const task = isExtraction ? extractionTask(args) : factsTask(ownQuestions);
  const { maxNew, ...reading } = readingChoice(args, task.maxNew);
  const variants = allVariants(args, budgets, maxNew);

  const progress = new ProgressLine();
  const engine = startEngine();
  const { verbs } = engine;
  const rows: Cell[][] = [];
  if (args.has('csv')) process.stdout.write(`${csvLine(task.columns)}\n`);
  try {
    const model = await verbs.openModel({ ...choice, floatWeights }, { signal });
    for (const notice of model.notices) progress.print(`Note: ${notice}`);
    for (const file of files) {
      const parsed = await openDocuments([file], progress, signal, documentChoice(args));
      const { document, questions, rows: rowsOf } = task.prepare(parsed);
      const { text, pages } = document;
      const mode = 'full' as const;
      const rocket = rocketOptions(args, { mode, maxNew }, Math.max(...budgets), {});
      const planFor = { mode, rocket, maxNew, question: questions[0] ?? '' };
      const read = await readAll(verbs, { text, pages, ...reading, planFor }, progress, signal);
      progress.print(
        `${basename(file)}: ${plural(read.documentTokens, 'token')}, ${plural(questions.length, 'question')}`,
      );
      const run: Run = { verbs, signal, progress, documentId: read.documentId, maxNew, ownAnswers };
      const compare = chat ? compareSecondTurns : compareFirstTurns;
      for (const row of rowsOf(basename(file), await compare(run, questions, variants))) {
        rows.push(row);
        if (args.has('csv')) process.stdout.write(`${csvLine(row)}\n`);
      }
      await verbs.forgetDocument({ documentId: read.documentId });
    }
  } finally {
    await engine.close();
  }
  if (!args.has('csv')) process.stdout.write(`${textTable(task.columns, rows)}\n`);
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

await runCommand(command, fidelity);
