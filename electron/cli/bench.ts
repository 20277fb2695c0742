/**
 * `npm run -s bench`: prefill and decode speed by depth, ours and llama.cpp's on the same file with the same threads. Every
 * run is a fresh process; rows interleave within each round, so that noise hits all alike; medians over the rounds.
 */
import { fork } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AppError } from '../contract/errors.ts';
import { type AnswerMode, answerModes } from '../contract/method.ts';
import { chooseDevice } from '../engine-host/choose-device.ts';
import { startEngine } from '../engine-host/engine-client.ts';
import { type Arguments, type Command, usageError } from './arguments.ts';
import { type BaselineRequest, baselineResultSchema } from './bench-llama-cpp.ts';
import { type BenchRun, type BenchVariant, benchColumns, benchRow } from './bench-rows.ts';
import { csvLine, textTable } from './format.ts';
import {
  allChoosing,
  type Choosing,
  choosingFlags,
  deviceWish,
  modelChoice,
  modelFlags,
  readingFlags,
  rocketFlags,
  rocketOptions,
  usedChoosing,
} from './method-flags.ts';
import { ProgressLine } from './progress-line.ts';
import { runCommand } from './report-error.ts';

const command: Command = {
  run: 'npm run -s bench --',
  usage: '[options]',
  about: 'Measures prefill and decode speed by depth beside llama.cpp on the same model and threads.',
  flags: {
    depths: { value: '<n,...>', help: 'tokens read before the question (default 0,512,2048,7936)' },
    modes: { value: '<m,...>', help: 'our modes (default full,rocketkv)' },
    rounds: { value: '<n>', help: 'rounds to take the median of (default 3)' },
    'max-new': { value: '<n>', help: 'tokens to generate (default 32)' },
    'no-baseline': { help: 'leave llama.cpp out' },
    csv: { help: 'print CSV' },
    ...modelFlags,
    ...rocketFlags,
    ...choosingFlags,
    'kv-type': readingFlags['kv-type'] ?? { help: '' },
  },
};

/** Of the question that the answer follows. */
const questionTokens = 32;

interface Measurement {
  variant: BenchVariant;
  run(depth: number): Promise<BenchRun>;
}

async function bench(args: Arguments, signal: AbortSignal): Promise<undefined> {
  if (args.positionals.length > 0) throw usageError(`bench takes no files; "${args.positionals[0]}" was given.`);
  const depths = args.integers('depths') ?? [0, 512, 2048, 7936];
  const modes = args.listOf('modes', answerModes) ?? ['full', 'rocketkv'];
  const rounds = args.integerWithin('rounds', 1, 99) ?? 3;
  const maxNew = args.integerWithin('max-new', 2, 4096) ?? 32;
  const text = sampleText();
  const facts = await modelFacts(args);
  const deepest = Math.max(...depths) + questionTokens + maxNew;
  if (deepest > facts.context)
    throw new AppError(
      'CTX_OVERFLOW',
      `A depth of ${Math.max(...depths)} needs ${deepest} tokens with question and answer; ${facts.name} reads at most ${facts.context}.`,
    );
  const chosen = modes.flatMap((mode) =>
    allChoosing(args).map((choosing) => rocketDoc(args, mode, choosing, text, maxNew)),
  );
  const ours = [...new Map(chosen.map((measurement) => [nameOf(measurement.variant), measurement])).values()];
  const theirs = args.has('no-baseline') ? [] : [true, false].map((flash) => llamaCpp(facts, flash, text, maxNew));
  const measurements = [...ours, ...theirs];

  const progress = new ProgressLine();
  const runs = new Map<string, BenchRun[]>();
  const total = rounds * depths.length * measurements.length;
  let done = 0;
  for (let round = 0; round < rounds; round++) {
    for (const depth of depths) {
      for (const { variant, run } of measurements) {
        if (signal.aborted) throw new AppError('CANCELLED', 'Stopped.');
        progress.show('Measuring', { done, total, unit: 'runs' });
        const key = `${nameOf(variant)} ${depth}`;
        runs.set(key, [...(runs.get(key) ?? []), await run(depth)]);
        done++;
      }
    }
  }
  progress.clear();
  const rows = depths.flatMap((depth) =>
    measurements.map(({ variant }) => benchRow(variant, depth, runs.get(`${nameOf(variant)} ${depth}`) ?? [])),
  );
  process.stdout.write(
    args.has('csv') ? `${[benchColumns, ...rows].map(csvLine).join('\n')}\n` : `${textTable(benchColumns, rows)}\n`,
  );
  return undefined;
}

