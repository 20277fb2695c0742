import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ChatStore } from '../../../electron/library/chat-store.ts';
import { type Database, openDatabase } from '../../../electron/library/database.ts';
import { DocumentStore } from '../../../electron/library/document-store.ts';
import { migrations } from '../../../electron/library/migrations.ts';
import { SettingsStore } from '../../../electron/library/settings-store.ts';

let database: Database;
beforeEach(() => {
  database = openDatabase(':memory:');
});

const parsed = {
  title: 'Title',
  format: 'md' as const,
  warnings: ['odd'],
  text: 'First page.Second page.',
  pages: [
    { label: 'One', start: 0, end: 11 },
    { label: 'Two', start: 11, end: 23 },
  ],
};
const tokens = { total: 6, pages: [3, 3], countedWith: 'model' };
const file = { fileName: 'a.md', fileBytes: 23, sha256: 'hash' };
const added = () => new DocumentStore(database).add({ parsed, ...file, tokens });

describe('database', () => {
  it('keeps what it holds, and migrates only once', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'rocketdoc-db-')), 'library.sqlite');
    const first = openDatabase(path);
    new DocumentStore(first).add({ parsed, ...file, tokens });
    first.close();
    const second = openDatabase(path);
    expect(new DocumentStore(second).list()).toHaveLength(1);
    expect(second.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    second.close();
    const third = openDatabase(path, [...migrations, 'ALTER TABLE documents ADD COLUMN note TEXT']);
    expect(third.prepare('SELECT note FROM documents').all()).toEqual([{ note: null }]);
    third.close();
    expect(() => openDatabase(path)).toThrow('newer RocketDoc');
  });

  it('undoes a migration that fails', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'rocketdoc-db-')), 'library.sqlite');
    openDatabase(path).close();
    expect(() => openDatabase(path, [...migrations, 'CREATE TABLE half (a); SELECT nonsense'])).toThrow();
    const again = openDatabase(path);
    expect(again.prepare("SELECT name FROM sqlite_master WHERE name = 'half'").all()).toEqual([]);
    again.close();
  });
});

describe('documents', () => {
  it('gives back the text and where pages lie, whole or in part', () => {
    const { id } = added();
    const store = new DocumentStore(database);
    expect(store.text(id, null)).toEqual({ text: parsed.text, pages: parsed.pages });
    expect(store.text(id, { from: 1, to: 1 })).toEqual({
      text: 'Second page.',
      pages: [{ label: 'Two', start: 0, end: 12 }],
    });
    expect(() => store.text(id, { from: 7, to: 9 })).toThrow('not in the document');
    expect(store.pages(id)[1]).toEqual({ label: 'Two', tokens: 3, opening: 'Second page.' });
  });

  it('finds a file that is there already, renames, and removes with everything below', () => {
    const { id } = added();
    const store = new DocumentStore(database);
    const chats = new ChatStore(database);
    const chat = chats.create(id);
    chats.beginTurn(chat.id, 'What?', 's');
    expect(store.findByHash('hash')?.id).toBe(id);
    expect(store.rename(id, 'New name')).toMatchObject({ name: 'New name', chats: 1, pages: 2, warnings: ['odd'] });
    store.remove(id);
    expect(store.list()).toEqual([]);
    for (const table of ['pages', 'chats', 'turns'])
      expect(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()).toEqual({ n: 0 });
    expect(() => store.get(id)).toThrow('not in the library');
  });
});

describe('chats', () => {
  it('names a chat by its first question, follows turns, forgets the draft once asked', () => {
    const store = new ChatStore(database);
    const chat = store.create(added().id);
    store.saveDraft(chat.id, 'half a quest');
    expect(store.draft(chat.id)).toBe('half a quest');
    const turn = store.beginTurn(chat.id, `Why ${'so '.repeat(40)}long?`, 's1');
    expect(store.draft(chat.id)).toBe('');
    expect(store.get(chat.id).title).toMatch(/^Why so so .*…$/);
    store.saveAnswer(turn.id, 'Beca');
    expect(store.turn(turn.id)).toMatchObject({ state: 'answering', answer: 'Beca' });
    store.endTurn(turn.id, { state: 'stopped', answer: 'Because' });
    store.rename(chat.id, 'Mine');
    store.beginTurn(chat.id, 'And?', 's1');
    expect(store.get(chat.id)).toMatchObject({ title: 'Mine', turns: 2 });
    expect(store.turns(chat.id).map(({ question }) => question.slice(0, 3))).toEqual(['Why', 'And']);
  });

  it('marks what was being answered when the program ended', () => {
    const store = new ChatStore(database);
    const chat = store.create(added().id);
    const turn = store.beginTurn(chat.id, 'What?', 's');
    store.saveAnswer(turn.id, 'Half an ans');
    expect(store.closeInterrupted()).toBe(1);
    expect(store.turn(turn.id)).toMatchObject({ state: 'failed', answer: 'Half an ans', failure: { code: 'CLOSED' } });
    expect(store.closeInterrupted()).toBe(0);
  });
});

describe('settings', () => {
  it('keeps changes, fills in defaults, and ignores a value that no longer fits', () => {
    const store = new SettingsStore(database, { threads: 1 });
    expect(store.get()).toMatchObject({ tokenBudget: 512, threads: 1 });
    expect(store.set({ tokenBudget: 256, theme: 'dark' })).toMatchObject({ tokenBudget: 256, theme: 'dark' });
    database.prepare("UPDATE settings SET value = '\"purple\"' WHERE key = 'theme'").run();
    expect(new SettingsStore(database).get()).toMatchObject({ tokenBudget: 256, theme: 'system', threads: 0 });
  });

  it('remembers the reading speed of each model apart from the settings', () => {
    const store = new SettingsStore(database);
    expect(store.readSpeed('a')).toBeUndefined();
    store.saveReadSpeed('a', 123.4);
    expect([store.readSpeed('a'), store.readSpeed('b')]).toEqual([123.4, undefined]);
    expect(Object.keys(store.get())).toHaveLength(7);
  });
});
