import { afterEach, describe, expect, it } from 'vitest';
import { citationsOf } from '../../../../electron/app-host/citations/answer-citations.ts';
import type { NewTurn } from '../../../../electron/app-host/library/chat-store.ts';
import { ask } from '../../../../electron/app-host/sessions/answer-question.ts';
import { readDocument } from '../../../../electron/app-host/sessions/read-document.ts';
import type { AskStreamEvent } from '../../../../electron/contract/app.ts';
import type { AskChoice, Turn } from '../../../../electron/contract/app-types.ts';
import { AppError } from '../../../../electron/contract/errors.ts';
import { type FakeServer, startFakeServer } from '../../../fixtures/app-server.ts';
import type { FakeScript } from '../../../fixtures/fake-engine.ts';

let server: FakeServer;
afterEach(() => server.close());

async function opened(script: FakeScript) {
  server = await startFakeServer(script, '/nowhere');
  const { app } = server;
  const parsed = {
    title: 'a',
    format: 'txt' as const,
    notes: [],
    text: 'hello world',
    pages: [{ label: '1', start: 0, end: 11 }],
  };
  const document = app.documents.add({ parsed, fileName: 'a.txt', fileBytes: 11, sha256: 'x', tokens: undefined });
  const chat = app.chats.create(document.id);
  for await (const _ of readDocument(app, document.id, null).watch());
  return { app, document, chat };
}

const first = (question: string): NewTurn => ({ question, parentId: null, choice: {} });