const nameOf = ({ engine, mode, selector }: BenchVariant) => [engine, mode, selector].join(' ');

function sampleText(): string {
  const file = fileURLToPath(new URL('../../assets/samples/report.md', import.meta.url));
  if (!existsSync(file)) throw new AppError('DOC_MISSING', 'The sample assets/samples/report.md is not there.');
  return readFileSync(file, 'utf8');
}

interface ModelFacts {
  path: string;
  name: string;
  context: number;
  threads: number;
  kvBytesPerToken: number;
}

/** What the baseline needs to be given: our own choice of threads, above all. */
async function modelFacts(args: Arguments): Promise<ModelFacts> {
  const engine = startEngine();
  try {
    const { info, threads } = await engine.verbs.openModel({
      ...modelChoice(args),
      ...(await chooseDevice(deviceWish(args))),
    });
    const { path, name, nCtxTrain: context, kvBytesPerToken } = info;
    return { path, name, context, threads, kvBytesPerToken };
  } finally {
    await engine.close();
  }
}

function rocketDoc(args: Arguments, mode: AnswerMode, chosen: Choosing, text: string, maxNew: number): Measurement {
  const rocket = rocketOptions(args, undefined, chosen);
  const selector = usedChoosing(mode, chosen).selector ?? null;
  const kvType = args.oneOf('kv-type', ['f16', 'q8_0']) ?? 'f16';
  return {
    variant: { engine: 'rocketdoc', mode, budget: mode === 'full' ? null : rocket.tokenBudget, selector },
    async run(depth) {
      const engine = startEngine();
      try {
        const { info, device } = await engine.verbs.openModel({
          ...modelChoice(args),
          ...(await chooseDevice(deviceWish(args))),
        });
        const speed = await engine.verbs.measureSpeed({ text, depth, mode, rocket, maxNew, kvType });
        return {
          device,
          model: info.name,
          prefillTokS: depth > 0 ? (1000 * speed.prefillTokens) / speed.prefillMs : null,
          decodeTokS: (1000 * speed.decodeTokens) / speed.decodeMs,
          firstTokenMs: speed.firstTokenMs,
          kvBytes: speed.kvBytes,
          peakRssBytes: speed.peakRssBytes,
        };
      } finally {
        await engine.close();
      }
    },
  };
}

function llamaCpp(facts: ModelFacts, flashAttention: boolean, text: string, maxNew: number): Measurement {
  const { path: modelPath, threads } = facts;
  return {
    variant: { engine: 'llama.cpp', mode: flashAttention ? 'flash' : 'plain', budget: null, selector: null },
    async run(depth) {
      const result = await baseline({ modelPath, text, depth, questionTokens, maxNew, threads, flashAttention });
      return {
        device: 'cpu',
        model: facts.name,
        prefillTokS: depth > 0 ? (1000 * depth) / result.prefillMs : null,
        decodeTokS: (1000 * result.decodeTokens) / result.decodeMs,
        firstTokenMs: result.firstTokenMs,
        kvBytes: result.contextTokens * facts.kvBytesPerToken, // llama.cpp allocates the whole context, f16
        peakRssBytes: result.peakRssBytes,
      };
    },
  };
}

function baseline(request: BaselineRequest) {
  const child = fork(fileURLToPath(new URL('./bench-llama-cpp.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-2000);
  });
  return new Promise<ReturnType<typeof baselineResultSchema.parse>>((resolve, reject) => {
    child.on('message', (message) => resolve(baselineResultSchema.parse(message)));
    child.on('error', reject);
    child.on('exit', (code, signal) =>
      reject(new AppError('INTERNAL', `The llama.cpp baseline ended with ${signal ?? code}. ${words.trim()}`)),
    );
    child.send(request);
  });
}

await runCommand(command, bench);
