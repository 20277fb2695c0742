/**
 * `npm run -s bench`: prefill and decode speed by depth, ours and llama.cpp's on the same file. Each round and depth has a fresh process
 * that reads once and answers with every variant; llama.cpp's runs come in between, so that noise affects all alike. The results are
 * medians over the rounds.
 */

import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DeviceChoice } from '../contract/engine.ts';
import { type ModelInfo, weightType } from '../contract/engine-reports.ts';
import { AppError } from '../contract/errors.ts';
import type { SpeedVariant } from '../contract/lab.ts';
import { windowKvBytes } from '../contract/layer-windows.ts';
import { answerModes } from '../contract/method-values.ts';
import { chooseDevice } from '../engine-host/choose-device.ts';
import { type LabVerbs, startLab } from '../lab/lab-client.ts';
import { commandWords } from './advice-words.ts';
import { type Arguments, type Command, usageError } from './arguments.ts';
import { llamaCppRuns } from './bench-baseline.ts';
import { type BesideRound, besideColumns, besideRound, besideRow, type Load, loadOf } from './bench-beside.ts';
import { runLlamaBench } from './bench-llama-bench.ts';
import { shapeFlags, withModel } from './bench-model.ts';
import { type BenchRun, type BenchVariant, benchColumns, benchRow, cancelColumns, cancelRow } from './bench-rows.ts';
import { BenchedWindow } from './bench-window.ts';
import { type Cell, csvLine, gpuProductsText, textTable } from './format.ts';
import {
  allChoosing,
  choosingFlags,
  deviceSetting,
  expertPlaces,
  modelChoice,
  modelFlags,
  type ReadingChoice,
  readingChoice,
  readingFlags,
  rocketFlags,
  rocketOptions,
  usedChoosing,
} from './method-flags.ts';
import { ProgressLine } from './progress-line.ts';
import { runCommand } from './report-error.ts';

const { budget: _, ...rocketFlagsWithoutBudget } = rocketFlags;

const command: Command = {
  run: 'npm run -s bench --',
  usage: '[options]',
  about: 'Measures prefill and decode speed by depth beside llama.cpp on the same model.',
  flags: {
    depths: { value: '<n,...>', help: 'tokens read before the question (default 0,512,2048,7936)' },
    modes: { value: '<m,...>', help: 'our modes (default full,rocketkv; with --home host rocketkv,rocketkv-mt)' },
    budgets: { value: '<t,...>', help: 'token budgets (default 512)' },
    rounds: { value: '<n>', help: 'rounds to take the median of (default 3)' },
    cancels: { value: '<n>', help: 'instead of speeds: how soon n cancels are seen, of a reading and of an answer' },
    beside: {
      value: '<load>',
      help: "instead of other engines: speed alone and beside a busy loop (loop), a second engine (engine), the app's window (window) or a command",
    },
    'no-baseline': { help: 'leave llama.cpp out' },
    'llama-bench': { value: '<file>', help: 'measure llama.cpp with its own llama-bench; needed on a GPU' },
    ...shapeFlags,
    csv: { help: 'print CSV' },
    ...modelFlags,
    ...rocketFlagsWithoutBudget,
    ...choosingFlags,
    ...readingFlags,
    'max-new': { value: '<n>', help: 'tokens to generate (default 32; with --beside 256)' },
  },
};

/** Tokens of the question. */
const questionTokens = 32;

interface Bench {
  args: Arguments;
  signal: AbortSignal;
  progress: ProgressLine;
  path: string;
  device: DeviceChoice;
  /** The threads that our engine chose; the baseline gets as many. */
  threads: number;
  /** Layers whose experts lie in RAM while a GPU computes. */
  expertsInRam: number;
  info: ModelInfo;
  deviceName: string;
  depths: readonly number[];
  maxNew: number;
  rounds: number;
  text: string;
  reading: Omit<ReadingChoice, 'maxNew'>;
}

