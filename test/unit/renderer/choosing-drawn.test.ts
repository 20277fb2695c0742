// @vitest-environment happy-dom
/// <reference lib="dom" />
/** Settings, budget, remedies and a tuning as they are drawn, and the calls that a click there makes. */
import { act, createElement, type ReactNode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LibraryDocument, Preflight } from '../../../electron/contract/app-types.ts';
import { defaultSettings, type OwnChoice } from '../../../electron/contract/settings.ts';
import type { Tuning } from '../../../electron/contract/tuning.ts';
import { BudgetSection } from '../../../renderer/features/kv-panel/budget-section.tsx';
import { Remedies } from '../../../renderer/features/reading/remedies.tsx';
import { type Setting, settingSections } from '../../../renderer/features/settings/setting-sections.tsx';
import { Recommendation } from '../../../renderer/features/tune/recommendation.tsx';
import { TuneTable } from '../../../renderer/features/tune/tune-table.tsx';
import { type AppClient, setApi } from '../../../renderer/stores/api.ts';
import { useDocumentChoice } from '../../../renderer/stores/document-choice.ts';
import { useEngine } from '../../../renderer/stores/engine.ts';
import { useSettings } from '../../../renderer/stores/settings.ts';
import { useUi } from '../../../renderer/stores/ui.ts';
import { Field } from '../../../renderer/ui/field.tsx';
import { sampleNumbers } from '../../fixtures/engine-numbers.ts';

let roots: Root[] = [];
let asked: [verb: string, input: unknown][] = [];

async function draw(node: ReactNode): Promise<HTMLElement> {
  const place = document.createElement('div');
  document.body.append(place);
  const root = createRoot(place);
  roots.push(root);
  await act(async () => root.render(node));
  return place;
}

function fieldOf({ label, hint, control: children }: Setting): ReactNode {
  const props = { label, hint, children };
  return createElement(Field, { key: label, ...props });
}

const button = (place: HTMLElement, name: string) => {
  const found = [...place.querySelectorAll('button')].find((element) => element.textContent === name);
  if (!found) throw new Error(`there is no button ${name}`);
  return found;
};
const click = (place: HTMLElement, name: string) => act(async () => button(place, name).click());

const {
  recognise: _r,
  languages: _l,
  sampler: _s,
  drafts: _a,
  threads: _t,
  device: _d,
  theme: _c,
  fontSize: _f,
  motion: _m,
  ...choice
} = defaultSettings;

