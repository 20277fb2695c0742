/**
 * `npm run -s agree -- <model.gguf> <file>`: checks the engine on a model by comparing mode full with llama.cpp on the same file and text,
 * token by token.
 */

import type { Distance, LlamaComparison } from '../contract/lab.ts';
import { plural } from '../contract/number-words.ts';
import { chooseDevice } from '../engine-host/choose-device.ts';
import { startLab } from '../lab/lab-client.ts';
import { commandWords } from './advice-words.ts';
import { type Arguments, type Command, usageError } from './arguments.ts';
import { deviceSetting, modelFlags } from './method-flags.ts';
import { documentChoice, documentFlags, openDocuments } from './open-documents.ts';
import { ProgressLine } from './progress-line.ts';
import { runCommand } from './report-error.ts';

const defaultTokens = 2000;

const { device, threads } = modelFlags;
const command: Command = {
  run: 'npm run -s agree --',
  usage: '<model.gguf> <file>... [options]',
  about: "Compares the engine's logits with llama.cpp's on the same model and text, on the same device.",
  flags: {
    tokens: { value: '<n>', help: `tokens of the text to compare at (default ${defaultTokens})` },
    ...(device && threads ? { device, threads } : {}),
    ...documentFlags,
    itself: {
      help: 'also compare llama.cpp with itself, with flash attention and without: how far apart two right answers lie',
    },
    json: { help: 'print one JSON object: kl_mean, kl_max, same_best and what was compared' },
  },
};

async function agree(args: Arguments, signal: AbortSignal): Promise<undefined> {
  const [path, ...files] = args.positionals;
  if (path === undefined || files.length === 0)
    throw usageError(`A model and a text are needed: ${command.run} ${command.usage}`);
  const tokens = args.integerWithin('tokens', 1, 1_000_000) ?? defaultTokens;
  const threadCount = args.integerWithin('threads', 0, 1024) ?? 0;
  const choice = await chooseDevice(deviceSetting(args), commandWords);
  const progress = new ProgressLine();
  const { text } = await openDocuments(files, progress, signal, documentChoice(args));
  const itself = args.has('itself');
  progress.print(
    `Reading ${plural(tokens, 'token')} ${itself ? 'three times, here and twice' : 'twice, here and'} with llama.cpp; both hold the model.`,
  );
  const engine = startLab();
  try {
    const report = await engine.verbs.compareWithLlama(
      { path, text, tokens, device: choice.device, threads: threadCount, itself },
      { signal },
    );
    process.stdout.write(
      args.has('json') ? `${JSON.stringify(reportJson(report, choice.device))}\n` : reportText(report),
    );
  } finally {
    await engine.close();
  }
  return undefined;
}

function reportText(report: LlamaComparison): string {
  const { model, architecture, positions, ours, llamaPlain } = report;
  return [
    `${model || 'The model'} (${architecture}): ${plural(positions, 'position')}`,
    ...distanceText('llama.cpp from here', ours),
    ...(llamaPlain ? distanceText('llama.cpp from itself without flash attention', llamaPlain) : []),
    '',
  ].join('\n');
}

const distanceText = (from: string, { klMean, klMax, sameBest }: Distance) => [
  `  KL of the next token, ${from}: mean ${klMean.toExponential(2)}, greatest ${klMax.toExponential(2)} nats`,
  `  same likeliest token: ${(100 * sameBest).toFixed(2)} %`,
];

const reportJson = ({ model, architecture, positions, ours, llamaPlain }: LlamaComparison, device: string) => ({
  model,
  architecture,
  device,
  positions,
  ...distanceJson(ours),
  ...(llamaPlain && { llama_itself: distanceJson(llamaPlain) }),
});

const distanceJson = ({ klMean, klMax, sameBest }: Distance) => ({
  kl_mean: klMean,
  kl_max: klMax,
  same_best: sameBest,
});

await runCommand(command, agree);
