/** Choices for one document or for all, a budget that fits, a budget that was measured, and their words. */
import type { ReactElement } from 'react';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Preflight } from '../../../electron/contract/app-types.ts';
import { presets, ranges } from '../../../electron/contract/method-values.ts';
import {
  defaultSettings,
  type MethodChoice,
  type OwnChoice,
  type Settings,
  settingNameSchema,
} from '../../../electron/contract/settings.ts';
import type { TuneEvent, Tuning, TuningRow } from '../../../electron/contract/tuning.ts';
import { ownWords } from '../../../renderer/choice-words.ts';
import { fitWords } from '../../../renderer/features/kv-panel/fit-into.tsx';
import { changedWords } from '../../../renderer/features/reading/remedies.tsx';
import { isFound, settingSections } from '../../../renderer/features/settings/setting-sections.tsx';
import { recommendationWords } from '../../../renderer/features/tune/recommendation.tsx';
import { budgetsIn } from '../../../renderer/features/tune/tune-dialog.tsx';
import { type AppClient, setApi } from '../../../renderer/stores/api.ts';
import {
  changeChoice,
  changeOwnChoice,
  followSettings,
  loadDocumentChoice,
  useDocumentChoice,
} from '../../../renderer/stores/document-choice.ts';
import { useEngine } from '../../../renderer/stores/engine.ts';
import { loadSettings, resetSettings, useSettings } from '../../../renderer/stores/settings.ts';
import { openTuningOf, startTuning, useTune } from '../../../renderer/stores/tune.ts';
import { useUi } from '../../../renderer/stores/ui.ts';
import { numberWithin } from '../../../renderer/ui/number-input.tsx';

const connect = (client: object) =>
  setApi({
    client: client as AppClient,
    sendFile: async () => ({ uploadId: 'id' }),
    loadFile: async () => new ArrayBuffer(0),
    failure: (error) => error as { code: string; message: string },
  });

/** A server with one document that merges settings and the document's choice as the real one does. */
function server() {
  let settings = { ...defaultSettings };
  let own: OwnChoice = {};
  const asked: [verb: string, input: unknown][] = [];
  const merged = () => ({ own, choice: { ...settings, ...own } as MethodChoice });
  connect({
    settings: {
      get: async () => settings,
      set: async (changes: object) => {
        asked.push(['settings', changes]);
        settings = { ...settings, ...changes };
        return settings;
      },
      reset: async () => {
        settings = { ...defaultSettings };
        return settings;
      },
    },
    documents: {
      choice: {
        get: async () => merged(),
        set: async ({ changes }: { changes: OwnChoice }) => {
          asked.push(['own', changes]);
          own = { ...own, ...changes };
          return merged();
        },
        clear: async ({ names }: { names?: (keyof OwnChoice)[] }) => {
          own = names
            ? (Object.fromEntries(Object.entries(own).filter(([name]) => !names.includes(name as never))) as OwnChoice)
            : {};
          return merged();
        },
      },
    },
  });
  return asked;
}