beforeEach(() => {
  (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
  asked = [];
  const note =
    <T>(verb: string, answer: T) =>
    async (input: unknown) => {
      asked.push([verb, input]);
      return answer;
    };
  const answer = { own: {}, choice };
  const { plan } = sampleNumbers;
  const client = {
    languages: async () => ['deu', 'eng'],
    plan: note('plan', { plan, speed: { tokensPerSecond: 118, firstTokenSeconds: 0.42 } }),
    fitBudget: note('fitBudget', { fit: { tokenBudget: 640, bytes: 50 * 2 ** 20 }, least: 1 }),
    programs: { get: note('programs.get', { address: null, problem: null, keys: [], mcp: '{ "mcpServers": {} }' }) },
    windows: { get: note('windows.get', { own: null, sessions: [] }) },
    gpus: note('gpus', { gpus: [], reason: 'No NVIDIA driver was found on this machine.' }),
    settings: { set: note('settings.set', defaultSettings), reset: note('settings.reset', defaultSettings) },
    library: { release: note('release', undefined), list: note('list', []), grants: note('grants', []) },
    preflight: note('preflight', null),
    documents: {
      choice: { get: note('get', answer), set: note('choice.set', answer), clear: note('choice.clear', answer) },
    },
  };
  setApi({
    client: client as unknown as AppClient,
    sendFile: async () => ({ uploadId: 'id' }),
    loadFile: async () => new ArrayBuffer(0),
    failure: (error) => ({ code: 'IO', message: String(error) }),
  });
  useSettings.setState({ settings: defaultSettings });
  useDocumentChoice.setState({ documentId: 'd1', own: {}, choice });
  useEngine.setState({ telemetry: null, gpus: null });
});

afterEach(() => {
  act(() => {
    for (const root of roots) root.unmount();
  });
  roots = [];
});

describe('settings', () => {
  it('are all drawn, each with its label and line, and the reason why there is no GPU', async () => {
    const sections = settingSections(defaultSettings, null);
    const fields = sections.flatMap(({ settings }) => settings.map(fieldOf));
    const place = await draw(createElement('div', null, fields));
    const controls = place.querySelectorAll(':not(fieldset) > :is(input, select, textarea), fieldset');
    // Not counted: the tuning, which needs a document, the button that clears the disk, and the list of browsers.
    const withinLanguages = [...controls].filter((control) => control.parentElement?.closest('fieldset'));
    expect(withinLanguages.map((control) => control.closest('label')?.textContent)).toEqual([
      'German (deu)',
      'English (eng)',
    ]);
    expect(controls.length - withinLanguages.length).toBe(fields.length - 3);
    for (const control of controls) {
      if (withinLanguages.includes(control)) continue;
      expect(place.querySelector(`label[for="${control.id}"]`)?.textContent).not.toBe('');
      expect(document.getElementById(control.getAttribute('aria-describedby') ?? '')?.textContent).not.toBe('');
    }
    expect(place.textContent).toContain('No NVIDIA driver was found on this machine.');
    expect(new Set(asked.map(([verb]) => verb))).toEqual(new Set(['gpus', 'programs.get', 'windows.get']));
  });

  it('that the engine does not run with yet have a button that starts it anew', async () => {
    const model = { device: 'cuda:0 NVIDIA RTX', threads: 2, deviceReason: null };
    const engine = { model, presets: ['paper'] } as unknown as Parameters<typeof settingSections>[1];
    const drawn = async (changes: Partial<typeof defaultSettings>) => {
      const machine = settingSections({ ...defaultSettings, ...changes }, engine).find(({ id }) => id === 'machine');
      const fields = machine?.settings.map(fieldOf);
      const place = await draw(createElement('div', null, fields));
      return [...place.querySelectorAll('button')].length;
    };
    expect(await drawn({})).toBe(0);
    expect(await drawn({ device: 'cuda:0', threads: 2 })).toBe(0);
    expect(await drawn({ device: 'cpu' })).toBe(1);
    expect(await drawn({ device: 'cuda:1', threads: 3 })).toBe(2);
  });
});

describe('the budget', () => {
  const drawn = () => draw(createElement(BudgetSection, { documentId: 'd1', promptTokens: 5324 }));

  it('says what it would take and how fast it would be, with “about”', async () => {
    const place = await drawn();
    const planned = place.querySelector('[data-testid=planned]')?.textContent;
    expect(planned).toContain('Speedabout 118 tok/s');
    expect(planned).toContain('First tokenabout 0.4 s');
    expect(asked).toEqual([['plan', { documentId: 'd1', promptTokens: 5324, changes: { tokenBudget: 512 } }]]);
  });

  it('may be of this document alone, and goes back', async () => {
    const place = await drawn();
    const box = place.querySelector('input[type=checkbox]') as HTMLInputElement;
    await act(async () => box.click());
    expect(asked).toContainEqual([
      'choice.set',
      { documentId: 'd1', changes: { mode: 'rocketkv-mt', tokenBudget: 512 } },
    ]);
    await act(async () => useDocumentChoice.setState({ own: { tokenBudget: 1024, kvType: 'q8_0' } }));
    expect(place.querySelector('[data-testid=own-choice]')?.textContent).toBe(
      'It has its own: budget 1,024, document KV in q8_0. Everything else is as in the settings.',
    );
    await act(async () => box.click());
    expect(asked.at(-1)).toEqual(['choice.clear', { documentId: 'd1' }]);
  });

  it('is found from the memory that may be used', async () => {
    const place = await drawn();
    const form = place.querySelector('form') as HTMLFormElement;
    const said = () => place.querySelector('[data-testid=fit]')?.textContent;
    const submit = () => act(async () => form.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true })));
    await submit();
    expect(said()).toMatch(/^Say how much memory/);
    const input = form.querySelector('input') as HTMLInputElement;
    await act(async () => {
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(input, '60');
      input.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await submit();
    const request = { documentId: 'd1', promptTokens: 5324, bytes: 60 * 2 ** 20, of: 'kv' };
    expect(asked.find(([verb]) => verb === 'fitBudget')).toEqual(['fitBudget', request]);
    expect(asked).toContainEqual(['settings.set', { tokenBudget: 640 }]);
    expect(said()).toBe('A budget of 640 takes 50.0 MB. It is used for the next question.');
  });

  it('says why the engine will not plan it', async () => {
    const { client } = { client: { plan: () => Promise.reject(new Error('codes take more')) } };
    setApi({
      client: client as unknown as AppClient,
      sendFile: async () => ({ uploadId: 'id' }),
      loadFile: async () => new ArrayBuffer(0),
      failure: (error) => ({ code: 'INVALID_ARGUMENT', message: (error as Error).message }),
    });
    const place = await drawn();
    expect(place.textContent).toContain('codes take more');
  });
});

