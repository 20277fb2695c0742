/** The flags that every asking command shares: model, mode, RocketKV's parameters, sampler, memory. */
import { existsSync } from 'node:fs';
import {
  type AnswerMode,
  type DocumentHome,
  defaultMaxNew,
  defaultRocketOptions,
  defaultSampler,
  defaultSegment,
  defaultTile,
  documentHomeSchema,
  type KvType,
  kvTypeSchema,
  type RocketOptions,
  rocketOptionsFor,
  rocketOptionsSchema,
  type Sampler,
  samplerSchema,
} from '../contract/method.ts';
import {
  answerModes,
  type Choosing,
  choices,
  defaultMode,
  type PresetName,
  presets,
} from '../contract/method-values.ts';
import { type DeviceSetting, isDeviceSetting } from '../engine-host/choose-device.ts';
import { defaultModel, embeddedModels, embeddedPath } from '../engine-host/embedded-models.ts';
import { type Arguments, type Flags, schemaSentence, usageError } from './arguments.ts';

const embeddedNames = embeddedModels().map(({ id }) => id);

export const modelFlags: Flags = {
  model: {
    value: '<file>',
    help: `a GGUF model, or one that comes along: ${embeddedNames.join(', ')} (default ${embeddedNames[0]})`,
  },
  device: { value: '<d>', help: 'auto, cpu, or a GPU: cuda:0, cuda:1, ... (default auto)' },
  experts: {
    value: '<e>',
    help: "where a mixture's experts lie while a GPU computes: auto (there for as many layers as fit), gpu, ram, or so many layers' in RAM (default auto)",
  },
  threads: { value: '<n>', help: 'threads to compute with (default: chosen for the machine)' },
};

const defaultWords =
  'coded; paper in mode hsa, with v1, --page or --r, and where the longest answer exceeds four times the budget';

export const rocketFlags: Flags = {
  budget: {
    value: '<t>',
    help: `token budget: KV pairs read per step and KV head (default ${defaultRocketOptions.tokenBudget})`,
  },
  preset: {
    value: '<p>',
    help: `coded (key codes, triangle pooling) or paper (pages, max pooling, as published) (default ${defaultWords})`,
  },
  window: { value: '<w>', help: `question tokens that vote in stage 1 (default ${defaultRocketOptions.window})` },
  kernel: { value: '<n>', help: `stage 1's pooling kernel, odd (default ${defaultRocketOptions.kernel})` },
  decomposition: { value: '<d>', help: 'v2 (adaptive) or v1 (square root) (default v2)' },
  grouping: { value: '<g>', help: 'kv-group or query-head (default kv-group)' },
  pooling: { value: '<p>', help: "max, triangle, or random rows as a control (default: the preset's)" },
  selector: { value: '<s>', help: "pages, codes or codes-residual (default: the preset's)" },
  page: { value: '<n>', help: 'tokens a page (default: from the budget)' },
  r: { value: '<n>', help: 'channels read per page (default: from the budget)' },
  k: { value: '<n>', help: 'tokens attended exactly (default: from the budget)' },
  'dense-layers': { value: '<n>', help: 'first layers that read every kept row (default 0)' },
};

export const samplerFlags: Flags = {
  temperature: { value: '<x>', help: '0: always the likeliest token (default 0)' },
  'top-k': { value: '<n>', help: 'sample among the n likeliest (default 0: off)' },
  'top-p': { value: '<x>', help: 'sample among the likeliest that make up x (default 1: off)' },
  'min-p': { value: '<x>', help: 'sample among those at least x as likely as the likeliest (default 0: off)' },
  'repetition-penalty': { value: '<x>', help: 'above 1: repeat less (default 1: off)' },
  seed: { value: '<n>', help: 'of the sampling (default 0)' },
};

export const readingFlags: Flags = {
  'max-new': { value: '<n>', help: `most tokens of an answer (default ${defaultMaxNew})` },
  'kv-type': { value: '<t>', help: 'how the document is held in memory: f16 or q8_0 (default f16)' },
  home: {
    value: '<h>',
    help: "where the document's memory is while a GPU computes: auto (there while it fits), device or host (default auto)",
  },
  segment: {
    value: '<n>',
    help: 'tokens read before the next layer-by-layer pass (default: 1,024 on a CPU, 8,192 on a GPU)',
  },
  tile: { value: '<n>', help: `tokens computed at once, at the most (default ${defaultTile})` },
};

export const modeFlag: Flags = {
  mode: { value: '<m>', help: `${answerModes.join(', ')} (default ${defaultMode})` },
};

export interface ModelChoice {
  path: string;
  threads: number;
}

/** The path of a model file, or of an embedded model named by its id; a file with that name has precedence. */
export function modelPath(value: string | undefined): string {
  if (value === undefined) return embeddedPath(defaultModel());
  const named = existsSync(value) ? undefined : embeddedModels().find(({ id }) => id === value.toLowerCase());
  return named ? embeddedPath(named) : value;
}

export function modelChoice(args: Arguments): ModelChoice {
  return {
    path: modelPath(args.text('model')),
    threads: args.integerWithin('threads', 0, 1024) ?? 0,
  };
}

export function deviceSetting(args: Arguments): DeviceSetting {
  const value = args.text('device') ?? 'auto';
  if (!isDeviceSetting(value)) throw usageError(`--device is auto, cpu or cuda:<number>, not "${value}".`);
  return value;
}

/** Layers whose experts lie in RAM, for a DeviceChoice. */
export function expertPlaces(args: Arguments): { expertsInRam?: number } {
  const value = args.text('experts') ?? 'auto';
  if (value === 'auto') return {};
  if (value === 'gpu') return { expertsInRam: 0 };
  if (value === 'ram') return { expertsInRam: mostLayers };
  const layers = /^\d{1,4}$/.test(value) ? Number(value) : undefined;
  if (layers === undefined) throw usageError(`--experts is auto, gpu, ram or a number of layers, not "${value}".`);
  return { expertsInRam: layers };
}