async function bench(args: Arguments, signal: AbortSignal): Promise<undefined> {
  if (args.positionals.length > 0) throw usageError(`bench takes no files; "${args.positionals[0]}" was given.`);
  const progress = new ProgressLine();
  const besides = args.text('beside');
  const load = besides === undefined ? undefined : loadOf(besides);
  for (const flag of ['cancels', 'llama-bench'])
    if (load && args.has(flag)) throw usageError(`--beside measures other things than --${flag}: give one of them.`);
  const depths = args.integers('depths') ?? (load ? [2048] : [0, 512, 2048, 7936]);
  const rounds = args.integerWithin('rounds', 1, 99) ?? 3;
  const cancels = args.integerWithin('cancels', 1, 1000);
  const { maxNew, ...reading } = readingChoice(args, load ? 256 : 32);
  if (maxNew < 2 || maxNew > 4096) throw usageError(`--max-new must be between 2 and 4096, not ${maxNew}.`);
  const device = { ...(await chooseDevice(deviceSetting(args), commandWords)), ...expertPlaces(args) };
  const variants = wantedVariants(args, device, { ...reading, maxNew });
  await withModel(args, progress, signal, async (path) => {
    const mode = answerModes[0];
    const plan = { mode, rocket: rocketOptions(args, { mode, maxNew }), maxNew, kvType: reading.kvType };
    const { opened, expertsInRam } = await withEngine(path, args, device, async (verbs, opened) => {
      const { expertLayersInRam } = await verbs.plan({
        ...plan,
        nPrompt: 2 * questionTokens,
        nQuestion: questionTokens,
      });
      return { opened, expertsInRam: expertLayersInRam };
    });
    const { info, threads, device: deviceName } = opened;
    if (expertsInRam > 0) progress.print(`The experts of ${expertsInRam} of ${info.nLayer} layers lie in RAM.`);
    if (device.device !== 'cpu') progress.print(`Matrix products of a token: ${gpuProductsText(info)}.`);
    const text = sampleText();
    const all = {
      args,
      signal,
      progress,
      path,
      device,
      threads,
      expertsInRam,
      info,
      deviceName,
      depths,
      maxNew,
      rounds,
      text,
      reading,
    };
    checkContext(all);
    const [columns, rows] = load
      ? [besideColumns, await besideRows(all, variants, load)]
      : cancels
        ? [
            cancelColumns,
            await cancelRows(all, cancels, variants[0]?.rocket ?? rocketOptions(args, { mode: 'full', maxNew })),
          ]
        : [benchColumns, await speedRows(all, variants)];
    progress.clear();
    process.stdout.write(
      args.has('csv') ? `${[columns, ...rows].map(csvLine).join('\n')}\n` : `${textTable(columns, rows)}\n`,
    );
  });
  return undefined;
}

/** Every mode with every budget, selector and pooling that makes a difference to it. */
function wantedVariants(args: Arguments, { device }: DeviceChoice, { home, maxNew }: ReadingChoice): SpeedVariant[] {
  const isOff = home === 'host' && device !== 'cpu';
  const modes = args.listOf('modes', answerModes) ?? (isOff ? ['rocketkv', 'rocketkv-mt'] : ['full', 'rocketkv']);
  if (isOff && modes.includes('full'))
    throw usageError(
      'Mode full reads the document on the GPU, and --home host keeps it off: leave full out of --modes.',
    );
  const budgets = args.integers('budgets') ?? [512];
  const chosen = modes.flatMap((mode) =>
    budgets.flatMap((budget) =>
      allChoosing(args).map((choosing) => ({ mode, rocket: rocketOptions(args, { mode, maxNew }, budget, choosing) })),
    ),
  );
  return [...new Map(chosen.map((variant) => [keyOf(rowOf(variant)), variant])).values()];
}

function rowOf({ mode, rocket }: SpeedVariant): BenchVariant {
  const selector = usedChoosing(mode, rocket).selector ?? null;
  return { engine: 'rocketdoc', mode, budget: mode === 'full' ? null : rocket.tokenBudget, selector };
}

const keyOf = ({ engine, mode, budget, selector }: BenchVariant) => [engine, mode, budget, selector].join(' ');

function checkContext({ depths, maxNew, info }: Bench): void {
  const deepest = Math.max(...depths) + questionTokens + maxNew;
  if (deepest <= info.nCtxTrain) return;
  throw new AppError(
    'CTX_OVERFLOW',
    `A depth of ${Math.max(...depths)} needs ${deepest} tokens with question and answer; ${info.name} reads at most ${info.nCtxTrain}.`,
  );
}

