import { afterEach, expect, it } from 'vitest';
import type { AskStreamEvent } from '../../../electron/contract/app.ts';
import { ask } from '../../../electron/workspace/answering.ts';
import { readDocument } from '../../../electron/workspace/reading.ts';
import { type FakeServer, startFakeServer } from '../../fixtures/app-server.ts';
import type { FakeScript } from '../../fixtures/fake-engine.ts';

let server: FakeServer;
afterEach(() => server.close());

async function opened(script: FakeScript) {
  server = await startFakeServer(script, '/nowhere');
  const { app } = server;
  const parsed = {
    title: 'a',
    format: 'txt' as const,
    warnings: [],
    text: 'hello world',
    pages: [{ label: '1', start: 0, end: 11 }],
  };
  const document = app.documents.add({ parsed, fileName: 'a.txt', fileBytes: 11, sha256: 'x', tokens: undefined });
  const chat = app.chats.create(document.id);
  for await (const _ of readDocument(app, document.id, null).watch());
  return { app, document, chat };
}

async function all(events: AsyncIterable<AskStreamEvent>): Promise<AskStreamEvent[]> {
  const seen: AskStreamEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

it('streams an answer and stores it with its numbers and its map', async () => {
  const { app, chat } = await opened({ pieces: ['\n\nOne', ' two.'] });
  const events = await all((await ask(app, chat.id, 'What?')).watch());
  expect(events.map(({ type }) => type)).toEqual(['turn', 'kept', 'delta', 'delta', 'ended']);
  const [turn] = app.chats.turns(chat.id);
  expect(turn).toMatchObject({ state: 'done', answer: 'One two.', report: { counters: { rowsRead: 64 } } });
  expect(app.chats.documentMap(turn?.id ?? '')).toMatchObject([{ label: '1', opening: 'hello world' }]);
});

it('keeps what was said when the engine dies, marks it, and answers again after the restart', async () => {
  const script: FakeScript = { pieces: ['One', ' two'], dieAfter: 1 };
  const { app, chat, document } = await opened(script);
  await all((await ask(app, chat.id, 'What?')).watch());
  expect(app.chats.turns(chat.id)).toMatchObject([
    { state: 'failed', answer: 'One', failure: { code: 'ENGINE_CRASH' } },
  ]);
  script.dieAfter = undefined;
  // The new engine has read nothing.
  await app.supervisor.use(async () => {});
  await expect(ask(app, chat.id, 'Again?')).rejects.toMatchObject({ code: 'DOC_MISSING' });
  for await (const _ of readDocument(app, document.id, null).watch());
  await all((await ask(app, chat.id, 'Again?')).watch());
  const [before, after] = app.chats.turns(chat.id);
  expect(after).toMatchObject({ state: 'done', answer: 'One two' });
  expect(after?.session).not.toBe(before?.session);
});

it('stops on cancel, keeps what was said, and lets a late watcher see the whole stream', async () => {
  const { app, chat } = await opened({ pieces: Array.from({ length: 200 }, (_, i) => `${i} `), pauseMs: 5 });
  const job = await ask(app, chat.id, 'Count.');
  await expect(ask(app, chat.id, 'Again?')).rejects.toMatchObject({ code: 'BUSY' });
  setTimeout(() => app.board.cancel(job.status.id), 80);
  const events = await all(job.watch());
  const [turn] = app.chats.turns(chat.id);
  expect(turn).toMatchObject({ state: 'stopped' });
  expect(turn?.answer).toMatch(/^0 1 2 /);
  expect(turn?.answer.length).toBeLessThan(700);
  expect(await all(job.watch())).toEqual(events);
  expect(app.board.list).toEqual([]);
});
