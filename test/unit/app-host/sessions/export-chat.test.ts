import { afterEach, expect, it } from 'vitest';
import { exportChat } from '../../../../electron/app-host/sessions/export-chat.ts';
import { type FakeServer, startFakeServer } from '../../../fixtures/app-server.ts';

let server: FakeServer;
afterEach(() => server.close());

async function chatWithBranches() {
  server = await startFakeServer({ pieces: [] }, '/nowhere');
  const { app } = server;
  const pages = [{ label: '1', start: 0, end: 5 }];
  const parsed = { title: 'a', format: 'txt' as const, notes: [], text: 'hello', pages };
  const document = app.documents.add({ parsed, fileName: 'a.txt', fileBytes: 5, sha256: 'x', tokens: undefined });
  const chat = app.chats.create(document.id);
  const asked = (question: string, parentId: string | null) =>
    app.chats.beginTurn(chat.id, { question, parentId, choice: {} });
  const one = asked('Which\n# colour?', null);
  app.chats.endTurn(one.id, { state: 'done', answer: 'It is **green**.' });
  const hidden = asked('Hidden?', one.id);
  app.chats.endTurn(hidden.id, { state: 'done', answer: 'Not shown.' });
  const failed = asked('Why?', one.id);
  app.chats.endTurn(failed.id, {
    state: 'failed',
    answer: 'Be',
    failure: { code: 'IO', message: 'The disk\nis full.' },
  });
  return { app, chat };
}

it('writes the shown path as Markdown, with questions that cannot leave their quotes', async () => {
  const { app, chat } = await chatWithBranches();
  expect(exportChat(app, chat.id, 'markdown')).toEqual({
    fileName: 'Which # colour_.md',
    mediaType: 'text/markdown',
    text: [
      ...['# Which # colour?', '', 'About a.txt.', '', '> Which', '> # colour?', '', 'It is **green**.', ''],
      ...['> Why?', '', 'Be', '', '*Failed: The disk is full.*', ''],
    ].join('\n'),
  });
});

it('writes every branch as JSON', async () => {
  const { app, chat } = await chatWithBranches();
  const { fileName, text } = exportChat(app, chat.id, 'json');
  expect(fileName).toBe('Which # colour_.json');
  const content = JSON.parse(text);
  expect(content).toMatchObject({ format: 'rocketdoc-chat', version: 1, document: { name: 'a.txt' } });
  expect(
    content.turns.map(({ question, chosen }: { question: string; chosen: boolean }) => [question, chosen]),
  ).toEqual([
    ['Which\n# colour?', true],
    ['Hidden?', false],
    ['Why?', true],
  ]);
  expect(content.turns[1].parentId).toBe(content.turns[0].id);
});
