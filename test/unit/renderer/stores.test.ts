import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Telemetry, Turn } from '../../../electron/contract/app-types.ts';
import { workedSeconds } from '../../../renderer/features/kv-panel/history.tsx';
import { mapBins, pagePlace, placesOf } from '../../../renderer/features/kv-panel/map-bins.ts';
import { bytes, factor, plural, seconds } from '../../../renderer/format.ts';
import { type AppClient, setApi } from '../../../renderer/stores/api.ts';
import { budgetAt, planBudget, positionOf, sliderSteps, useBudget } from '../../../renderer/stores/budget.ts';
import {
  answerAgain,
  ask,
  askEdited,
  askSmaller,
  choose,
  closeBeside,
  openChat,
  reopenChats,
  selectMeasured,
  setDraft,
  startEditing,
  take,
  useChat,
} from '../../../renderer/stores/chat.ts';
import { useDocumentChoice } from '../../../renderer/stores/document-choice.ts';
import { followTelemetry, useEngine } from '../../../renderer/stores/engine.ts';
import { useReading } from '../../../renderer/stores/reading.ts';
import { changeSettings, useSettings } from '../../../renderer/stores/settings.ts';
import { setWidth, useUi } from '../../../renderer/stores/ui.ts';
import { viridis } from '../../../renderer/ui/color-scale.ts';

const failure = (error: unknown) => ({ code: 'IO', message: (error as Error).message });
const connect = (client: object) =>
  setApi({
    client: client as AppClient,
    sendFile: async () => ({ uploadId: 'id' }),
    loadFile: async () => new ArrayBuffer(0),
    failure,
  });

const turn = (changes: Partial<Turn> = {}): Turn => ({
  id: 't1',
  chatId: 'c1',
  question: 'What?',
  answer: '',
  thinking: '',
  state: 'answering',
  failure: null,
  report: null,
  parentId: null,
  chosen: true,
  choice: {},
  createdAt: 0,
  ...changes,
});

describe('telemetry', () => {
  it('is asked for again when it breaks off, and only by the connection that is used', async () => {
    let asked = 0;
    let isClosed = false;
    const once = async function* (machineBytes: number) {
      yield {
        machineBytes,
        at: 1000,
        jobs: [],
        held: [],
        kept: { documents: [], failure: null },
        live: [],
        engineBytes: 5,
      };
      throw new Error('broken off');
    };
    const client = { telemetry: async () => once(++asked) };
    connect(client);
    const following = followTelemetry().then(() => {
      isClosed = true;
    });
    await expect.poll(() => useEngine.getState().telemetry?.machineBytes).toBe(2);
    connect({ telemetry: async () => once(100) });
    await following;
    expect([isClosed, asked]).toEqual([true, 2]);
  });

  it('leaves a history of what was at work, with a line for each question', async () => {
    const job = (phase: string, more: object = {}) => ({
      kind: 'answering',
      phase,
      startedAt: 2000,
      tokensPerSecond: 0,
      ...more,
    });
    const counters = { compactBytes: 30, summaryBytes: 4, rowsRead: 256 };
    const snapshots = [
      { at: 1000, jobs: [] },
      { at: 2000, jobs: [job('question')] },
      { at: 2200, jobs: [job('answer', { tokensPerSecond: 50 })], live: [{ counters }] },
      { at: 9000, jobs: [{ ...job('paused'), kind: 'reading' }] },
    ];
    useEngine.setState({ history: [], questions: [] });
    const client = {
      telemetry: async () =>
        (async function* () {
          for (const snapshot of snapshots)
            yield { live: [], held: [], kept: { documents: [], failure: null }, engineBytes: 700, ...snapshot };
          connect({});
        })(),
    };
    connect(client);
    await followTelemetry();
    const { history, questions } = useEngine.getState();
    expect(history).toEqual([
      { at: 2, reading: null, answering: null, engineBytes: 700, cacheBytes: null, rowsRead: null },
      { at: 2.2, reading: null, answering: 50, engineBytes: 700, cacheBytes: 34, rowsRead: 256 },
    ]);
    expect(questions).toEqual([2]);
    expect(workedSeconds([{ at: 5 }, { at: 5.2 }, { at: 90 }, { at: 90.5 }])).toEqual([
      0,
      expect.closeTo(0.2),
      expect.closeTo(1.2),
      expect.closeTo(1.7),
    ]);
  });
});

