// @vitest-environment happy-dom
/// <reference lib="dom" />
/** The reasoning effort beside a question: where it is shown, what a change does, and that the next question reads the document again. */
import { act, createElement } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Effort } from '../../../electron/contract/method.ts';
import { defaultSettings, type OwnChoice } from '../../../electron/contract/settings.ts';
import { Composer } from '../../../renderer/features/chat/composer.tsx';
import { settingSections } from '../../../renderer/features/settings/setting-sections.tsx';
import { setApi } from '../../../renderer/stores/api.ts';
import { ask, useChat } from '../../../renderer/stores/chat.ts';
import { useDocumentChoice } from '../../../renderer/stores/document-choice.ts';
import { useEngine } from '../../../renderer/stores/engine.ts';

let root: Root;
let calls: [verb: string, input: unknown][];
/** What the document in memory was read with. */
let readWith: Effort;
let choice: typeof defaultSettings;

const pages = { from: 2, to: 5 };
function telemetry(hasEffort: boolean) {
  const held = [{ documentId: 'd', effort: readWith, pages }];
  return { engine: { model: { hasEffort } }, held, kept: { documents: [] }, jobs: [] } as never;
}

const client = {
  documents: {
    choice: {
      set: async ({ changes }: { changes: OwnChoice }) => {
        calls.push(['choice', changes]);
        choice = { ...choice, ...changes } as typeof defaultSettings;
        return { own: changes, choice };
      },
    },
  },
  read: async (input: unknown) => {
    calls.push(['read', input]);
    readWith = choice.effort;
    useEngine.setState({ telemetry: telemetry(true) });
    return (async function* () {})();
  },
  ask: async ({ question }: { question: string }) => {
    calls.push(['ask', question]);
    return (async function* () {})();
  },
  chats: {
    list: async () => [{ id: 'c', revision: 0, draftRevision: 0 }],
    turns: async () => ({ turns: [], draft: '', revision: 0 }),
    draft: async () => ({ draft: '' }),
  },
};

beforeEach(async () => {
  calls = [];
  readWith = 'medium';
  choice = defaultSettings;
  (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
  setApi({
    client: client as never,
    sendFile: async () => ({ uploadId: '' }),
    loadFile: async () => new ArrayBuffer(0),
    failure: (error) => ({ code: 'IO', message: String(error) }),
  });
  useChat.setState({
    documentId: 'd',
    chatId: 'c',
    chats: [],
    turns: [],
    tree: [],
    live: null,
    draft: '',
    failure: null,
  });
  useDocumentChoice.setState({ documentId: 'd', own: {}, choice });
  useEngine.setState({ telemetry: telemetry(true) });
  const place = document.createElement('div');
  document.body.replaceChildren(place);
  root = createRoot(place);
  await act(async () => root.render(createElement(Composer, { documentName: 'Report' })));
});
afterEach(() => act(() => root.unmount()));

const control = () => document.querySelector<HTMLSelectElement>('select[aria-label="Reasoning effort"]');
const sentence = () => document.querySelector('p[role="status"]')?.textContent;
async function pick(effort: Effort) {
  await act(async () => {
    const select = control();
    if (!select) throw new Error('no control');
    select.value = effort;
    select.dispatchEvent(new Event('change', { bubbles: true }));
  });
}

it('stands beside the question only where the model’s template takes one', async () => {
  expect(control()?.value).toBe('medium');
  expect(control()?.closest('[title]')?.getAttribute('title')).toContain('A change reads the document again.');
  await act(async () => useEngine.setState({ telemetry: telemetry(false) }));
  expect(control()).toBeNull();
  // Another document's choice is not shown while this one's is loaded.
  await act(async () => useEngine.setState({ telemetry: telemetry(true) }));
  await act(async () => useDocumentChoice.setState({ documentId: 'other' }));
  expect(control()).toBeNull();
});

it('says that the document is read again, and reads the same pages before the next question alone', async () => {
  await act(async () => ask('First?'));
  expect(calls).toEqual([['ask', 'First?']]);
  expect(sentence()).toBeUndefined();
  await pick('high');
  expect(sentence()).toBe(
    'The document was read with effort medium: the next question reads it again, with effort high.',
  );
  await act(async () => ask('Second?'));
  await act(async () => ask('Third?'));
  expect(calls.slice(1)).toEqual([
    ['choice', { effort: 'high' }],
    ['read', { documentId: 'd', pages }],
    ['ask', 'Second?'],
    ['ask', 'Third?'],
  ]);
  expect(sentence()).toBeUndefined();
});

it('taken back before a question reads nothing', async () => {
  await pick('low');
  await pick('medium');
  await act(async () => ask('What?'));
  expect(calls.map(([verb]) => verb)).toEqual(['choice', 'choice', 'ask']);
});

it('does not hold up a model whose template takes none', async () => {
  await pick('high');
  await act(async () => useEngine.setState({ telemetry: telemetry(false) }));
  await act(async () => ask('What?'));
  expect(calls.map(([verb]) => verb)).toEqual(['choice', 'ask']);
});

it('is among the settings only where the model’s template takes one', () => {
  const labels = (hasEffort: boolean) =>
    settingSections(defaultSettings, { model: { hasEffort } } as never).flatMap(({ settings }) =>
      settings.map(({ label }) => label),
    );
  expect(labels(true)).toContain('Reasoning effort');
  expect(labels(false)).not.toContain('Reasoning effort');
});