function sampleText(): string {
  const file = fileURLToPath(new URL('../../assets/samples/report.md', import.meta.url));
  if (!existsSync(file)) throw new AppError('DOC_MISSING', 'The sample assets/samples/report.md is not there.');
  return readFileSync(file, 'utf8');
}

type Opened = Awaited<ReturnType<LabVerbs['openModel']>>;

async function withEngine<T>(
  path: string,
  args: Arguments,
  device: DeviceChoice,
  work: (verbs: LabVerbs, model: Opened) => Promise<T>,
): Promise<T> {
  const engine = startLab();
  try {
    const { threads } = modelChoice(args);
    return await work(engine.verbs, await engine.verbs.openModel({ path, threads, ...device }));
  } finally {
    await engine.close();
  }
}

async function speedRows(all: Bench, variants: readonly SpeedVariant[]): Promise<Cell[][]> {
  const { depths, rounds, signal, progress } = all;
  const ours = variants.map(rowOf);
  const theirs = baselineOf(all);
  const runs = new Map<string, BenchRun[]>();
  const add = (variant: BenchVariant, depth: number, run: BenchRun) => {
    const key = `${keyOf(variant)} ${depth}`;
    runs.set(key, [...(runs.get(key) ?? []), run]);
  };
  const total = rounds * depths.length * (1 + theirs.length);
  let done = 0;
  const step = async (work: () => Promise<void>) => {
    if (signal.aborted) throw new AppError('CANCELLED', 'Stopped.');
    progress.show('Measuring', { done: done++, total, unit: 'runs' });
    await work();
  };
  for (let round = 0; round < rounds; round++)
    for (const depth of depths) {
      await step(async () => {
        for (const [i, run] of (await ourRuns(all, variants, depth)).entries()) {
          const variant = ours[i];
          if (variant) add(variant, depth, run);
        }
      });
      for (const { variant, run } of theirs) await step(async () => add(variant, depth, await run(depth)));
    }
  const program = all.args.text('llama-bench');
  if (program !== undefined) for (const [depth, run] of await llamaBenchRuns(all, program)) add(llamaBench, depth, run);
  const rows = [...ours, ...theirs.map(({ variant }) => variant), ...(program === undefined ? [] : [llamaBench])];
  return depths.flatMap((depth) =>
    rows.map((variant) => benchRow(variant, depth, runs.get(`${keyOf(variant)} ${depth}`) ?? [])),
  );
}

async function ourRuns(all: Bench, variants: readonly SpeedVariant[], depth: number): Promise<BenchRun[]> {
  const { args, signal, path, device, info, maxNew, text, reading } = all;
  return withEngine(path, args, device, async (verbs, opened) => {
    const speed = await verbs.measureSpeed({ text, depth, ...reading, maxNew, variants: [...variants] }, { signal });
    return speed.runs.map(({ medianTokenMs, meanTokenMs: _mean, budgets: _budgets, ...run }) => ({
      ...run,
      device: opened.device,
      model: info.name,
      weights: weightType(info) ?? '',
      prefillTokS: depth > 0 ? (1000 * speed.prefillTokens) / speed.prefillMs : null,
      decodeTokS: medianTokenMs > 0 ? 1000 / medianTokenMs : Number.NaN,
      home: speed.home,
    }));
  });
}

/** llama.cpp as a library, for cases that it can measure too: on the CPU, with a real text. */
function baselineOf({ args, progress, path, device, threads, info, maxNew, text }: Bench) {
  if (args.has('no-baseline') || args.has('llama-bench')) return [];
  if (device.device !== 'cpu' || info.hasVocabulary === false) {
    progress.print('Note: llama.cpp is left out; --llama-bench measures it on a GPU and on random weights.');
    return [];
  }
  const { name, kvBytesPerToken, nCtxTrain } = info;
  const windowBytes = windowKvBytes(info, nCtxTrain);
  const facts = { path, name, weights: weightType(info) ?? '', threads, kvBytesPerToken, windowKvBytes: windowBytes };
  return llamaCppRuns(facts, text, questionTokens, maxNew);
}

