/** `npm run -s inspect -- <model.gguf>`: what a model is, and what it needs in memory before anything is loaded. */

import type { MemoryNeed } from '../contract/app-types.ts';
import type { DeviceChoice } from '../contract/engine.ts';
import type { MemoryPlan, ModelInfo } from '../contract/engine-reports.ts';
import { notOnGpu } from '../contract/errors.ts';
import {
  fullLayers,
  layerRanges,
  sharedSources,
  sharingLayers,
  windowKvBytes,
  windowLayers,
  windowSizes,
} from '../contract/layer-windows.ts';
import { memoryNeeds } from '../contract/memory-needs.ts';
import type { AnswerMode } from '../contract/method.ts';
import { bytesText, count } from '../contract/number-words.ts';
import { chooseDevice } from '../engine-host/choose-device.ts';
import { startEngine } from '../engine-host/engine-client.ts';
import { commandWords } from './advice-words.ts';
import { type Arguments, type Command, usageError } from './arguments.ts';
import { budgetsJson, gpuProductsText, textTable } from './format.ts';
import {
  answerMode,
  deviceSetting,
  expertPlaces,
  modeFlag,
  modelFlags,
  modelPath,
  readingChoice,
  readingFlags,
  rocketFlags,
  rocketOptions,
} from './method-flags.ts';
import { runCommand } from './report-error.ts';

const command: Command = {
  run: 'npm run -s inspect --',
  usage: '<model.gguf> [options]',
  about: "Shows a model's architecture and sizes, and the memory plan for a document of n tokens.",
  flags: {
    tokens: { value: '<n>', help: "tokens of document and question (default: the model's context less the answer)" },
    json: { help: 'print one JSON object' },
    device: modelFlags.device ?? { help: '' },
    experts: modelFlags.experts ?? { help: '' },
    ...modeFlag,
    ...rocketFlags,
    'max-new': readingFlags['max-new'] ?? { help: '' },
    'kv-type': readingFlags['kv-type'] ?? { help: '' },
    home: readingFlags.home ?? { help: '' },
  },
};

/** The plan's question, of usual length. */
const questionTokens = 64;

async function inspect(args: Arguments): Promise<undefined> {
  if (args.positionals.length > 1) throw usageError('One model at a time, please.');
  const path = modelPath(args.positionals[0]);
  const { maxNew, kvType, home } = readingChoice(args);
  const mode = answerMode(args);
  const request = { mode, rocket: rocketOptions(args, { mode, maxNew }), maxNew, kvType, home };
  const tokens = args.integerWithin('tokens', 1, 16_777_216);
  const chosen = { ...(await chooseDevice(deviceSetting(args), commandWords)), ...expertPlaces(args) };
  const engine = startEngine();
  try {
    const info = await engine.verbs.inspect({ path });
    const nPrompt = tokens ?? Math.max(1, info.nCtxTrain - maxNew);
    const nQuestion = Math.min(questionTokens, nPrompt);
    const planOn = (device: string, mode = request.mode) =>
      engine.verbs.plan({ path, device, ...expertPlaces(args), nPrompt, nQuestion, ...request, mode });
    const { plan, device } = await planWhereItComputes(planOn, chosen);
    process.stdout.write(
      args.has('json')
        ? `${JSON.stringify(inspectJson(info, plan, nPrompt, request.mode, device))}\n`
        : `${inspectText(info, plan, nPrompt, request.mode, device)}\n`,
    );
  } finally {
    await engine.close();
  }
  return undefined;
}

/** Plans for the CPU if a GPU that was not named cannot compute the model, in whatever mode. */
async function planWhereItComputes(
  planOn: (device: string, mode?: AnswerMode) => Promise<MemoryPlan>,
  device: DeviceChoice,
) {
  try {
    return { plan: await planOn(device.device), device };
  } catch (error) {
    const deviceReason = device.mayUseCpu ? notOnGpu(error) : undefined;
    if (deviceReason === undefined) throw error;
    // Where mode full is computed there, the model is opened there: then asking is refused as this is.
    const isOpened = await planOn(device.device, 'full').then(
      () => true,
      () => false,
    );
    if (isOpened) throw error;
    return { plan: await planOn('cpu'), device: { device: 'cpu', deviceReason } };
  }
}