/** More than any model has. */
const mostLayers = 10_000;

export function answerMode(args: Arguments): AnswerMode {
  return args.oneOf('mode', answerModes) ?? defaultMode;
}

/** An object with the value under its name; empty if the flag was not given. */
function given<K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { [P in K]?: V };
}

const rocketFields: Record<keyof RocketOptions, string> = {
  tokenBudget: 'budget',
  window: 'window',
  kernel: 'kernel',
  decomposition: 'decomposition',
  grouping: 'grouping',
  pooling: 'pooling',
  selector: 'selector',
  page: 'page',
  r: 'r',
  k: 'k',
  nDenseLayers: 'dense-layers',
};

/** What flags say of selecting rows; the rest follows from mode, budget and answer. */
type Chosen = Partial<Choosing>;

const presetNames = Object.keys(presets) as PresetName[];
const selectors = rocketOptionsSchema.shape.selector.options;
const poolings = rocketOptionsSchema.shape.pooling.options;

function choosing(args: Arguments): Chosen {
  const preset = args.oneOf('preset', presetNames);
  return {
    ...(preset && presets[preset]),
    ...given('pooling', args.oneOf('pooling', poolings)),
    ...given('selector', args.oneOf('selector', selectors)),
  };
}

/** For commands that compare: `--preset`, `--selector` and `--pooling` with several values each. */
export const choosingFlags: Flags = {
  preset: { value: '<p,...>', help: `paper, coded, or both (default ${defaultWords})` },
  selector: { value: '<s,...>', help: "pages, codes, codes-residual, or several (default: the preset's)" },
  pooling: { value: '<p,...>', help: "max, triangle, random, or several (default: the preset's)" },
};

/** Every preset with every selector and pooling that was asked for. */
export function allChoosing(args: Arguments): Chosen[] {
  return (args.listOf('preset', presetNames) ?? [undefined]).flatMap((name) => {
    const preset: Chosen = name ? presets[name] : {};
    return (args.listOf('selector', selectors) ?? [undefined]).flatMap((selector) =>
      (args.listOf('pooling', poolings) ?? [undefined]).map((pooling) => ({
        ...preset,
        ...given('selector', selector),
        ...given('pooling', pooling),
      })),
    );
  });
}

/** The parts that the mode uses: a mode without stage 2 has no selector, one without stage 1 no pooling. */
export function usedChoosing(mode: AnswerMode, { selector, pooling }: Choosing): Partial<Choosing> {
  return {
    ...(mode === 'rocketkv-mt' || mode === 'rocketkv' || mode === 'hsa' ? { selector } : {}),
    ...(mode === 'rocketkv-mt' || mode === 'rocketkv' || mode === 'snapkv' ? { pooling } : {}),
  };
}

/** `chosen` replaces the flags for preset, selector and pooling in commands that take several of them. */
export function rocketOptions(
  args: Arguments,
  question: { mode: AnswerMode; maxNew: number },
  budget?: number,
  chosen: Chosen = choosing(args),
): RocketOptions {
  const options = rocketOptionsFor(question, {
    ...chosen,
    ...given('tokenBudget', budget ?? args.integer('budget')),
    ...given('window', args.integer('window')),
    ...given('kernel', args.integer('kernel')),
    ...given('decomposition', args.oneOf('decomposition', choices.decomposition)),
    ...given('grouping', args.oneOf('grouping', choices.grouping)),
    ...given('page', args.integer('page')),
    ...given('r', args.integer('r')),
    ...given('k', args.integer('k')),
    ...given('nDenseLayers', args.integer('dense-layers')),
  });
  const result = rocketOptionsSchema.safeParse(options);
  if (!result.success) throw schemaSentence(result.error, rocketFields);
  return result.data;
}

const samplerFields: Record<keyof Sampler, string> = {
  temperature: 'temperature',
  topK: 'top-k',
  topP: 'top-p',
  minP: 'min-p',
  repetitionPenalty: 'repetition-penalty',
  repetitionWindow: 'repetition-window',
  seed: 'seed',
};

export function samplerOptions(args: Arguments): Sampler {
  const result = samplerSchema.safeParse({
    ...defaultSampler,
    ...given('temperature', args.number('temperature')),
    ...given('topK', args.integer('top-k')),
    ...given('topP', args.number('top-p')),
    ...given('minP', args.number('min-p')),
    ...given('repetitionPenalty', args.number('repetition-penalty')),
    ...given('seed', args.integer('seed')),
  });
  if (!result.success) throw schemaSentence(result.error, samplerFields);
  return result.data;
}

export interface ReadingChoice {
  maxNew: number;
  kvType: KvType;
  home: DocumentHome;
  segment: number;
  tile: number;
}

export function readingChoice(args: Arguments, maxNew = defaultMaxNew): ReadingChoice {
  return {
    maxNew: args.integerWithin('max-new', 1, 1_000_000) ?? maxNew,
    kvType: args.oneOf('kv-type', kvTypeSchema.options) ?? 'f16',
    home: args.oneOf('home', documentHomeSchema.options) ?? 'auto',
    segment: args.integerWithin('segment', 0, 1_048_576) ?? defaultSegment,
    tile: args.integerWithin('tile', 1, 65_536) ?? defaultTile,
  };
}

/** The positional arguments, each of which is a file; there must be at least one. */
export function filesOf(args: Arguments, what: string): string[] {
  if (args.positionals.length === 0) throw usageError(`No ${what} was given.`);
  return args.positionals;
}