describe('chat', () => {
  beforeEach(() => {
    useChat.setState({
      documentId: 'd1',
      chatId: 'c1',
      tree: [],
      turns: [],
      live: null,
      draft: '',
      failure: null,
      chats: [],
    });
  });

  it('knows which question was asked here, though its answer ends before anything is drawn', () => {
    take({ type: 'turn', turn: turn() });
    take({ type: 'ended', turn: turn({ state: 'done' }) });
    expect(useChat.getState()).toMatchObject({ live: null, askedId: turn().id });
  });

  it('grows the live answer without touching the turns', () => {
    take({ type: 'turn', turn: turn({ answer: 'so far ' }) });
    const { turns } = useChat.getState();
    for (let i = 0; i < 1000; i++) take({ type: 'delta', text: 'x' });
    expect(useChat.getState().turns).toBe(turns);
    expect(useChat.getState().live?.answer).toBe(`so far ${'x'.repeat(1000)}`);
    take({ type: 'ended', turn: turn({ state: 'stopped', answer: 'so far x' }) });
    expect(useChat.getState()).toMatchObject({ live: null, turns: [{ state: 'stopped' }] });
    expect(selectMeasured(useChat.getState())).toBeUndefined();
  });

  it('puts a question that could not be asked back into the composer, with the reason', async () => {
    connect({
      ask: async () => {
        throw new Error('The document is not in memory.');
      },
      chats: { list: async () => [{ id: 'c1' }] },
    });
    await ask('  What is it? ');
    expect(useChat.getState()).toMatchObject({
      draft: 'What is it?',
      failure: { message: 'The document is not in memory.' },
      live: null,
    });
  });

  it('loads what is on disk before it asks, and keeps the question where that is cancelled', async () => {
    const documents = [{ documentId: 'd1', bytes: 9, isReady: true }];
    const before = useEngine.getState().telemetry;
    useEngine.setState({
      telemetry: { jobs: [], held: [], kept: { documents, failure: null } } as unknown as Telemetry,
    });
    const said: string[] = [];
    let isCancelled = false;
    connect({
      read: async () => {
        said.push('read');
        if (isCancelled) throw Object.assign(new Error('Stopped.'), { code: 'CANCELLED' });
        return (async function* () {})();
      },
      ask: async () => {
        said.push('ask');
        return (async function* () {})();
      },
      chats: { list: async () => [{ id: 'c1' }] },
    });
    await ask('What is it?');
    expect(said).toEqual(['read', 'ask']);
    isCancelled = true;
    await ask('And this?');
    expect(said).toEqual(['read', 'ask', 'read']);
    expect(useChat.getState().draft).toBe('And this?');
    useEngine.setState({ telemetry: before });
  });

  it('keeps what is typed before the first question in a chat that is made for it, once', async () => {
    const log: string[] = [];
    connect({
      chats: {
        create: async ({ documentId }: { documentId: string }) => {
          log.push(`create ${documentId}`);
          return { id: `of ${documentId}`, title: 'Chat 1' };
        },
        saveDraft: async ({ chatId, draft }: { chatId: string; draft: string }) => {
          log.push(`${chatId}: ${draft}`);
        },
        list: async () => [{ id: 'c1' }],
      },
      ask: async ({ chatId }: { chatId: string }) => {
        log.push(`ask ${chatId}`);
        return (async function* () {})();
      },
    });
    vi.useFakeTimers();
    const later = () => vi.advanceTimersByTimeAsync(1000);
    const open = (documentId: string) => useChat.setState({ documentId, chatId: null, chats: [], draft: '' });
    open('d1');
    setDraft(' ');
    await later();
    setDraft('Wh');
    setDraft('What');
    await later();
    expect(useChat.getState()).toMatchObject({ chatId: 'of d1', draft: 'What', chats: [{ id: 'of d1' }] });
    // The question is asked before its draft is saved: there is no second chat, and the question is not stored as a draft.
    open('d2');
    setDraft('Who?');
    await ask('Who?');
    await later();
    // The draft is saved although another document is opened.
    open('d3');
    setDraft('Where');
    open('d1');
    await later();
    expect(useChat.getState()).toMatchObject({ chatId: null, draft: '' });
    expect(log).toEqual(['create d1', 'of d1: What', 'create d2', 'ask of d2', 'of d2: ', 'create d3', 'of d3: Where']);
    vi.useRealTimers();
  });

  it('keeps what is typed over a lost connection, and saves it with the next one', async () => {
    const saved: string[] = [];
    const chats = {
      list: async () => [{ id: 'c1', title: 'Chat 1' }],
      turns: async () => ({ turns: [], draft: 'Old' }),
    };
    const lost = async () => Promise.reject(new Error('The connection is lost.'));
    connect({ chats: { ...chats, saveDraft: lost } });
    vi.useFakeTimers();
    useChat.setState({ documentId: 'd1', chatId: null, chats: [], draft: '' });
    await openChat('c1');
    setDraft('A new question');
    await vi.advanceTimersByTimeAsync(1000);
    connect({ chats: { ...chats, saveDraft: async ({ draft }: { draft: string }) => void saved.push(draft) } });
    await reopenChats();
    expect(useChat.getState()).toMatchObject({ chatId: 'c1', draft: 'A new question' });
    await vi.advanceTimersByTimeAsync(1000);
    expect(saved).toEqual(['A new question']);
    // The server's draft is what another window typed last.
    await reopenChats();
    expect(useChat.getState().draft).toBe('Old');
    vi.useRealTimers();
  });

  it('joins an answer that is being made when the chat is opened', async () => {
    connect({
      chats: { turns: async () => ({ turns: [turn()], draft: 'later' }), list: async () => [{ id: 'c1' }] },
      watch: async () =>
        (async function* () {
          yield { type: 'turn', turn: turn() };
          yield { type: 'delta', text: 'Hello' };
          yield { type: 'ended', turn: turn({ state: 'done', answer: 'Hello' }) };
        })(),
    });
    await openChat('c1');
    expect(useChat.getState()).toMatchObject({ draft: 'later', live: null, turns: [{ answer: 'Hello' }] });
  });
});

