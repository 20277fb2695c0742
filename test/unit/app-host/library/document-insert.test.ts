/** Long texts are stored piece by piece: an unfinished document is listed nowhere, and is removed at the next start. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ChatStore } from '../../../../electron/app-host/library/chat-store.ts';
import { closeLibrary, openDatabase } from '../../../../electron/app-host/library/database.ts';
import type { NewDocument } from '../../../../electron/app-host/library/document-insert.ts';
import { DocumentSearch } from '../../../../electron/app-host/library/document-search.ts';
import { DocumentStore } from '../../../../electron/app-host/library/document-store.ts';

let dir = '';
let database: ReturnType<typeof openDatabase>;
let documents: DocumentStore;
const open = () => {
  database = openDatabase(join(dir, 'library.sqlite'));
  documents = new DocumentStore(database);
};
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rocketdoc-insert-'));
  open();
});
afterEach(() => {
  closeLibrary(database);
  rmSync(dir, { recursive: true, force: true });
});

/** Removes the document; returns in how many pieces. */
function removeAll(id: string): number {
  const removal = documents.removal(id);
  let pieces = 1;
  while (removal.removeRows()) pieces++;
  return pieces;
}

/** A document of so many pages of 40,000 letters. */
function long(pages: number): NewDocument {
  const page = 'The lighthouse stands. '.repeat(1740).slice(0, 39_999);
  const spans = Array.from({ length: pages }, (_, i) => ({
    label: `${i + 1}`,
    start: i * 40_000,
    end: (i + 1) * 40_000,
    ...(i === 3 ? { recognised: { confidence: 0.9 } } : {}),
  }));
  const text = `${page}\n`.repeat(pages);
  const parsed = { title: 'long', format: 'txt' as const, notes: [], text, pages: spans };
  return { parsed, fileName: 'long.txt', fileBytes: 9, sha256: 'file', tokens: undefined };
}

it('takes several pieces, and is the document that it would be all at once', () => {
  const insert = documents.insert(long(10));
  let pieces = 1;
  while (insert.writePages()) pieces++;
  insert.finish();
  expect(pieces).toBe(3);
  const { text, pages } = documents.text(insert.id, null);
  expect(text).toBe(long(10).parsed.text);
  expect(pages).toEqual(long(10).parsed.pages);
  expect(documents.findText('file', text)?.id).toBe(insert.id);
});

it('is not to be found before it is finished', () => {
  const insert = documents.insert(long(10));
  insert.writePages();
  expect(documents.list()).toEqual([]);
  expect(documents.findByFile('file')).toBeUndefined();
  const search = new DocumentSearch(database);
  expect([search.find('long'), search.find('lighthouse')]).toEqual([[], []]);
  while (insert.writePages());
  insert.finish();
  expect(documents.list()).toHaveLength(1);
  expect(documents.findByFile('file')?.id).toBe(insert.id);
  expect(search.find('lighthouse')).toHaveLength(1);
});

it('is removed at the next start, pages and words with it, when the last one ended in the middle', () => {
  const whole = documents.add(long(1));
  const insert = documents.insert({ ...long(10), sha256: 'other' });
  insert.writePages();
  closeLibrary(database);
  open();
  expect(documents.unfinished()).toEqual([{ id: insert.id, isRemoval: false }]);
  removeAll(insert.id);
  expect(documents.unfinished()).toEqual([]);
  expect(documents.list().map((document) => document.id)).toEqual([whole.id]);
  expect(database.prepare('SELECT count(*) AS n FROM pages').get()).toEqual({ n: 1 });
});

it('leaves in pieces, seen by nobody from the first on, and goes on after an end in the middle', () => {
  const { id } = documents.add(long(10));
  const chats = new ChatStore(database);
  const chat = chats.create(id);
  let parentId: string | null = null;
  for (let i = 0; i < 120; i++) parentId = chats.beginTurn(chat.id, { question: `${i}?`, parentId, choice: {} }).id;
  const removal = documents.removal(id);
  expect(removal.removeRows()).toBe(true);
  const { n } = database.prepare('SELECT count(*) AS n FROM pages').get() as { n: number };
  expect(n).toBeGreaterThan(0);
  expect([documents.list(), documents.has(id), documents.findByFile('file')]).toEqual([[], false, undefined]);
  expect(() => documents.get(id)).toThrow('not in the library any more');
  expect(new DocumentSearch(database).find('lighthouse')).toEqual([]);
  expect(documents.add(long(1)).id).not.toBe(id); // the same file may come again meanwhile
  closeLibrary(database);
  open();
  expect(documents.unfinished()).toEqual([{ id, isRemoval: true }]);
  expect(removeAll(id)).toBeGreaterThan(4);
  const counts = ['documents', 'pages', 'chats', 'turns'].map(
    (table) => (database.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n,
  );
  expect(counts).toEqual([1, 1, 0, 0]);
});
