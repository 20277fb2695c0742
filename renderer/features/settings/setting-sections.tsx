/** Every setting once: its section, its words, when it applies, and its control. Ranges are the contract's. */
import type { ReactNode } from 'react';
import type { EngineState } from '../../../electron/contract/app-types.ts';
import type { AnswerMode, Effort, Sampler } from '../../../electron/contract/method.ts';
import {
  choices,
  choosingFor,
  defaultPreset,
  type PresetName,
  presetOf,
  presets,
  type Range,
  ranges,
} from '../../../electron/contract/method-values.ts';
import type { SettingName, Settings } from '../../../electron/contract/settings.ts';
import { changeSettings, resetSettings } from '../../stores/settings.ts';
import { type FieldIds, Select } from '../../ui/field.tsx';
import { NumberInput } from '../../ui/number-input.tsx';
import { browserSettings } from './browser-sessions.tsx';
import { keptSettings } from './kept-settings.tsx';
import { DeviceField, ThreadsField } from './machine-fields.tsx';
import { programSettings } from './program-settings.tsx';
import { recognitionSettings } from './recognition-settings.tsx';
import { TuneEntry } from './tune-entry.tsx';

export interface Setting {
  label: string;
  hint: ReactNode;
  applies: keyof typeof appliesWhen;
  /** The control is wide and stands below its words. */
  isWide?: boolean;
  /** Further words that a search finds the setting by. */
  words?: string;
  control: (ids: FieldIds) => ReactNode;
}

export interface SettingSection {
  id: string;
  title: string;
  /** The settings that "Back to defaults" resets. */
  names: SettingName[];
  settings: Setting[];
}

export const appliesWhen = {
  question: 'Applies to the next question.',
  reading: 'Applies when a document is read.',
  start: 'Applies when the engine starts.',
  now: 'Applies at once.',
  adding: 'Applies when a file is added.',
};

const change = (changes: Partial<Settings>) => void changeSettings(changes);

export function settingSections(settings: Settings, engine: EngineState | null): SettingSection[] {
  return [
    {
      id: 'answering',
      title: 'Answering',
      names: ['mode', 'maxNew', 'effort', 'drafts', 'sampler'],
      settings: answering(settings, engine),
    },
    {
      id: 'compression',
      title: 'Compression',
      names: ['tokenBudget', 'pooling', 'selector', 'window', 'kernel', 'decomposition', 'nDenseLayers'],
      settings: compression(settings, engine),
    },
    {
      id: 'memory',
      title: 'Memory',
      names: ['kvType', 'documentHome', 'keepRead', 'keptGb'],
      settings: [...memory(settings), ...keptSettings(settings)],
    },
    { id: 'machine', title: 'Machine', names: ['device', 'threads'], settings: machine(settings, engine) },
    {
      id: 'recognition',
      title: 'Recognition',
      names: ['recognise', 'languages'],
      settings: recognitionSettings(settings),
    },
    {
      id: 'programs',
      title: 'Programs',
      names: ['programs', 'programsPort'],
      settings: [...programSettings(settings), ...browserSettings()],
    },
    { id: 'appearance', title: 'Appearance', names: ['theme', 'fontSize', 'motion'], settings: appearance(settings) },
  ];
}

/** Whether each word of the query stands somewhere in the setting's words: "gpu ram" finds where the document's KV lies. */
export function isFound({ label, hint, words = '' }: Setting, section: string, query: string): boolean {
  const all = `${section} ${label} ${typeof hint === 'string' ? hint : ''} ${words}`.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}

const modes: { value: AnswerMode; label: string; hint: string }[] = [
  {
    value: 'rocketkv-mt',
    label: 'RocketKV-MT',
    hint: 'Each question chooses its own rows of the document; the whole stays in memory for the next one.',
  },
  {
    value: 'rocketkv',
    label: 'RocketKV',
    hint: 'The first question chooses the rows that are kept. Later questions see only those.',
  },
  { value: 'full', label: 'Full KV', hint: 'Reads every row: the baseline, slowest on long documents.' },
  {
    value: 'snapkv',
    label: 'SnapKV (stage 1 only)',
    hint: 'For comparison: rows are chosen once, all of them are read.',
  },
  { value: 'hsa', label: 'HSA (stage 2 only)', hint: 'For comparison: every row is kept, a part is read.' },
];

type Options<Value extends string> = readonly { value: Value; label: string }[];

const choice =
  <Value extends string>(value: Value, options: Options<Value>, onChange: (value: Value) => void) =>
  (ids: FieldIds) => <Select {...ids} value={value} options={options} onChange={onChange} />;

const number = (value: number, range: Range, onChange: (value: number) => void) => (ids: FieldIds) => (
  <NumberInput {...ids} value={value} range={range} onChange={onChange} />
);

