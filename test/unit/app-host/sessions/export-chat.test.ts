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
  expect(await exportChat(app, chat.id, 'markdown')).toEqual({
    fileName: 'Which # colour_.md',
    mediaType: 'text/markdown',
    text: [
      ...[
        '# Which # colour?',
        '',
        'About a.txt.',
        '',
        '> Which',
        '> # colour?',
        '',
        'It is **green**.',
        '',
        '*Not found in the document*',
        '',
      ],
      ...['> Why?', '', 'Be', '', '*Failed: The disk is full.*', ''],
    ].join('\n'),
  });
});

it('writes every branch as JSON', async () => {
  const { app, chat } = await chatWithBranches();
  const { fileName, text } = await exportChat(app, chat.id, 'json');
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

it('has the evidence of each answer, by page and sentence, and what stands nowhere', async () => {
  server = await startFakeServer({ pieces: [] }, '/nowhere');
  const { app } = server;
  const page = 'The Trust was founded by <b>Ada</b> Whitlock in *1887*. It rains.\n\n';
  const text = `${page}A [second](http://x.example) keeper was paid nine pounds.\n`;
  const pages = [
    { label: '1', start: 0, end: page.length },
    { label: '2', start: page.length, end: text.length },
  ];
  const parsed = { title: 'a', format: 'txt' as const, notes: [], text, pages };
  const document = app.documents.add({ parsed, fileName: 'a.txt', fileBytes: 5, sha256: 'x', tokens: undefined });
  const chat = app.chats.create(document.id);
  const turn = app.chats.beginTurn(chat.id, { question: 'Who founded it?', parentId: null, choice: {} });
  const answer = 'Ada Whitlock of Bremen founded the Trust. Nine pounds were paid to the second keeper. It has a zoo.';
  app.chats.endTurn(turn.id, { state: 'done', answer });
  const { text: file } = await exportChat(app, chat.id, 'markdown');
  expect(file).toContain('- \\[p. 1\\] "The Trust was founded by \\<b\\>Ada\\</b\\> Whitlock in \\*1887\\*."\n');
  expect(file).toContain('- \\[p. 2\\] "A \\[second\\]\\(http://x.example\\) keeper was paid nine pounds."\n');
  expect(file).toContain('*Not found in the document: "It has a zoo.", Bremen*');
});
