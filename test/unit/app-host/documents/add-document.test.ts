/** Files that are imported, and files that are read again, with a document host that sends what the test wants. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import {
  addGranted,
  addUpload,
  type ReadOptions,
  readAnew,
} from '../../../../electron/app-host/documents/add-document.ts';
import { outlineOf } from '../../../../electron/app-host/documents/document-texts.ts';
import { joinOfLibrary } from '../../../../electron/app-host/documents/join-documents.ts';
import { openDatabase } from '../../../../electron/app-host/library/database.ts';
import type { AddEvent } from '../../../../electron/contract/app-types.ts';
import type {
  HostMessage,
  ParseChoice,
  ParsedDocument,
  ParseRequest,
} from '../../../../electron/contract/documents.ts';
import type { ImportNote } from '../../../../electron/contract/import-notes.ts';
import type { StartHost } from '../../../../electron/document-host/document-client.ts';
import { type FakeServer, startFakeServer } from '../../../fixtures/app-server.ts';

let server: FakeServer;
afterEach(() => server.close());

type ParseOutcome = Pick<ParsedDocument, 'text' | 'pages' | 'notes'> & { format?: ParsedDocument['format'] };
const oneOf = (text: string, notes: ImportNote[] = []): ParseOutcome => ({
  text,
  pages: [{ label: '1', start: 0, end: text.length }],
  notes,
});
const withoutText: ImportNote = { kind: 'pages-without-text', count: 1, page: 1, sentence: 'Page 1 has no text.' };
const article: ParseOutcome = { ...oneOf('Article.', [withoutText]), format: 'html' };
const whole: ParseOutcome = { ...oneOf('Menu. Article. Footer.'), format: 'html' };

/** `say` returns what the host sends for a choice; 'nothing': it never replies. */
async function library(say: (choice: ParseChoice) => ParseOutcome | HostMessage | 'nothing') {
  const asked: ParseRequest[] = [];
  let killed = 0;
  const startDocumentHost: StartHost = () => {
    let tell = (_: unknown) => {};
    return {
      pid: 1,
      onMessage: (listener) => {
        tell = listener;
      },
      onExit: () => {},
      kill: () => killed++,
      post: (message) => {
        const request = message as ParseRequest;
        asked.push(request);
        const said = say(request.choice);
        if (said === 'nothing') return;
        queueMicrotask(() => {
          if ('type' in said) return tell(said);
          const { text, ...rest } = said;
          tell({ type: 'text', chunk: text });
          tell({ type: 'result', title: 'Page', format: 'pdf', ...rest });
        });
      },
    };
  };
  server = await startFakeServer({ pieces: [] }, '/nowhere', { startDocumentHost });
  const { app, dataDir } = server;
  const file = join(dataDir, 'saved.html');
  writeFileSync(file, '<html>saved</html>');
  const add = (how: ReadOptions = {}) => end(addGranted(app, app.grants.give(file).id, how));
  const again = (documentId: string, how: ReadOptions = {}) => end(readAnew(app, documentId, how));
  const files = () => readdirSync(join(dataDir, 'files')).sort();
  return { app, dataDir, asked, add, again, files, killed: () => killed };
}

async function end(events: AsyncGenerator<AddEvent, void, void>) {
  let last: AddEvent | undefined;
  for await (const event of events) last = event;
  if (last?.type !== 'done') throw new Error('no end');
  return last;
}

const leftBehind = (dataDir: string) =>
  existsSync(join(dataDir, 'incoming')) ? readdirSync(join(dataDir, 'incoming')) : [];
const wholePage = { choice: { wholePage: true } };

it('keeps the notes with the document, and how it was read', async () => {
  const { app, add, asked, dataDir } = await library(() => article);
  const { document, outcome } = await add();
  expect(outcome).toBe('added');
  expect(document).toMatchObject({
    notes: [withoutText],
    reading: { recognise: 'never', languages: ['eng'], wholePage: false },
    isOfOlderReader: false,
  });
  expect(asked).toMatchObject([{ choice: document.reading }]);
  expect(app.documents.rename(document.id, 'Other').notes).toEqual([withoutText]);
  expect(app.documents.list()[0]?.notes).toEqual([withoutText]);
  expect(leftBehind(dataDir)).toEqual([]);
});

it('recognises scanned pages, in the languages that are chosen, where the settings say always', async () => {
  const { app, add, asked } = await library(() => article);
  app.settings.set({ recognise: 'always', languages: ['eng', 'deu'] });
  await add();
  expect(asked).toMatchObject([{ choice: { recognise: 'pages-without-text', languages: ['eng', 'deu'] } }]);
});

it('a file that is there already is not read again, and keeps what was noted', async () => {
  const { add, asked, dataDir } = await library(() => article);
  const { document } = await add();
  expect(await add()).toEqual({ type: 'done', document, outcome: 'known' });
  expect(asked).toHaveLength(1);
  expect(leftBehind(dataDir)).toEqual([]);
});