const effortSetting = (effort: Effort): Setting => ({
  label: 'Reasoning effort',
  hint: 'How long the model thinks before it answers. A change reads a document again.',
  words: 'thinking low medium high',
  applies: 'reading',
  control: choice(
    effort,
    choices.effort.map((value) => ({ value, label: value })),
    (next) => change({ effort: next }),
  ),
});

function answering({ mode, maxNew, effort, drafts, sampler }: Settings, engine: EngineState | null): Setting[] {
  const sampled = (name: keyof Sampler & keyof typeof ranges, label: string, hint: string, words: string): Setting => ({
    label,
    hint,
    words: `sampler sampling ${words}`,
    applies: 'question',
    control: number(sampler[name], ranges[name], (value) => change({ sampler: { ...sampler, [name]: value } })),
  });
  return [
    {
      label: 'Mode',
      hint: modes.find((entry) => entry.value === mode)?.hint ?? 'For inspection.',
      words: modes.map(({ label }) => label).join(' '),
      applies: 'question',
      control: choice(mode, modes, (next) => change({ mode: next })),
    },
    {
      label: 'Longest answer',
      hint: 'In tokens. This room is kept free in the model’s context.',
      words: 'max new tokens length',
      applies: 'question',
      control: number(maxNew, ranges.usualMaxNew, (next) => change({ maxNew: next })),
    },
    ...(engine?.model?.hasEffort ? [effortSetting(effort)] : []),
    {
      label: 'Drafts from the document',
      hint: 'What follows in the document or the chat is tried ahead, so that answers which repeat it come sooner. The answer is the same.',
      words: 'speed faster speculative decoding lookup',
      applies: 'question',
      control: choice(
        drafts ? 'on' : 'off',
        [
          { value: 'on', label: 'On' },
          { value: 'off', label: 'Off' },
        ],
        (next) => change({ drafts: next === 'on' }),
      ),
    },
    sampled('temperature', 'Temperature', '0: the likeliest token each time, so the same answer twice.', 'random'),
    sampled('topK', 'Top k', 'Draws among the k likeliest tokens; 0: among all.', ''),
    sampled('topP', 'Top p', 'Draws among the likeliest tokens that make up this share; 1: among all.', 'nucleus'),
    sampled('minP', 'Min p', 'Draws among tokens at least this likely beside the likeliest; 0: among all.', ''),
    sampled('repetitionPenalty', 'Repetition penalty', 'Above 1: says less often what it has just said.', 'repeat'),
    sampled('seed', 'Seed', 'The same seed draws the same answer. Of no effect at temperature 0.', 'random'),
  ];
}

const presetNames: Record<PresetName, string> = { paper: 'Paper', coded: 'Coded' };
const presetWords =
  'A preset is a measured pair of pooling and selector: Coded keeps the most of full KV’s right answers, Paper is the method as published.';

function presetSetting(settings: Settings, engine: EngineState | null): Setting {
  const isChosen = settings.pooling !== undefined || settings.selector !== undefined;
  const preset = isChosen ? (presetOf(choosingFor(settings, settings)) ?? 'own') : 'default';
  const byDefault = defaultPreset(settings);
  const usable = engine?.presets ?? [];
  const options: { value: PresetName | 'default' | 'own'; label: string }[] = [
    { value: 'default', label: `Default (${presetNames[byDefault]})` },
    ...(Object.keys(presets) as PresetName[])
      .filter((name) => usable.includes(name) || name === preset)
      .map((value) => ({ value, label: presetNames[value] })),
    ...(preset === 'own' ? [{ value: 'own' as const, label: 'Own mix' }] : []),
  ];
  const choose = (next: PresetName | 'default' | 'own') => {
    if (next === 'default') void resetSettings(['pooling', 'selector']);
    else if (next !== 'own') change(presets[next]);
  };
  return {
    label: 'Preset',
    hint:
      preset === 'default' && byDefault === 'paper'
        ? `${presetWords} It is the default here: reading codes alone could take all of this budget.`
        : presetWords,
    words: 'paper coded selection',
    applies: 'question',
    control: choice(preset, options, choose),
  };
}