async function all(events: AsyncIterable<AskStreamEvent>): Promise<AskStreamEvent[]> {
  const seen: AskStreamEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

it('streams an answer and stores it with its numbers and its map', async () => {
  const { app, chat } = await opened({ pieces: ['\n\nOne', ' two.'] });
  const events = await all(ask(app, chat.id, first('What?')).watch());
  expect(events.map(({ type }) => type)).toEqual(['turn', 'kept', 'delta', 'delta', 'ended']);
  const [turn] = app.chats.turns(chat.id);
  expect(turn).toMatchObject({ state: 'done', answer: 'One two.', report: { counters: { rowsRead: 64 } } });
  expect(app.chats.documentMap(turn?.id ?? '')).toMatchObject([{ label: '1', opening: 'hello world' }]);
});

it('stores the evidence of an answer, with what its tokens read beyond the usual', async () => {
  const calls: NonNullable<FakeScript['calls']> = [];
  const { app, chat } = await opened({ pieces: ['Hello', ' world 17.'], calls });
  await all(ask(app, chat.id, first('What does it say?')).watch());
  const [turn] = app.chats.turns(chat.id);
  const stored = app.chats.evidence(turn?.id ?? '');
  expect(stored).toMatchObject({ unsupported: [{ kind: 'number', text: '17' }, { kind: 'statement' }] });
  expect(await citationsOf(app, turn?.id ?? '')).toEqual({ citations: [], ...stored });
  expect(calls.find(({ verb }) => verb === 'measureUsualReads')?.input).toMatchObject({
    documentId: 'doc-1',
    mode: 'rocketkv-mt',
    rocket: { tokenBudget: 512 },
  });
  // A fork's copy of the turn has the evidence too.
  const fork = app.chats.fork(turn?.id ?? '');
  expect(app.chats.evidence(app.chats.turns(fork.id)[0]?.id ?? '')).toEqual(stored);
});

it('an answer whose engine cannot tell what was read has evidence by its words', async () => {
  const { app, chat } = await opened({ pieces: ['Hello world.'] });
  const supervisor = app.supervisor;
  const { use } = supervisor;
  supervisor.use = (work, ...rest) =>
    use.call(
      supervisor,
      (verbs) => work({ ...verbs, passageReads: () => Promise.reject(new Error('none')) } as typeof verbs),
      ...rest,
    ) as never;
  await all(ask(app, chat.id, first('What is there?')).watch());
  const [turn] = app.chats.turns(chat.id);
  expect(turn).toMatchObject({ state: 'done' });
  expect(await citationsOf(app, turn?.id ?? '')).toMatchObject({
    isFound: true,
    evidence: [{ sentence: 'hello world' }],
  });
});

it('keeps what was said when the engine dies, marks it, and answers again after the restart', async () => {
  const script: FakeScript = { pieces: ['One', ' two'], dieAfter: 1 };
  const { app, chat, document } = await opened(script);
  await all(ask(app, chat.id, first('What?')).watch());
  expect(app.chats.turns(chat.id)).toMatchObject([
    { state: 'failed', answer: 'One', failure: { code: 'ENGINE_CRASH' } },
  ]);
  script.dieAfter = undefined;
  // The new engine has not read the document.
  await app.supervisor.use(async () => {});
  expect(() => ask(app, chat.id, first('Again?'))).toThrow(expect.objectContaining({ code: 'DOC_MISSING' }));
  for await (const _ of readDocument(app, document.id, null).watch());
  await all(ask(app, chat.id, first('Again?')).watch());
  const [before, after] = app.chats.turns(chat.id);
  expect(before).toMatchObject({ state: 'failed', chosen: false });
  expect(after).toMatchObject({ state: 'done', answer: 'One two', chosen: true });
});

it('keeps with a question that memory did not suffice for what would fit, and answers the next one', async () => {
  const proposals = [{ changes: { tokenBudget: 256 }, needed: 900 }];
  const shortage = { place: 'gpu' as const, needed: 2000, available: 1000, proposals };
  const script: FakeScript = { pieces: ['Yes.'], failAsk: new AppError('GPU_OOM', 'Too little.', { shortage }) };
  const { app, chat } = await opened(script);
  await all(ask(app, chat.id, first('What?')).watch());
  const failure = { code: 'GPU_OOM', message: 'Too little.', shortage };
  expect(app.chats.turns(chat.id)).toMatchObject([{ state: 'failed', answer: '', failure }]);
  expect(app.supervisor.state).toMatchObject({ state: 'ready', restarts: 0 });
  script.failAsk = undefined;
  await all(ask(app, chat.id, first('Again?')).watch());
  expect(app.chats.turns(chat.id).at(-1)).toMatchObject({ state: 'done', answer: 'Yes.' });
});

it('stops on cancel, keeps what was said, and lets a late watcher see the whole stream', async () => {
  const { app, chat } = await opened({ pieces: Array.from({ length: 200 }, (_, i) => `${i} `), pauseMs: 5 });
  const job = ask(app, chat.id, first('Count.'));
  expect(() => ask(app, chat.id, first('Again?'))).toThrow(expect.objectContaining({ code: 'BUSY' }));
  const events: AskStreamEvent[] = [];
  let said = '';
  for await (const event of job.watch()) {
    events.push(event);
    if (event.type === 'delta') said += event.text;
    if (said.includes(' 2 ')) app.jobs.cancel(job.status.id);
  }
  const [turn] = app.chats.turns(chat.id);
  expect(turn).toMatchObject({ state: 'stopped' });
  expect(turn?.answer).toMatch(/^0 1 2 /);
  expect(turn?.answer).not.toContain('199'); // the last
  expect(await all(job.watch())).toEqual(events);
  expect(app.jobs.list).toEqual([]);
});

describe('what the model remembers', () => {
  const asks = (script: FakeScript) => script.log?.flatMap((entry) => ('question' in entry ? [entry] : [])) ?? [];
  const cuts = (script: FakeScript) => script.log?.flatMap((entry) => ('turns' in entry ? [entry.turns] : [])) ?? [];

  async function asking(script: FakeScript) {
    const { app, chat, document } = await opened(script);
    const askNow = async (question: string, parentId: string | null, choice: AskChoice = {}): Promise<Turn> => {
      const last = (await all(ask(app, chat.id, { question, parentId, choice }).watch())).at(-1);
      if (last?.type !== 'ended') throw new Error('the answer has no end');
      return last.turn;
    };
    return { app, chat, document, askNow };
  }

  it('is the path: a branch cuts the other one off, and going back reads it again', async () => {
    const script: FakeScript = { pieces: ['Yes.'], log: [] };
    const { app, chat, askNow } = await asking(script);
    const one = await askNow('One?', null);
    const two = await askNow('Two?', one.id);
    const other = await askNow('Other?', one.id);
    await askNow('Three?', two.id);
    expect(asks(script).map(({ question, earlier }) => [question, earlier])).toEqual([
      ['One?', []],
      ['Two?', []],
      ['Other?', []],
      ['Three?', [{ question: 'Two?', answer: 'Yes.' }]],
    ]);
    // Each time one of the two answers is cut, and all questions go to one chat of the engine.
    expect(cuts(script)).toEqual([1, 1]);
    expect(new Set(asks(script).map(({ chatId }) => chatId)).size).toBe(1);
    // The turn that was read again with "Three?" is cut together with it.
    await askNow('Four?', two.id);
    expect(asks(script).at(-1)?.earlier).toEqual([{ question: 'Two?', answer: 'Yes.' }]);
    expect(cuts(script)).toEqual([1, 1, 1]);
    expect(app.chats.path(chat.id, other.id).map(({ question }) => question)).toEqual(['One?', 'Other?']);
  });

  it('comes back after the engine died, without what was stopped or failed', async () => {
    const script: FakeScript = { pieces: ['Yes', '.'], log: [] };
    const { app, document, askNow } = await asking(script);
    const one = await askNow('One?', null);
    script.dieAfter = 1;
    const dead = await askNow('Dead?', one.id);
    expect(dead).toMatchObject({ state: 'failed', answer: 'Yes' });
    script.dieAfter = undefined;
    await app.supervisor.use(async () => {});
    for await (const _ of readDocument(app, document.id, null).watch());
    await askNow('Two?', dead.id);
    expect(asks(script).at(-1)).toMatchObject({ question: 'Two?', earlier: [{ question: 'One?', answer: 'Yes.' }] });
  });

  it('begins anew where mode rocketkv has let go of rows', async () => {
    const script: FakeScript = { pieces: ['Yes.'], log: [] };
    const { app, askNow } = await asking(script);
    app.settings.set({ mode: 'rocketkv' });
    const one = await askNow('One?', null);
    const two = await askNow('Two?', one.id);
    const full = await askNow('Two?', one.id, { mode: 'full' });
    expect(full).toMatchObject({ parentId: one.id, choice: { mode: 'full' }, report: { mode: 'full' } });
    expect(asks(script).map(({ mode }) => mode)).toEqual(['rocketkv', 'rocketkv', 'full']);
    const [first, second, third] = asks(script).map(({ chatId }) => chatId);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
    expect(asks(script).at(-1)?.earlier).toEqual([{ question: 'One?', answer: 'Yes.' }]);
    expect(cuts(script)).toEqual([]);
    expect(app.chats.turn(two.id).chosen).toBe(false);
  });

  it('takes the budget of the question over that of the settings, and draws when told to', async () => {
    const script: FakeScript = { pieces: ['Yes.'], log: [] };
    const { askNow } = await asking(script);
    await askNow('One?', null, { tokenBudget: 2048 });
    await askNow('One?', null, { sampled: true });
    expect(asks(script)[0]).toMatchObject({ rocket: { tokenBudget: 2048 }, sampler: { temperature: 0 } });
    expect(asks(script)[1]).toMatchObject({ rocket: { tokenBudget: 512 }, sampler: { temperature: 0.7 } });
  });

  it('refuses to go on from a question of another chat', async () => {
    const { app, document, askNow } = await asking({ pieces: ['Yes.'] });
    const one = await askNow('One?', null);
    const other = app.chats.create(document.id);
    expect(() => ask(app, other.id, { question: 'Two?', parentId: one.id, choice: {} })).toThrow('another chat');
    expect(app.chats.turns(other.id)).toEqual([]);
  });
});