describe('branches of a chat', () => {
  const asked: object[] = [];
  let next = 1;
  /** A server whose answers end at once. */
  const server = {
    ask: async (input: { question: string; parentId: string | null; choice: Turn['choice'] }) => {
      asked.push(input);
      const { question, parentId, choice } = input;
      const made = turn({ id: `n${next++}`, question, parentId, choice });
      return (async function* () {
        yield { type: 'turn', turn: made };
        yield { type: 'ended', turn: { ...made, state: 'done', answer: 'Yes.' } };
      })();
    },
    chats: { list: async () => [{ id: 'c1' }], saveDraft: async () => {}, choose: async () => {} },
    read: async () => (async function* () {})(),
  };
  const one = turn({ id: 'one', question: 'One?', state: 'done' });
  const two = turn({ id: 'two', question: 'Two?', parentId: 'one', state: 'done', choice: { tokenBudget: 256 } });
  const shown = () => useChat.getState().turns.map(({ question }) => question);

  beforeEach(() => {
    asked.length = 0;
    connect(server);
    useChat.setState({ documentId: 'd1', chatId: 'c1', tree: [one, two], turns: [one, two], beside: {}, live: null });
  });

  it('ask after the last question that is shown', async () => {
    await ask('Three?');
    expect(asked).toEqual([{ chatId: 'c1', question: 'Three?', parentId: 'two', choice: {} }]);
    expect(shown()).toEqual(['One?', 'Two?', 'Three?']);
  });

  it('begin with an edited question, keep the old one, and go back to it', async () => {
    startEditing(two);
    await askEdited(two, ' Other? ');
    expect(asked).toEqual([{ chatId: 'c1', question: 'Other?', parentId: 'one', choice: {} }]);
    expect(shown()).toEqual(['One?', 'Other?']);
    expect(useChat.getState()).toMatchObject({ editing: null, tree: [{ id: 'one' }, { id: 'two' }, {}] });
    await choose('two');
    expect(shown()).toEqual(['One?', 'Two?']);
  });

  it('ask the same again with the same choices, and with others side by side', async () => {
    await answerAgain(two);
    expect(asked.at(-1)).toEqual({ chatId: 'c1', question: 'Two?', parentId: 'one', choice: { tokenBudget: 256 } });
    expect(useChat.getState().beside).toEqual({});
    await answerAgain(two, { mode: 'full' }, true);
    expect(asked.at(-1)).toMatchObject({ parentId: 'one', choice: { mode: 'full' } });
    const full = useChat.getState().turns.at(-1)?.id ?? '';
    expect(useChat.getState().beside).toEqual({ [full]: 'two' });
    closeBeside(full);
    expect(useChat.getState().beside).toEqual({});
  });

  it('ask with what fits: lasting for the document, a choice for the question alone, read again where KV changes', async () => {
    const calls: [string, object][] = [];
    const note = (verb: string) => async (input: object) => {
      calls.push([verb, input]);
      return { own: {}, choice: {} };
    };
    let refuse = false;
    const read = async (input: object) => {
      calls.push(['read', input]);
      return (async function* () {
        if (refuse) throw new Error('Still too much.');
        yield { type: 'done' };
      })();
    };
    connect({ ...server, read, documents: { choice: { set: note('choice') } } });
    useDocumentChoice.setState({ documentId: 'd1', own: {}, choice: null });
    const pages = { from: 2, to: 3 };
    useEngine.setState({ telemetry: { held: [{ documentId: 'd1', pages }], jobs: [] } as never });
    await askSmaller(one, { tokenBudget: 128 });
    expect(calls).toEqual([['choice', { documentId: 'd1', changes: { tokenBudget: 128 } }]]);
    expect(asked.at(-1)).toMatchObject({ question: 'One?', choice: {} });
    calls.length = 0;
    await askSmaller(two, { tokenBudget: 128 });
    expect(calls).toEqual([]);
    expect(asked.at(-1)).toMatchObject({ question: 'Two?', choice: { tokenBudget: 128 } });
    await askSmaller(two, { tokenBudget: 64, kvType: 'q8_0' });
    expect(calls).toEqual([
      ['choice', { documentId: 'd1', changes: { kvType: 'q8_0' } }],
      ['read', { documentId: 'd1', pages }],
    ]);
    expect(asked.at(-1)).toMatchObject({ question: 'Two?', choice: { tokenBudget: 64 } });
    // When the reading fails its reason is shown, and no question is asked.
    refuse = true;
    const before = asked.length;
    await askSmaller(one, { documentHome: 'host' });
    expect(asked).toHaveLength(before);
    expect(useReading.getState().readFailure).toMatchObject({ message: 'Still too much.' });
    useEngine.setState({ telemetry: null });
  });

  it('put an edited question that was refused back where it was written', async () => {
    connect({ ...server, ask: () => Promise.reject(new Error('Busy.')) });
    await askEdited(two, 'Other?');
    expect(useChat.getState()).toMatchObject({
      editing: { turnId: 'two', text: 'Other?' },
      failure: { message: 'Busy.' },
      turns: [{ id: 'one' }, { id: 'two' }],
    });
  });

  it('stay chosen when an answer ends on another branch', async () => {
    take({ type: 'turn', turn: turn({ id: 'late', question: 'Late?', parentId: 'one' }) });
    await choose('two');
    take({ type: 'ended', turn: turn({ id: 'late', question: 'Late?', parentId: 'one', state: 'done' }) });
    expect(shown()).toEqual(['One?', 'Two?']);
    expect(useChat.getState().tree.find(({ id }) => id === 'late')).toMatchObject({ state: 'done', chosen: false });
  });
});