function compression(settings: Settings, engine: EngineState | null): Setting[] {
  const { tokenBudget, window, kernel, decomposition, nDenseLayers } = settings;
  const { pooling, selector } = choosingFor(settings, settings);
  return [
    {
      label: 'Token budget',
      hint: 'Rows read for each token and KV head. The panel’s slider shows what a value means.',
      words: 't rows',
      applies: 'question',
      control: number(tokenBudget, ranges.tokenBudget, (next) => change({ tokenBudget: next })),
    },
    {
      label: 'Tune',
      hint: 'Measures one question at several budgets on the open document, against full KV.',
      words: 'measure agreement budget',
      applies: 'question',
      control: (ids) => <TuneEntry {...ids} />,
    },
    presetSetting(settings, engine),
    {
      label: 'Pooling',
      hint: 'How stage 1 spreads a row’s score over its neighbours before it chooses.',
      words: 'stage 1 max triangle',
      applies: 'question',
      control: choice(
        pooling,
        [
          { value: 'max', label: 'Max' },
          { value: 'triangle', label: 'Triangle' },
        ],
        (next) => next !== 'random' && change({ pooling: next }),
      ),
    },
    {
      label: 'Selector',
      hint: 'What stage 2 ranks the kept rows by: least and greatest keys of pages, or 4-bit codes of each key.',
      words: 'stage 2 pages codes residual',
      applies: 'question',
      control: choice(
        selector,
        [
          { value: 'pages', label: 'Pages' },
          { value: 'codes', label: 'Codes' },
          { value: 'codes-residual', label: 'Codes with residual' },
        ],
        (next) => change({ selector: next }),
      ),
    },
    {
      label: 'Observation window',
      hint: 'The question’s last tokens, whose attention chooses the rows in stage 1.',
      words: 'w window stage 1',
      applies: 'question',
      control: number(window, ranges.window, (next) => change({ window: next })),
    },
    {
      label: 'Pooling kernel',
      hint: 'Neighbouring rows that share a score in stage 1. An odd number; 1: none.',
      words: 'stage 1 kernel odd',
      applies: 'question',
      control: number(kernel, ranges.kernel, (next) => change({ kernel: next })),
    },
    {
      label: 'Decomposition',
      hint: 'How the compression is shared between the stages. v2: adaptive. v1: the square root for each.',
      words: 'v1 v2 split',
      applies: 'question',
      control: choice(
        decomposition,
        [
          { value: 'v2', label: 'v2' },
          { value: 'v1', label: 'v1' },
        ],
        (next) => change({ decomposition: next }),
      ),
    },
    {
      label: 'First dense layers',
      hint: 'So many of the first layers read every kept row.',
      words: 'layers dense',
      applies: 'question',
      control: number(nDenseLayers, ranges.nDenseLayers, (next) => change({ nDenseLayers: next })),
    },
  ];
}

function memory({ kvType, documentHome }: Settings): Setting[] {
  return [
    {
      label: 'Document KV type',
      hint: 'q8_0 takes about half the memory of f16.',
      words: 'kv cache type quantised',
      applies: 'reading',
      control: choice(
        kvType,
        [
          { value: 'f16', label: 'f16' },
          { value: 'q8_0', label: 'q8_0' },
        ],
        (next) => change({ kvType: next }),
      ),
    },
    {
      label: 'Document home',
      hint: 'Where the document’s KV lies while a GPU computes. In RAM it takes little GPU memory, and questions begin later.',
      words: 'gpu ram offload home vram',
      applies: 'reading',
      control: choice(
        documentHome,
        [
          { value: 'auto', label: 'GPU while it fits' },
          { value: 'device', label: 'GPU' },
          { value: 'host', label: 'RAM' },
        ],
        (next) => change({ documentHome: next }),
      ),
    },
  ];
}

function machine({ device, threads }: Settings, engine: EngineState | null): Setting[] {
  const model = engine?.model ?? null;
  return [
    {
      label: 'Device',
      hint: model?.deviceReason
        ? `It computes on the CPU now. ${model.deviceReason}`
        : 'What the model computes on. Automatic: the first GPU, where it can be used.',
      words: 'gpu cpu cuda nvidia',
      applies: 'start',
      control: (ids) => <DeviceField {...ids} value={device} running={model?.device} />,
    },
    {
      label: 'Threads',
      hint: `0 chooses for this machine${model ? `; it runs with ${model.threads} now` : ''}.`,
      words: 'cpu cores',
      applies: 'start',
      control: (ids) => <ThreadsField {...ids} value={threads} running={model?.threads} />,
    },
  ];
}

function appearance({ theme, fontSize, motion }: Settings): Setting[] {
  return [
    {
      label: 'Theme',
      hint: 'Colours of the window.',
      words: 'light dark',
      applies: 'now',
      control: choice(
        theme,
        [
          { value: 'system', label: 'Like the system' },
          { value: 'light', label: 'Light' },
          { value: 'dark', label: 'Dark' },
        ],
        (next) => change({ theme: next }),
      ),
    },
    {
      label: 'Font size',
      hint: 'Of everything in the window but a PDF’s own pages.',
      words: 'text zoom large small',
      applies: 'now',
      control: choice(
        fontSize,
        [
          { value: 'small', label: 'Small' },
          { value: 'normal', label: 'Normal' },
          { value: 'large', label: 'Large' },
          { value: 'largest', label: 'Largest' },
        ],
        (next) => change({ fontSize: next }),
      ),
    },
    {
      label: 'Motion',
      hint: 'Whether things move as they appear and change.',
      words: 'animation reduced',
      applies: 'now',
      control: choice(
        motion,
        [
          { value: 'system', label: 'Like the system' },
          { value: 'reduced', label: 'Reduced' },
          { value: 'full', label: 'Full' },
        ],
        (next) => change({ motion: next }),
      ),
    },
  ];
}