it('another text takes the place of one that nobody asked about: name, choice and file come along, its KV cache does not', async () => {
  const { app, add, again, files, dataDir } = await library(({ wholePage: all }) => (all ? whole : article));
  const { document: old } = await add();
  app.documents.rename(old.id, 'My page');
  app.documents.setChoice(old.id, { tokenBudget: 777 });
  app.chats.create(old.id);
  const kv = app.kept.pathOf(old.id, '0123456789abcdef');
  mkdirSync(join(dataDir, 'kv'), { recursive: true });
  writeFileSync(kv, 'rows of the old text');
  app.kept.add(old.id, '0123456789abcdef');

  const { document, outcome } = await again(old.id, wholePage);
  expect(outcome).toBe('replaced');
  expect(document.id).not.toBe(old.id);
  expect(document).toMatchObject({ name: 'My page', notes: [], reading: { wholePage: true } });
  expect(app.documents.text(document.id, null).text).toBe('Menu. Article. Footer.');
  expect(app.documents.choice(document.id)).toEqual({ tokenBudget: 777 });
  expect(app.documents.list().map(({ id }) => id)).toEqual([document.id]);
  expect(files()).toEqual([document.id]);
  expect(existsSync(kv)).toBe(false);
  // The file is found by either reading, and the first reading can be chosen again.
  expect((await add()).document.id).toBe(document.id);
  expect((await again(document.id, { choice: { wholePage: false } })).document.reading.wholePage).toBe(false);
  expect(leftBehind(dataDir)).toEqual([]);
});

it('a text that was asked about stays with its chats, and the new one stands beside it', async () => {
  const { app, add, again, files } = await library(({ wholePage: all }) => (all ? whole : article));
  const { document: old } = await add();
  const chat = app.chats.create(old.id);
  app.chats.beginTurn(chat.id, { question: 'What is it?', parentId: null, choice: {} });
  const { document, outcome } = await again(old.id, wholePage);
  expect(outcome).toBe('beside');
  expect(document.name).toBe('saved.html (whole page)');
  expect(app.documents.get(old.id)).toMatchObject({ name: 'saved.html', notes: [withoutText], chats: 1 });
  expect(app.documents.text(old.id, null).text).toBe('Article.');
  expect(files()).toEqual([document.id, old.id].sort());
  // The same reading again gives the same document, and so does adding the file again.
  expect(await again(old.id, wholePage)).toMatchObject({ outcome: 'known', document: { id: document.id } });
  expect(await add()).toMatchObject({ outcome: 'known', document: { id: document.id } });
});

it('a draft counts as asking', async () => {
  const { app, add, again } = await library(({ wholePage: all }) => (all ? whole : article));
  const { document } = await add();
  app.chats.saveDraft(app.chats.create(document.id).id, 'What about');
  expect((await again(document.id, wholePage)).outcome).toBe('beside');
});

it('the same text stays the document it is, with the notes of the newer reading', async () => {
  let notes = [withoutText];
  const { again, add } = await library(() => ({ ...article, notes }));
  const { document } = await add();
  notes = [{ kind: 'encoding', count: 1, sentence: 'The encoding was found.' }];
  expect(await again(document.id)).toMatchObject({ outcome: 'same-text', document: { id: document.id, notes } });
});

it('a file that an older reader read, or of which pages were lost, is read anew when it comes again', async () => {
  const { app, add, dataDir } = await library(() => whole);
  const { document: first } = await add();
  // A library of an older RocketDoc has the text and notes of the older reader.
  const database = openDatabase(join(dataDir, 'library.sqlite'));
  database.exec("UPDATE documents SET reader = 0, notes = '[]'; UPDATE pages SET text = 'Menu.'");
  database.close();
  expect(app.documents.get(first.id).isOfOlderReader).toBe(true);
  const { document, outcome } = await add();
  expect(outcome).toBe('replaced');
  expect(document.isOfOlderReader).toBe(false);
  expect(app.documents.text(document.id, null).text).toBe('Menu. Article. Footer.');
  expect(await add()).toMatchObject({ outcome: 'known', document: { id: document.id } });
  const damaged = openDatabase(join(dataDir, 'library.sqlite'));
  const lost = [{ kind: 'lost-pages', count: 1, sentence: 'Pages were lost.' }];
  damaged.prepare('UPDATE documents SET notes = ?').run(JSON.stringify(lost));
  damaged.exec("UPDATE pages SET text = ''");
  damaged.close();
  const { document: mended } = await add();
  expect(mended.notes).toEqual([]);
  expect(app.documents.text(mended.id, null).text).toBe('Menu. Article. Footer.');
});

it('remembers which pages were recognised, and how surely', async () => {
  const pages = [
    { label: 'i', start: 0, end: 6 },
    { label: 'ii', start: 6, end: 11, recognised: { confidence: 0.93 } },
  ];
  const { app, add, again } = await library(({ recognise }) =>
    recognise === 'never' ? oneOf('typed ', [withoutText]) : { text: 'typed scans', pages, notes: [] },
  );
  const { document: before } = await add();
  const { document } = await again(before.id, { choice: { recognise: 'pages-without-text', languages: ['deu'] } });
  expect(document.reading).toEqual({ recognise: 'pages-without-text', languages: ['deu'], wholePage: false });
  expect(app.documents.text(document.id, null).pages).toEqual(pages);
  expect(app.documents.text(document.id, { from: 1, to: 1 }).pages).toMatchObject([
    { recognised: { confidence: 0.93 } },
  ]);
  expect(outlineOf(app.texts.get(document.id)).pages.map(({ recognised }) => recognised?.confidence)).toEqual([
    undefined,
    0.93,
  ]);
  const { document: other } = await add();
  expect(other.id).toBe(document.id);
});