describe('settings', () => {
  it('goes back when the server refuses', async () => {
    const settings = { theme: 'system', tokenBudget: 512 } as NonNullable<
      ReturnType<typeof useSettings.getState>['settings']
    >;
    useSettings.setState({ settings });
    connect({
      settings: {
        set: async () => {
          throw new Error('disk full');
        },
      },
    });
    await changeSettings({ tokenBudget: 1024 });
    expect(useSettings.getState().settings).toBe(settings);
    expect(useUi.getState().notices.at(-1)).toMatchObject({ text: 'disk full', tone: 'danger' });
  });
});

describe('budget', () => {
  it('maps the slider onto budgets and back, ends included', () => {
    expect(budgetAt(0, 128, 131_072)).toBe(128);
    expect(budgetAt(sliderSteps, 128, 131_072)).toBe(131_072);
    let before = 0;
    for (let position = 0; position <= sliderSteps; position++) {
      const budget = budgetAt(position, 128, 131_072);
      expect(budget).toBeGreaterThanOrEqual(before);
      before = budget;
    }
    for (const budget of [128, 512, 1024, 8192])
      expect(budgetAt(positionOf(budget, 128, 131_072), 128, 131_072)).toBe(budget);
    expect(positionOf(512, 128, 128)).toBe(0);
  });

  it('asks for one plan at a time and ends with the newest request', async () => {
    const asked: number[] = [];
    connect({
      plan: async ({ promptTokens }: { promptTokens: number }) => {
        asked.push(promptTokens);
        await new Promise((resolve) => setTimeout(resolve, 5));
        return { plan: { total: promptTokens }, speed: null };
      },
    });
    await Promise.all([1, 2, 3, 4, 5].map((promptTokens) => planBudget('d1', promptTokens, {})));
    expect(asked).toEqual([1, 5]);
    expect(useBudget.getState()).toMatchObject({ promptTokens: 5, plan: { total: 5 } });
  });
});