describe('what helps a document that does not fit', () => {
  const need = (needed: number, fits: boolean) => ({ place: 'ram' as const, needed, available: 2 ** 30, fits });
  const changes: OwnChoice = { kvType: 'q8_0' };
  const facts = {
    documentTokens: 128_440,
    fitsContext: true,
    memory: [need(6 * 2 ** 30, false)],
    remedies: [
      { type: 'choice', changes, memory: [need(3 * 2 ** 30, true)], cache: 2 ** 20, fits: true },
      { type: 'release', documentIds: ['d2', 'd3'], bytes: 2 ** 30, fits: false },
      { type: 'pages', range: { from: 0, to: 39 }, tokens: 17_000 },
    ],
  } as unknown as Preflight;
  const drawn = (format: LibraryDocument['format'] = 'pdf') =>
    draw(createElement(Remedies, { facts, document: { id: 'd1', format } as LibraryDocument }));

  it('says what each would change before it is chosen', async () => {
    const place = await drawn();
    expect([...place.querySelectorAll('li')].map(({ textContent }) => textContent)).toEqual([
      'document KV in q8_03.0 GB of RAM instead of 6.0 GB: fits. An answer works on 1.0 MB of KV. For this document alone.',
      'Free 2 other documentsMakes 1.0 GB free, which is not enough by itself. To ask about them again they are read again.',
      'Only pages 1 to 40About 17,000 tokens instead of 128,440. The model will not know the rest.',
      'Another modelA smaller one takes less memory.',
    ]);
  });

  it('names the parts of a document as its kind does', async () => {
    expect((await drawn('pptx')).textContent).toContain('Only slides 1 to 40');
    expect((await drawn('xlsx')).textContent).toContain('Only parts 1 to 40');
    expect((await drawn('epub')).textContent).toContain('Only sections 1 to 40');
  });

  it('does it when it is chosen', async () => {
    const place = await drawn();
    await click(place, 'document KV in q8_0');
    expect(asked.at(-1)).toEqual(['choice.set', { documentId: 'd1', changes }]);
    await click(place, 'Only pages 1 to 40');
    expect(asked.at(-1)).toEqual(['preflight', { documentId: 'd1', pages: { from: 0, to: 39 } }]);
    await click(place, 'Free 2 other documents');
    const released = asked.flatMap(([verb, input]) => (verb === 'release' ? [input] : []));
    expect(released).toEqual([{ documentId: 'd2' }, { documentId: 'd3' }]);
    await click(place, 'Another model');
    expect(useUi.getState().overlay).toBe('models');
  });
});

describe('a tuning', () => {
  const tuning = (recommended: number | null): Tuning => ({
    ...{ question: 'Who?', modelName: 'Fake', mode: 'rocketkv-mt', tokens: 5000, at: 0, recommended },
    rows: [null, 256, 512].map((budget) => ({
      ...{ budget, positions: 40, klMean: 0.01, klMedian: 0.00005, sameTop1: 0.99, keptMassMean: 0.87 },
      ...{ decodeTokS: 100, firstTokenMs: 80, kvBytes: 2 ** 20, readBytesPerStep: 2048 },
      answer: '<img src=x onerror="window.hacked=1">',
    })),
  });

  it('is a table of its numbers, with answers as plain text', async () => {
    const { rows } = tuning(512);
    const place = await draw(createElement(TuneTable, { rows, recommended: 512 }));
    expect([...place.querySelectorAll('tbody tr')].map((row) => row.getAttribute('data-budget'))).toEqual([
      '256',
      '512',
      'full',
    ]);
    const cells = [...place.querySelectorAll('tr[data-budget="512"] td')].map(({ textContent }) => textContent);
    expect(cells).toEqual(['99 %', '.0100', '< .0001', '87 %', '100 tok/s', '80 ms', '1.0 MB', '2 KB']);
    expect(place.querySelector('img')).toBeNull();
    expect(place.textContent).toContain('<img src=x');
  });

  it('is kept for this document with its mode, or for all and no longer for this one', async () => {
    const place = await draw(createElement(Recommendation, { tuning: tuning(512) }));
    await click(place, 'Use 512 for this document');
    expect(asked.at(-1)).toEqual([
      'choice.set',
      { documentId: 'd1', changes: { tokenBudget: 512, mode: 'rocketkv-mt' } },
    ]);
    await click(place, 'For all documents');
    expect(asked.slice(-2)).toEqual([
      ['choice.clear', { documentId: 'd1', names: ['tokenBudget', 'mode'] }],
      ['settings.set', { tokenBudget: 512 }],
    ]);
    const none = await draw(createElement(Recommendation, { tuning: tuning(null) }));
    expect(none.querySelector('button')).toBeNull();
  });
});
