import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Download, ModelEntry, ModelFit } from '../../../electron/contract/models.ts';
import { progressWords } from '../../../renderer/features/models/download-progress.tsx';
import { numbersOf } from '../../../renderer/features/models/fit-badge.tsx';
import { type AppClient, type FileWays, setApi } from '../../../renderer/stores/api.ts';
import {
  chooseModelFile,
  downloadModel,
  loadModels,
  switchModel,
  takeModels,
  useModels,
} from '../../../renderer/stores/models.ts';
import { useUi } from '../../../renderer/stores/ui.ts';
import { waitFor } from '../../fixtures/wait-for.ts';

const MB = 2 ** 20;
const GB = 2 ** 30;
const failure = (error: unknown) => ({ code: 'IO', message: (error as Error).message });

function connect(models: object, chooseModel?: FileWays['chooseModel'], more: object = {}) {
  const client = { models, library: { list: async () => [], grants: async () => [] }, ...more } as unknown as AppClient;
  setApi({
    client,
    sendFile: async ({ name }) => ({ grantId: `grant of ${name}` }),
    loadFile: async () => new ArrayBuffer(0),
    chooseModel,
    failure,
  });
}

const entry = (id: string) => ({ id }) as ModelEntry;
const notices = () => useUi.getState().notices.map(({ text }) => text);

beforeEach(() => {
  useModels.setState({ models: null, problems: [], failure: null, switchingTo: null, refusals: {} });
  useUi.setState({ notices: [], overlay: null });
});

describe('the list of models', () => {
  it('keeps the newest answer, whichever comes last', async () => {
    const answers: ((models: ModelEntry[]) => void)[] = [];
    connect({
      list: () => new Promise((resolve) => answers.push((models) => resolve({ models, problems: [] }))),
    });
    const both = [loadModels(), loadModels()];
    answers[1]?.([entry('new')]);
    answers[0]?.([entry('old')]);
    await Promise.all(both);
    expect(useModels.getState().models).toEqual([{ id: 'new' }]);
  });

  it('says why there is none', async () => {
    connect({ list: () => Promise.reject(new Error('gone')) });
    await loadModels();
    expect(useModels.getState()).toMatchObject({ models: null, failure: { message: 'gone' } });
  });
});

describe('a refusal', () => {
  it('stays with its model until the next change', async () => {
    connect({ download: () => Promise.reject(new Error('The disk is full.')) });
    await downloadModel('one');
    expect(useModels.getState().refusals).toEqual({ one: { code: 'IO', message: 'The disk is full.' } });
    connect({ download: async () => {} });
    await downloadModel('two');
    expect(Object.keys(useModels.getState().refusals)).toEqual(['one']);
    await downloadModel('one');
    expect(useModels.getState().refusals).toEqual({});
  });

  it('of a switch lets another one be tried', async () => {
    let settle = (_: Error) => {};
    const use = vi.fn(() => new Promise<void>((_, reject) => (settle = reject)));
    connect({ use });
    const first = switchModel('one');
    await switchModel('two'); // does nothing: one switch at a time
    settle(new Error('It is gone.'));
    await first;
    expect(use).toHaveBeenCalledExactlyOnceWith({ modelId: 'one' });
    expect(useModels.getState()).toMatchObject({ switchingTo: null, refusals: { one: { message: 'It is gone.' } } });
  });
});

describe('model files', () => {
  const file = (name: string) => new File(['x'], name);
  const dropped = [file('a.pdf'), file('b.gguf'), file('c.GGUF')];

  it('among what is dropped are opened in place where that can be', async () => {
    const openInPlace = vi.fn(async () => ({ modelId: 'file-1' }));
    connect({ openInPlace, list: async () => ({ models: [], problems: [] }) }, async () => null);
    expect(takeModels(dropped).map(({ name }) => name)).toEqual(['a.pdf']);
    await waitFor(() => expect(openInPlace).toHaveBeenCalledTimes(2));
    expect(openInPlace.mock.calls).toContainEqual([{ grantId: 'grant of b.gguf' }]);
    await waitFor(() => expect(useUi.getState().overlay).toBe('models'));
  });

  it('are never sent as a document, and the window says what to do instead', () => {
    connect({});
    expect(takeModels(dropped).map(({ name }) => name)).toEqual(['a.pdf']);
    expect(notices()).toEqual([expect.stringContaining('under Models')]);
  });

  it('are picked in the system’s dialog; nothing picked is nothing done', async () => {
    const openInPlace = vi.fn(() => Promise.reject(new Error('b.gguf is not a GGUF model.')));
    connect({ openInPlace }, async () => null);
    await chooseModelFile();
    expect(openInPlace).not.toHaveBeenCalled();
    connect({ openInPlace }, async () => ({ id: 'sample', name: 'b.gguf', isSample: false }));
    await chooseModelFile();
    expect(notices()).toEqual(['b.gguf is not a GGUF model.']);
  });
});

describe('words', () => {
  const download: Download = {
    modelId: 'm',
    phase: 'downloading',
    done: 1.2 * GB,
    total: 4.6 * GB,
    bytesPerSecond: 11 * MB,
    secondsLeft: 316,
    failure: null,
    isDeclared: false,
  };

  it('say how far a download is', () => {
    expect(progressWords(download)).toBe('26 %, 1.2 GB of 4.6 GB, 11.0 MB/s, 5 min 16 s left');
    expect(progressWords({ ...download, bytesPerSecond: 0, secondsLeft: null })).toBe('26 %, 1.2 GB of 4.6 GB');
    expect(progressWords({ ...download, phase: 'paused' })).toBe('Paused at 26 %, 1.2 GB of 4.6 GB are here and stay');
    expect(progressWords({ ...download, phase: 'checking' })).toBe("Comparing it with the publisher's SHA-256, 26 %");
  });

  it('say what fits', () => {
    const fit: ModelFit = { level: 'fits', tokens: 7936, need: 369 * MB, available: 21.9 * GB, isEstimate: false };
    expect(numbersOf(fit)).toBe('7,936 tokens of document: 369 MB, 21.9 GB free');
    expect(numbersOf({ ...fit, level: 'q8_0', isEstimate: true })).toBe(
      '7,936 tokens of document in q8_0: about 369 MB, 21.9 GB free',
    );
    expect(numbersOf({ ...fit, level: 'shorter', tokens: 41_000 })).toBe('up to 41,000 tokens: 369 MB, 21.9 GB free');
    expect(numbersOf({ ...fit, level: 'no' })).toBe('7,936 tokens of document: 369 MB, 21.9 GB available');
  });
});