describe('map of the document', () => {
  const page = (tokens: number, kept: number, parts: { kept: number; read: number }[] = []) => ({
    page: 0,
    label: '',
    tokens,
    kept,
    read: 2 * kept,
    opening: '',
    parts,
  });

  it('joins neighbours until no lane is thinner than a bin, and keeps the means', () => {
    const map = Array.from({ length: 1000 }, (_, i) => page(10, i % 2));
    const bins = mapBins(map, 96);
    expect(bins.length).toBeLessThanOrEqual(100);
    expect(bins.reduce((sum, bin) => sum + bin.tokens, 0)).toBe(10_000);
    for (const bin of bins.slice(0, -1)) expect(bin.kept).toBeCloseTo(0.5);
  });

  it('shows a long page in its passages, and a citation over all of them', () => {
    const parts = [1, 2, 3].map((kept) => ({ kept, read: 0 }));
    const bins = mapBins([page(100, 1), page(300, 2, parts), page(100, 0)]);
    expect(bins.map(({ first, part, kept, tokens }) => [first, part, kept, tokens])).toEqual([
      [0, 0, 1, 100],
      [1, 0, 1, 100],
      [1, 1, 2, 100],
      [1, 2, 3, 100],
      [2, 0, 0, 100],
    ]);
    expect(pagePlace(bins, placesOf(bins), 1)).toEqual({ x: 0.2, width: expect.closeTo(0.6) });
    expect(pagePlace(bins, placesOf(bins), 7)).toBeUndefined();
  });

  it('leaves pages without text out', () => {
    expect(mapBins([page(0, 0), page(5, 1), page(0, 0)])).toMatchObject([{ first: 1, last: 1, tokens: 5 }]);
  });
});

it('opens and closes columns with the width', () => {
  setWidth('narrow');
  expect(useUi.getState()).toMatchObject({ libraryOpen: false, inspectorOpen: false });
  setWidth('wide');
  expect(useUi.getState()).toMatchObject({ libraryOpen: true, inspectorOpen: true });
});

it('says numbers as people read them', () => {
  expect([bytes(512), bytes(1536), bytes(3 * 2 ** 20), bytes(2 ** 30 * 1.94)]).toEqual([
    '512 B',
    '2 KB',
    '3.0 MB',
    '1.9 GB',
  ]);
  expect([seconds(0.82), seconds(24), seconds(130)]).toEqual(['0.8 s', '24 s', '2 min 10 s']);
  expect([factor(3.42), factor(28), plural(1, 'page'), plural(1200, 'page')]).toEqual([
    '3.4×',
    '28×',
    '1 page',
    '1,200 pages',
  ]);
  expect([viridis(0), viridis(1), viridis(Number.NaN)]).toEqual(['rgb(68 1 84)', 'rgb(253 231 37)', 'rgb(68 1 84)']);
});