const planRows = (plan: MemoryPlan): [string, number][] => [
  ['weights', plan.weights],
  ['document KV', plan.documentKv],
  ['compact cache', plan.compactCache],
  ['summaries', plan.summaries],
  ['layer buffers', plan.layerBuffers],
  ...(plan.expertBuffers > 0 ? [['expert buffers', plan.expertBuffers] satisfies [string, number]] : []),
  ['activations', plan.activations],
  ['logits', plan.logits],
  ...(plan.states > 0 ? [['recurrent states', plan.states + plan.keptStates] satisfies [string, number]] : []),
  ['total', plan.total],
];

function inspectText(info: ModelInfo, plan: MemoryPlan, nPrompt: number, mode: string, device: DeviceChoice): string {
  const types = Object.entries(info.tensorTypes).map(([type, n]) => `${n} ${type}`);
  const facts: [string, string][] = [
    ['model', info.name],
    ['architecture', info.architecture],
    ['file', `${info.path} (${bytesText(info.fileBytes)})`],
    ['parameters', `${(info.nParams / 1e6).toFixed(1)} million in ${bytesText(info.weightBytes)}: ${types.join(', ')}`],
    ['layers', `${info.nLayer}, width ${info.nEmbd}, ${feedForwardText(info)}`],
    ['attention', `${info.nHead} heads, ${info.nHeadKv} KV heads of ${info.headDim}`],
    ['RoPE', `base ${count(info.ropeBase)}, scaling ${info.ropeScaling}`],
    ['vocabulary', `${count(info.nVocab)} tokens${info.tiedEmbeddings ? ', embeddings tied' : ''}`],
    ['context', `${count(info.nCtxTrain)} tokens`],
    ['full KV', `${count(info.kvBytesPerToken)} bytes a token`],
    ...layerFacts(info),
    ...sharedFacts(info),
    ['products', `of a token on a GPU: ${gpuProductsText(info)}`],
    ['computes on', device.deviceReason === null ? device.device : `${device.device} (${device.deviceReason})`],
  ];
  const width = Math.max(...facts.map(([name]) => name.length)) + 2;
  const { budgets } = plan;
  const table = textTable(
    ['memory', 'bytes', ''],
    planRows(plan).map(([name, bytes]) => [name, count(bytes), bytesText(bytes)]),
  );
  return [
    ...facts.map(([name, value]) => `${name.padEnd(width)}${value}`),
    '',
    `Plan for ${count(nPrompt)} tokens in mode ${mode}` +
      (mode === 'full'
        ? ':'
        : `, budget ${budgets.tokenBudget}: ${count(budgets.capacity)} rows stored, page ${budgets.page}, ` +
          `r ${budgets.r}, k ${budgets.k}:`),
    table,
    `Full KV would be ${bytesText(plan.fullKv)}.`,
    ...(plan.expertLayersInRam > 0 ? [expertsText(info, plan)] : []),
    ...memoryNeeds(plan).map(needText),
  ].join('\n');
}

function feedForwardText({ experts, nFf }: ModelInfo): string {
  if (!experts) return `feed-forward ${nFf}`;
  const chosen = `${experts.count} experts of ${experts.nFf}, ${experts.used} for a token`;
  return experts.nFfShared > 0 ? `${chosen}, and one of ${experts.nFfShared} for every token` : chosen;
}

function expertsText({ nLayer }: ModelInfo, plan: MemoryPlan): string {
  return (
    `The experts of ${plan.expertLayersInRam} of ${nLayer} layers lie in RAM (${bytesText(plan.weightsInRam)}), where a token of the answer ` +
    `reads ${bytesText(plan.expertsReadInRam)} of them.`
  );
}