const llamaBench: BenchVariant = { engine: 'llama.cpp', mode: 'llama.cpp', budget: null, selector: null };

async function llamaBenchRuns(all: Bench, program: string): Promise<Map<number, BenchRun>> {
  const { signal, progress, path: modelPath, device, threads, info, deviceName, depths, maxNew, rounds, reading } = all;
  progress.print('Measuring with llama-bench.');
  const request = {
    expertsInRam: all.expertsInRam,
    program,
    modelPath,
    device: device.device,
    depths,
    maxNew,
    rounds,
    threads,
    kvType: reading.kvType,
  };
  const speeds = await runLlamaBench(request, signal);
  const run = (speed: { prefillTokS: number | null; decodeTokS: number }): BenchRun => ({
    ...speed,
    device: deviceName,
    model: info.name,
    weights: weightType(info) ?? '',
    firstTokenMs: null,
    kvBytes: null,
    peakRssBytes: null,
    stage1Ms: null,
    peakVramBytes: null,
    planVramBytes: null,
    home: device.device === 'cpu' ? null : 'device',
  });
  return new Map([...speeds].map(([depth, speed]) => [depth, run(speed)]));
}

async function besideRows(all: Bench, variants: readonly SpeedVariant[], load: Load): Promise<Cell[][]> {
  const { progress, info, deviceName, depths, rounds } = all;
  const done = new Map<number, BesideRound[]>(depths.map((depth) => [depth, []]));
  for (let round = 0; round < rounds; round++)
    for (const [i, depth] of depths.entries()) {
      progress.show('Measuring', { done: round * depths.length + i, total: rounds * depths.length, unit: 'pairs' });
      done.get(depth)?.push(await oneRound(all, variants, load, depth));
    }
  return depths.flatMap((depth) =>
    variants.map((variant, i) =>
      besideRow({ device: deviceName, model: info.name, depth, load }, rowOf(variant), i, done.get(depth) ?? []),
    ),
  );
}

function oneRound(all: Bench, variants: readonly SpeedVariant[], load: Load, depth: number): Promise<BesideRound> {
  const { args, signal, path, device, maxNew, text, reading } = all;
  if (load.kind === 'window') return windowRound(all, variants, depth);
  const measure = (until: AbortSignal) =>
    withEngine(path, args, device, async (verbs) => {
      const request = { text, depth, ...reading, maxNew, variants: [...variants] };
      const { prefillMs, prefillTokens, runs } = await verbs.measureSpeed(request, { signal: until });
      const prefillTokS = depth > 0 ? (1000 * prefillTokens) / prefillMs : null;
      return runs.map(({ meanTokenMs }) => ({ prefillTokS, decodeTokS: 1000 / meanTokenMs }));
    });
  return besideRound(load, measure, signal);
}

async function windowRound(all: Bench, variants: readonly SpeedVariant[], depth: number): Promise<BesideRound> {
  const { args, signal, maxNew, text } = all;
  const model = args.has('model') ? resolve(modelChoice(args).path) : undefined;
  const window = new BenchedWindow({ text, depth, maxNew, threads: modelChoice(args).threads, model });
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new AppError('CANCELLED', 'Stopped.')), { once: true });
  });
  stopped.catch(() => {});
  try {
    const work = async () => {
      await window.open();
      return window.round(variants);
    };
    return await Promise.race([work(), stopped]);
  } finally {
    await window.close();
  }
}

async function cancelRows(all: Bench, cancels: number, rocket: SpeedVariant['rocket']): Promise<Cell[][]> {
  const { args, signal, progress, path, device, info, depths, text, reading } = all;
  const rows: Cell[][] = [];
  for (const [done, depth] of depths.entries()) {
    progress.show('Measuring', { done, total: depths.length, unit: 'depths' });
    await withEngine(path, args, device, async (verbs, opened) => {
      const request = { text, depth, ...reading, rocket, cancels };
      const { reading: ofReading, answering, home } = await verbs.measureCancels(request, { signal });
      const facts = { device: opened.device, model: info.name, home };
      rows.push(cancelRow(facts, 'prefill', depth, ofReading), cancelRow(facts, 'decode', depth, answering));
    });
  }
  return rows;
}

await runCommand(command, bench);