it('what cannot be read anew says why: joined documents, and those without a file', async () => {
  const { app, add, again, dataDir } = await library(() => article);
  const { document } = await add();
  rmSync(join(dataDir, 'files', document.id), { recursive: true });
  await expect(again(document.id)).rejects.toMatchObject({
    code: 'DOC_MISSING',
    message: expect.stringContaining('Add it again'),
  });
  // Adding the file brings its copy back.
  expect((await add()).outcome).toBe('known');
  expect((await again(document.id)).outcome).toBe('same-text');
  const parsed = { title: 'b', format: 'txt' as const, ...oneOf('b') };
  const other = app.documents.add({ parsed, fileName: 'b', fileBytes: 1, sha256: 'b', tokens: undefined });
  const { id } = await joinOfLibrary(app, [document.id, other.id]);
  await expect(again(id)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(app.documents.get(id).notes).toMatchObject([{ kind: 'pages-without-text', page: 1 }]);
});

it('who leaves stops the reader, and nothing is left behind', async () => {
  const { app, add, again, killed, dataDir } = await library(({ wholePage: all }) => (all ? 'nothing' : article));
  const { document } = await add();
  const before = killed();
  const stop = new AbortController();
  const reading = again(document.id, { ...wholePage, signal: stop.signal });
  setTimeout(() => stop.abort(), 20);
  await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(killed()).toBe(before + 1);
  expect(app.documents.list().map(({ id }) => id)).toEqual([document.id]);
  expect(leftBehind(dataDir)).toEqual([]);
});

it('an upload whose pages hold no text waits for another try, and is not sent again', async () => {
  const { app, dataDir } = await library(({ recognise }) =>
    recognise === 'never' ? { type: 'error', code: 'DOC_NO_TEXT', message: 'Nothing.' } : oneOf('recognised'),
  );
  const id = await app.uploads.receive('scan.pdf', Readable.from([Buffer.from('%PDF-1.7 scan')]));
  await expect(end(addUpload(app, id, {}))).rejects.toMatchObject({ code: 'DOC_NO_TEXT' });
  const { document } = await end(addUpload(app, id, { choice: { recognise: 'pages-without-text' } }));
  expect(app.documents.text(document.id, null).text).toBe('recognised');
  expect(leftBehind(dataDir)).toEqual([]);
});

it('the same file from two windows at once is read once and is one document', async () => {
  const { app, add, asked, files, dataDir } = await library(() => article);
  const outcomes = await Promise.all([add(), add(), add()]);
  expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['added', 'known', 'known']);
  expect(new Set(outcomes.map(({ document }) => document.id)).size).toBe(1);
  expect(asked).toHaveLength(1);
  expect(app.documents.list()).toHaveLength(1);
  expect(files()).toHaveLength(1);
  expect(leftBehind(dataDir)).toEqual([]);
});

it('a document whose file cannot be kept is not added, and may be added again', async () => {
  const { app, add, dataDir } = await library(() => article);
  rmSync(join(dataDir, 'files'), { recursive: true, force: true });
  writeFileSync(join(dataDir, 'files'), 'in the way');
  await expect(add()).rejects.toThrow();
  expect(app.documents.list()).toEqual([]);
  expect(leftBehind(dataDir)).toEqual([]);
  rmSync(join(dataDir, 'files'));
  expect((await add()).outcome).toBe('added');
});

it('files that wait for a password which never comes make room for others, the oldest first', async () => {
  const { app, dataDir } = await library(() => ({ type: 'error', code: 'DOC_ENCRYPTED', message: 'Locked.' }));
  const send = async (n: number) => {
    const id = await app.uploads.receive(`${n}.pdf`, Readable.from([Buffer.from(`%PDF-1.7 ${n}`)]));
    await expect(end(addUpload(app, id, {}))).rejects.toMatchObject({ code: 'DOC_ENCRYPTED' });
    return id;
  };
  const first = await send(0);
  for (let n = 1; n < 20; n++) await send(n);
  expect(leftBehind(dataDir)).toHaveLength(16);
  await expect(end(addUpload(app, first, {}))).rejects.toMatchObject({ code: 'IO' });
});

it('a locked file that no password opens asks for none, and does not wait for one', async () => {
  const { app, dataDir } = await library(() => ({ type: 'error', code: 'DOC_PROTECTED', message: 'Under DRM.' }));
  const id = await app.uploads.receive('book.epub', Readable.from([Buffer.from('PK\x03\x04 a book')]));
  const failure = { code: 'DOC_PROTECTED', message: 'Under DRM.' };
  await expect(end(addUpload(app, id, {}))).rejects.toMatchObject(failure);
  expect(leftBehind(dataDir)).toEqual([]);
});