function layerFacts(info: ModelInfo): [string, string][] {
  const [full, windowed, recurrent] = [fullLayers(info), windowLayers(info), info.recurrentLayers];
  if (full.length === info.nLayer) return [];
  const facts: [string, string][] = [['compressed', `${full.length} of ${info.nLayer} layers: ${layerRanges(full)}`]];
  const last = windowSizes(info).map(count).join(' or ');
  const bytes = bytesText(windowKvBytes(info, info.nCtxTrain));
  if (windowed.length > 0)
    facts.push([
      'windows',
      `${windowed.length} layers see the last ${last} tokens and keep no others (${bytes}): ${layerRanges(windowed)}`,
    ]);
  if (recurrent.length > 0)
    facts.push([
      'recurrent',
      `${recurrent.length} layers remember any text in ${bytesText(info.stateBytes)} and keep no rows: ${layerRanges(recurrent)}`,
    ]);
  return facts;
}

function sharedFacts(info: ModelInfo): [string, string][] {
  const sharing = sharingLayers(info);
  if (sharing.length === 0) return [];
  const of = layerRanges(sharedSources(info));
  return [['shared', `${sharing.length} layers see the rows of layers ${of} and keep none: ${layerRanges(sharing)}`]];
}

function needText({ place, needed, available, fits }: MemoryNeed): string {
  const where = place === 'gpu' ? 'GPU memory' : 'RAM';
  return `${bytesText(needed)} of ${where}, ${bytesText(available)} free now: it ${fits ? 'fits' : 'does not fit'}.`;
}

function inspectJson(info: ModelInfo, plan: MemoryPlan, nPrompt: number, mode: string, device: DeviceChoice) {
  const { budgets } = plan;
  return {
    path: info.path,
    file_bytes: info.fileBytes,
    architecture: info.architecture,
    name: info.name,
    n_layer: info.nLayer,
    n_embd: info.nEmbd,
    n_head: info.nHead,
    n_head_kv: info.nHeadKv,
    head_dim: info.headDim,
    n_ff: info.nFf,
    experts: info.experts
      ? {
          count: info.experts.count,
          used: info.experts.used,
          n_ff: info.experts.nFf,
          n_ff_shared: info.experts.nFfShared,
        }
      : null,
    n_vocab: info.nVocab,
    n_ctx_train: info.nCtxTrain,
    rope_base: info.ropeBase,
    rope_scaling: info.ropeScaling,
    tied_embeddings: info.tiedEmbeddings,
    n_params: info.nParams,
    weight_bytes: info.weightBytes,
    tensor_types: info.tensorTypes,
    kv_bytes_per_token: info.kvBytesPerToken,
    windows: info.windows,
    shared_layers: info.sharedLayers,
    recurrent_layers: info.recurrentLayers,
    state_bytes: info.stateBytes,
    gpu_products: info.gpuProducts ?? null,
    device: device.device,
    device_reason: device.deviceReason,
    plan: {
      tokens: nPrompt,
      mode,
      budgets: budgetsJson(budgets),
      bytes: Object.fromEntries(planRows(plan).map(([name, bytes]) => [name.toLowerCase().replace(' ', '_'), bytes])),
      full_kv_bytes: plan.fullKv,
      document_on_device: plan.documentOnDevice,
      experts_in_ram: {
        layers: plan.expertLayersInRam,
        bytes: plan.weightsInRam,
        read_bytes_per_token: plan.expertsReadInRam,
      },
      available_bytes: plan.available,
      memory: memoryNeeds(plan).map(({ place, needed, available, fits }) => ({
        place,
        needed_bytes: needed,
        available_bytes: available,
        fits,
      })),
      fits: memoryNeeds(plan).every(({ fits }) => fits),
    },
  };
}

await runCommand(command, inspect);