describe('what is chosen beside the chat', () => {
  beforeEach(async () => {
    useDocumentChoice.setState({ documentId: null, own: {}, choice: null });
    useSettings.setState({ settings: null });
  });

  it('goes to the settings, until the document has a choice of its own', async () => {
    const asked = server();
    await loadSettings();
    await loadDocumentChoice('d1');
    await changeChoice({ tokenBudget: 1024 });
    await loadDocumentChoice('d1');
    expect(useDocumentChoice.getState()).toMatchObject({ own: {}, choice: { tokenBudget: 1024 } });
    await changeOwnChoice({ mode: 'full' });
    await changeChoice({ tokenBudget: 2048 });
    expect(asked).toEqual([
      ['settings', { tokenBudget: 1024 }],
      ['own', { mode: 'full' }],
      ['own', { tokenBudget: 2048 }],
    ]);
    expect(useSettings.getState().settings?.tokenBudget).toBe(1024);
    await followSettings(['mode']);
    expect(useDocumentChoice.getState().own).toEqual({ tokenBudget: 2048 });
    await followSettings();
    expect(useDocumentChoice.getState()).toMatchObject({ own: {}, choice: { tokenBudget: 1024, mode: 'rocketkv-mt' } });
  });

  it('shows at once, and says when the server has settled', async () => {
    server();
    await loadSettings();
    await loadDocumentChoice('d1');
    const { answers } = useSettings.getState();
    const changing = changeChoice({ tokenBudget: 256 });
    expect(useDocumentChoice.getState().choice?.tokenBudget).toBe(256);
    expect(useSettings.getState().answers).toBe(answers);
    await changing;
    expect(useSettings.getState().answers).toBe(answers + 1);
    await resetSettings(['tokenBudget']);
    expect(useSettings.getState()).toMatchObject({ answers: answers + 2, settings: { tokenBudget: 512 } });
  });

  it('is the last of several changes, whenever the server answers the earlier ones', async () => {
    const shown = () => [
      useDocumentChoice.getState().choice?.tokenBudget,
      useSettings.getState().settings?.tokenBudget,
    ];
    const waiting: (() => void)[] = [];
    server();
    await loadSettings();
    await loadDocumentChoice('d1');
    const answered = () => new Promise<void>((resolve) => waiting.push(resolve));
    let settings = { ...defaultSettings };
    connect({
      settings: {
        set: async (changes: object) => {
          settings = { ...settings, ...changes };
          const answer = settings;
          await answered();
          return answer;
        },
      },
      documents: {
        choice: {
          get: async () => {
            const answer = { own: {}, choice: settings };
            await answered();
            return answer;
          },
        },
      },
    });
    // This call is made before the changes, and its reply comes after them.
    const late = loadDocumentChoice('d1');
    const first = changeChoice({ tokenBudget: 144 });
    const last = changeChoice({ tokenBudget: 128 });
    for (const changing of [late, first]) {
      waiting.shift()?.();
      await changing;
      expect(shown()).toEqual([128, 128]);
    }
    waiting.shift()?.();
    await last;
    expect([...shown(), settings.tokenBudget]).toEqual([128, 128, 128]);
  });

  it('is of the document that is open: a late answer about another one is dropped', async () => {
    server();
    const late = loadDocumentChoice('d1');
    useDocumentChoice.setState({ documentId: 'd2', own: {}, choice: null });
    await late;
    expect(useDocumentChoice.getState()).toEqual({ documentId: 'd2', own: {}, choice: null });
  });
});

const row = (budget: number | null, changes: Partial<TuningRow> = {}): TuningRow => ({
  ...{ budget, positions: 50, klMean: 0.001, klMedian: 0.0005, sameTop1: 1, keptMassMean: 0.9, decodeTokS: 100 },
  ...{ firstTokenMs: 20, kvBytes: 2 ** 20, readBytesPerStep: 1000, answer: 'Ann.' },
  ...changes,
});
const tuning: Tuning = {
  ...{ question: 'Who?', modelName: 'Fake', mode: 'rocketkv-mt', tokens: 5000, at: 0, recommended: 512 },
  rows: [
    row(null, { decodeTokS: 40, kvBytes: 8 * 2 ** 20 }),
    row(256, { sameTop1: 0.9 }),
    row(512, { sameTop1: 0.98 }),
  ],
};

describe('a tuning', () => {
  const events: TuneEvent[] = [
    { type: 'begun', question: 'Who?', mode: 'rocketkv-mt', budgets: [256, 512] },
    ...tuning.rows.map((measured): TuneEvent => ({ type: 'row', row: measured })),
    { type: 'done', tuning },
  ];
  const stream = async function* (given: TuneEvent[], end?: object) {
    yield* given;
    if (end) throw end;
  };

  it('grows row by row and then is the last one', async () => {
    const seen: number[] = [];
    const unsubscribe = useTune.subscribe(({ running }) => running && seen.push(running.rows.length));
    connect({ documents: { tuning: async () => null }, tune: async () => stream(events) });
    await openTuningOf('d1');
    await startTuning('Who?', [256, 512]);
    unsubscribe();
    expect(seen).toEqual([0, 0, 1, 2, 3]);
    expect(useTune.getState()).toMatchObject({ running: null, last: { recommended: 512 }, failure: null });
  });

  it('that is going on already is joined, and one that was stopped is no failure', async () => {
    const job = { kind: 'tuning', documentId: 'd1' };
    useEngine.setState({ telemetry: { jobs: [job] } as never });
    const cancelled = { code: 'CANCELLED', message: 'Stopped.' };
    connect({
      documents: { tuning: async () => tuning },
      watchTuning: async () => stream(events.slice(0, 3), cancelled),
    });
    await openTuningOf('d1');
    expect(useTune.getState()).toMatchObject({ running: null, last: { recommended: 512 }, failure: null });
    connect({
      documents: { tuning: async () => null },
      watchTuning: async () => stream([], { code: 'IO', message: 'No.' }),
    });
    await openTuningOf('d1');
    expect(useTune.getState().failure).toEqual({ code: 'IO', message: 'No.' });
    useEngine.setState({ telemetry: null });
  });

  it('of another document does not arrive at this one', async () => {
    connect({
      documents: { tuning: async () => null },
      tune: async () =>
        (async function* () {
          yield events[0] as TuneEvent;
          useTune.setState({ documentId: 'd2', running: null, last: null });
          yield* events.slice(1);
        })(),
    });
    await openTuningOf('d1');
    await startTuning('Who?', [256]);
    expect(useTune.getState()).toMatchObject({ documentId: 'd2', running: null, last: null });
  });

  it('is put into words, with its numbers and its caveats', () => {
    expect(recommendationWords(tuning)).toBe(
      '512 is the smallest of these that answers like full KV: the same token at 98 % of 50 positions. ' +
        'It answers with 100 tok/s instead of 40 tok/s, working on 1.0 MB of KV instead of 8.0 MB.',
    );
    const short = { ...tuning, rows: tuning.rows.map((measured) => ({ ...measured, positions: 3 })) };
    expect(recommendationWords(short)).toContain('The answer has 3 tokens, which is little to go by');
    expect(recommendationWords({ ...tuning, recommended: null })).toMatch(/^None of these budgets comes as close/);
  });

  it('takes budgets as people write them, and says what is wrong with others', () => {
    expect(budgetsIn('128  256 1,024;2048', 5000)).toEqual([128, 256, 1024, 2048]);
    expect(budgetsIn(' ', 5000)).toMatch(/at least one/);
    expect(budgetsIn('128 many', 5000)).toMatch(/^“many” is no budget/);
    expect(budgetsIn('128 12', 5000)).toMatch(/^“12” is no budget/);
    expect(budgetsIn('128 5000', 5000)).toMatch(/^5,000 would hold all 5,000 tokens/);
    expect(budgetsIn(Array(13).fill('128').join(' '), 5000)).toMatch(/^At most 12/);
  });
});

describe('words', () => {
  it('say what a document has for itself', () => {
    expect(ownWords({ tokenBudget: 1024, mode: 'full', kvType: 'q8_0' })).toBe(
      'budget 1,024, Full KV, document KV in q8_0',
    );
    expect(ownWords({ pooling: 'triangle', selector: 'codes' })).toBe('preset Coded');
    expect(ownWords({ pooling: 'triangle', selector: 'pages' })).toBe('triangle pooling, selector pages');
    // Everything that can be chosen for a document has words.
    const {
      sampler: _s,
      drafts: _a,
      recognise: _r,
      languages: _l,
      threads: _t,
      device: _d,
      keepRead: _k,
      keptGb: _g,
      theme: _c,
      fontSize: _f,
      motion: _m,
      programs: _p,
      programsPort: _o,
      ...all
    } = defaultSettings;
    const each = { ...all, pooling: 'max', selector: 'pages' };
    for (const [name, value] of Object.entries(each)) expect(ownWords({ [name]: value }), name).not.toBe('');
  });

  it('say which budget fits, or how much the least takes', () => {
    expect(fitWords({ fit: { tokenBudget: 1840, bytes: 2 ** 30 }, least: 1 }, 5000)).toMatch(
      /^A budget of 1,840 takes 1.0 GB/,
    );
    expect(fitWords({ fit: { tokenBudget: 5264, bytes: 2 ** 30 }, least: 1 }, 5000)).toMatch(
      /^All of it fits, in 1.0 GB/,
    );
    expect(fitWords({ fit: null, least: 12 * 2 ** 20 }, 5000)).toBe(
      'Not even the smallest budget fits: it takes 12.0 MB.',
    );
  });

  it('say what a remedy would change, in each memory', () => {
    const need = (place: 'gpu' | 'ram', needed: number, fits: boolean) => ({ place, needed, available: 1, fits });
    const facts = { memory: [need('gpu', 6 * 2 ** 30, false)] } as Preflight;
    const memory = [need('gpu', 2 * 2 ** 30, true), need('ram', 4 * 2 ** 30, true)];
    expect(
      changedWords({ type: 'choice', changes: { documentHome: 'host' }, memory, cache: 1, fits: true }, facts),
    ).toBe('2.0 GB of GPU memory instead of 6.0 GB, 4.0 GB of RAM: fits.');
  });
});

describe('settings', () => {
  it('are found by their words, wherever they are', () => {
    const found = (query: string) =>
      settingSections(defaultSettings, null).flatMap(({ title, settings }) =>
        settings.filter((setting) => isFound(setting, title, query)).map(({ label }) => label),
      );
    expect(found('font')).toEqual(['Font size']);
    expect(found('gpu ram')).toEqual(['Document home']);
    expect(found('sampler rep')).toEqual(['Repetition penalty']);
    expect(found('no such thing')).toEqual([]);
  });

  it('are each in one section, and each can be taken back', () => {
    const sections = settingSections(defaultSettings, null);
    const labels = sections.flatMap(({ settings }) => settings.map(({ label }) => label));
    expect(new Set(labels).size).toBe(labels.length);
    expect(sections.flatMap(({ names }) => names).toSorted()).toEqual(settingNameSchema.options.toSorted());
  });

  it('have a preset that nobody chose, and say in one sentence what a preset is', () => {
    const preset = (changes: Partial<Settings>) => {
      const { settings = [] } =
        settingSections({ ...defaultSettings, ...changes }, null).find(({ id }) => id === 'compression') ?? {};
      const { hint, control } = settings.find(({ label }) => label === 'Preset') as (typeof settings)[number];
      const { value, options } = (control({ id: 'x', 'aria-describedby': 'y' }) as ReactElement).props as {
        value: string;
        options: { value: string; label: string }[];
      };
      return { hint, shown: options.find((option) => option.value === value)?.label };
    };
    const { hint, shown } = preset({});
    expect(shown).toBe('Default (Coded)');
    expect(hint).toMatch(/^A preset is [^.]*full KV’s right answers, Paper is the method as published\.$/);
    expect(preset({ mode: 'hsa' }).shown).toBe('Default (Paper)');
    expect(preset({ mode: 'hsa' }).hint).toMatch(/It is the default here/);
    expect(preset(presets.paper)).toEqual({ hint, shown: 'Paper' });
    expect(preset(presets.coded)).toEqual({ hint, shown: 'Coded' });
    expect(preset({ selector: 'pages' })).toEqual({ hint, shown: 'Paper' });
    expect(preset({ pooling: 'max' })).toEqual({ hint, shown: 'Own mix' });
  });

  it('take numbers of their range alone', () => {
    expect(numberWithin('1,024', ranges.tokenBudget)).toBe(1024);
    for (const text of ['', 'x', '15', '1.5', '1e99']) expect(numberWithin(text, ranges.tokenBudget)).toBeUndefined();
    expect([numberWithin('63', ranges.kernel), numberWithin('62', ranges.kernel)]).toEqual([63, undefined]);
    expect([numberWithin('0.95', ranges.topP), numberWithin('0', ranges.topP)]).toEqual([0.95, undefined]);
  });
});

it('models are opened as an overlay of their own', async () => {
  const { openModels } = await import('../../../renderer/stores/ui.ts');
  openModels();
  expect(useUi.getState().overlay).toBe('models');
});
