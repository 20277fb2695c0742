import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ChatStore } from '../../../../electron/app-host/library/chat-store.ts';
import { type Database, openDatabase } from '../../../../electron/app-host/library/database.ts';
import { DocumentSearch } from '../../../../electron/app-host/library/document-search.ts';
import { DocumentStore } from '../../../../electron/app-host/library/document-store.ts';
import { migrations } from '../../../../electron/app-host/library/migrations.ts';
import { SettingsStore } from '../../../../electron/app-host/library/settings-store.ts';
import { SpeedStore } from '../../../../electron/app-host/library/speed-store.ts';
import { defaultSampler } from '../../../../electron/contract/method.ts';
import { presets } from '../../../../electron/contract/method-values.ts';
import { defaultSettings } from '../../../../electron/contract/settings.ts';
import { shownPath } from '../../../../electron/contract/turn-tree.ts';

let database: Database;
beforeEach(() => {
  database = openDatabase(':memory:');
});

const parsed = {
  title: 'Title',
  format: 'md' as const,
  notes: [{ kind: 'other' as const, count: 1, sentence: 'odd' }],
  text: 'First page.Second page.',
  pages: [
    { label: 'One', start: 0, end: 11 },
    { label: 'Two', start: 11, end: 23 },
  ],
};
const tokens = { total: 6, pages: [3, 3], countedWith: 'model' };
const file = { fileName: 'a.md', fileBytes: 23, sha256: 'hash' };
const asked = (question: string, parentId: string | null = null) => ({ question, parentId, choice: {} });
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
    chats.beginTurn(chat.id, asked('What?'));
    expect(store.findByFile('hash')?.id).toBe(id);
    expect(store.rename(id, 'New name')).toMatchObject({
      name: 'New name',
      chats: 1,
      pages: 2,
      notes: [{ sentence: 'odd' }],
    });
    store.remove(id);
    expect(store.list()).toEqual([]);
    for (const table of ['pages', 'chats', 'turns'])
      expect(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()).toEqual({ n: 0 });
    expect(() => store.get(id)).toThrow('not in the library');
  });
});

describe('search', () => {
  const hard = 'The İstanbul café "opens" at NEAR(5) AND closes.';
  function library() {
    const documents = new DocumentStore(database);
    const text = `${'The first page is about ships.'.padEnd(30)}${hard}`;
    const pages = [
      { label: 'One', start: 0, end: 30 },
      { label: 'Two', start: 30, end: text.length },
    ];
    const pdf = { parsed: { ...parsed, text, pages }, ...file, fileName: 'Lease.pdf', tokens: undefined };
    const first = documents.add(pdf);
    documents.add({ ...pdf, sha256: 'j', fileName: 'Both', joined: 2 });
    return { first, documents, find: (query: string) => new DocumentSearch(database).find(query) };
  }

  it('finds names and text, with the words around the hit', () => {
    const { find, first } = library();
    expect(find('lease')).toEqual([{ documentId: first.id, inName: true, pages: [], morePages: 0 }]);
    const [hit, ...others] = find('cafe op');
    expect(others).toEqual([]);
    expect(hit).toMatchObject({ documentId: first.id, inName: false, pages: [{ number: 1, label: 'Two' }] });
    const words = hit?.pages[0]?.snippet.filter(({ isHit }) => isHit).map(({ text }) => text);
    expect(words).toEqual(['café', 'opens']);
    expect(hit?.pages[0]?.snippet.map(({ text }) => text).join('')).toContain('opens" at NEAR(5)');
    expect([find('ships cafe'), find('nowhere'), find('"'), find('***')]).toEqual([[], [], [], []]);
  });

  it('takes nothing that is typed for its own syntax', () => {
    const { find } = library();
    const odd = ['"opens"', 'NEAR(5)', 'text:opens', 'opens AND', '(opens', 'opens*', '-opens', "o'pens", '^opens'];
    for (const query of odd) expect(() => find(query), query).not.toThrow();
    expect(find('"opens"')).toHaveLength(1);
    expect(find('opens OR ships')).toEqual([]);
  });

  it('forgets a removed document, and counts pages that it does not show', () => {
    const { find, first, documents } = library();
    documents.remove(first.id);
    expect(find('ships')).toEqual([]);
    const text = 'ship '.repeat(5);
    const pages = Array.from({ length: 5 }, (_, i) => ({ label: String(i), start: i * 5, end: i * 5 + 5 }));
    documents.add({ parsed: { ...parsed, text, pages }, ...file, sha256: 'many', tokens: undefined });
    expect(find('ship')).toMatchObject([{ pages: { length: 3 }, morePages: 2 }]);
    // FTS5 compares the index with the pages and throws where they differ.
    database.exec("INSERT INTO page_words (page_words, rank) VALUES ('integrity-check', 1)");
  });

  it('reads a library of the time before it', () => {
    const old = openDatabase(':memory:', migrations.slice(0, 1));
    old.exec(`INSERT INTO documents VALUES ('d', 'n', 'n', 'md', 1, 'h', 1, NULL, NULL, '[]', 0)`);
    old.exec(`INSERT INTO pages VALUES ('d', 0, 'One', 'An old lighthouse.', 4), ('d', 1, 'Two', 'More.', 2)`);
    for (const step of migrations.slice(1)) old.exec(step);
    expect(new DocumentSearch(old).find('light')).toMatchObject([{ documentId: 'd', pages: [{ label: 'One' }] }]);
    expect(new DocumentStore(old).text('d', null).text).toBe('An old lighthouse.More.');
    expect(new DocumentStore(old).get('d')).toMatchObject({ joined: 0, pages: 2 });
  });
});

describe('chats', () => {
  it('names a chat by its first question and follows turns', () => {
    const store = new ChatStore(database);
    const chat = store.create(added().id);
    store.saveDraft(chat.id, 'half a quest');
    expect(store.draft(chat.id)).toBe('half a quest');
    const turn = store.beginTurn(chat.id, asked(`Why ${'so '.repeat(40)}long?`));
    expect(store.get(chat.id).title).toMatch(/^Why so so .*…$/);
    store.saveAnswer(turn.id, 'Beca');
    expect(store.turn(turn.id)).toMatchObject({ state: 'answering', answer: 'Beca' });
    store.endTurn(turn.id, { state: 'stopped', answer: 'Because' });
    store.rename(chat.id, 'Mine');
    store.beginTurn(chat.id, asked('And?', turn.id));
    expect(store.get(chat.id)).toMatchObject({ title: 'Mine', turns: 2 });
    expect(store.turns(chat.id).map(({ question }) => question.slice(0, 3))).toEqual(['Why', 'And']);
  });

  it('marks what was being answered when the program ended', () => {
    const store = new ChatStore(database);
    const chat = store.create(added().id);
    const turn = store.beginTurn(chat.id, asked('What?'));
    store.saveAnswer(turn.id, 'Half an ans');
    expect(store.closeInterrupted()).toBe(1);
    expect(store.turn(turn.id)).toMatchObject({ state: 'failed', answer: 'Half an ans', failure: { code: 'CLOSED' } });
    expect(store.closeInterrupted()).toBe(0);
  });
});

describe('branches', () => {
  function branched() {
    const store = new ChatStore(database);
    const chat = store.create(added().id);
    const answered = (question: string, parentId: string | null = null) => {
      const turn = store.beginTurn(chat.id, asked(question, parentId));
      return store.endTurn(turn.id, { state: 'done', answer: `${question} Yes.`, map: [] });
    };
    const one = answered('One?');
    const two = answered('Two?', one.id);
    const three = answered('Three?', two.id);
    const other = answered('Other?', one.id);
    const shown = () => shownPath(store.turns(chat.id)).map(({ question }) => question);
    return { store, chat, one, two, three, other, shown };
  }

  it('show the newest, and after a choice that one with what was below it', () => {
    const { store, chat, one, two, three, shown, other } = branched();
    expect(shown()).toEqual(['One?', 'Other?']);
    store.choose(two.id);
    expect(shown()).toEqual(['One?', 'Two?', 'Three?']);
    store.choose(other.id);
    store.choose(three.id);
    expect(shown()).toEqual(['One?', 'Two?', 'Three?']);
    expect(store.path(chat.id, other.id).map(({ id }) => id)).toEqual([one.id, other.id]);
    expect(store.turns(chat.id).filter(({ chosen }) => !chosen)).toMatchObject([{ id: other.id }]);
    expect(() => store.path(store.create(chat.documentId).id, one.id)).toThrow('another chat');
    expect(() => store.choose('gone')).toThrow('removed');
  });

  it('fork into a chat of their own that the first one does not notice', () => {
    const { store, chat, two, shown } = branched();
    const fork = store.fork(two.id);
    expect(fork).toMatchObject({ title: 'One? (fork)', turns: 2, documentId: chat.documentId });
    const [first, second] = store.turns(fork.id);
    expect([first, second]).toMatchObject([
      { question: 'One?', answer: 'One? Yes.', parentId: null, chosen: true, state: 'done' },
      { question: 'Two?', parentId: first?.id, chosen: true },
    ]);
    store.remove(fork.id);
    expect(shown()).toEqual(['One?', 'Other?']);
    const open = store.beginTurn(chat.id, asked('Open?'));
    expect(() => store.fork(open.id)).toThrow('still being made');
  });

  it('are begun and forked whole or not at all', () => {
    const { store, chat, two, shown } = branched();
    const before = { shown: shown(), turns: store.turns(chat.id).length, chats: store.list(chat.documentId).length };
    const fails = (when: string) =>
      database.exec(`CREATE TRIGGER fails ${when} BEGIN SELECT raise(ABORT, 'a full disk'); END`);
    fails('BEFORE UPDATE OF chosen ON turns');
    expect(() => store.beginTurn(chat.id, asked('New?', two.id))).toThrow('a full disk');
    database.exec('DROP TRIGGER fails');
    fails("BEFORE INSERT ON turns WHEN new.question = 'Two?'");
    expect(() => store.fork(two.id)).toThrow('a full disk');
    database.exec('DROP TRIGGER fails');
    const after = { shown: shown(), turns: store.turns(chat.id).length, chats: store.list(chat.documentId).length };
    expect(after).toEqual(before);
  });

  it('come out of a library of the time before branches as the one path there was', () => {
    const old = openDatabase(':memory:', migrations.slice(0, 1));
    old.exec(`INSERT INTO documents VALUES ('d', 'n', 'n', 'md', 1, 'h', 1, NULL, NULL, '[]', 0)`);
    old.exec(`INSERT INTO chats VALUES ('c', 'd', 'Chat 1', '', 0)`);
    const columns = 'id, chat_id, parent_id, number, question, state, session, created_at';
    old.exec(`INSERT INTO turns (${columns}) VALUES ('t1', 'c', NULL, 1, 'One?', 'done', 's', 0)`);
    old.exec(`INSERT INTO turns (${columns}) VALUES ('t2', 'c', 't1', 2, 'Two?', 'done', 's2', 0)`);
    for (const step of migrations.slice(1)) old.exec(step);
    expect(shownPath(new ChatStore(old).turns('c'))).toMatchObject([{ id: 't1' }, { id: 't2', choice: {} }]);
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

  it('goes back to what was there before anybody chose, for the named ones alone', () => {
    const store = new SettingsStore(database, { threads: 1 });
    store.set({ threads: 4, theme: 'dark', sampler: { ...defaultSampler, temperature: 1 } });
    expect(store.reset(['threads', 'sampler'])).toEqual({ ...defaultSettings, threads: 1, theme: 'dark' });
  });

  it('has no preset that nobody chose, and keeps one that was', () => {
    const store = new SettingsStore(database);
    expect(store.get()).not.toHaveProperty('selector');
    store.set(presets.paper);
    expect(new SettingsStore(database).get()).toMatchObject(presets.paper);
    store.reset(['pooling', 'selector']);
    expect(store.get()).toEqual(defaultSettings);
  });

  it('takes a preset that was chosen before its parts could be', () => {
    const old = openDatabase(':memory:', migrations.slice(0, 3));
    old.exec(`INSERT INTO settings VALUES ('preset', '"coded"'), ('readSpeed Fake', '12')`);
    for (const step of migrations.slice(3)) old.exec(step);
    expect(new SettingsStore(old).get()).toMatchObject(presets.coded);
    expect(old.prepare('SELECT key FROM settings ORDER BY key').all()).toEqual([
      { key: 'pooling' },
      { key: 'selector' },
    ]);
  });
});

describe('what is chosen for one document', () => {
  it('is its own, outlives a restart, and leaves out what no longer fits', () => {
    const store = new DocumentStore(database);
    const { id } = store.add({ parsed, ...file, tokens });
    expect(store.choice(id)).toEqual({});
    store.setChoice(id, { tokenBudget: 1024, kvType: 'q8_0' });
    expect(new DocumentStore(database).choice(id)).toEqual({ tokenBudget: 1024, kvType: 'q8_0' });
    database.prepare('UPDATE documents SET choice = ?').run('{"tokenBudget":3,"kvType":"q8_0","theme":"dark"}');
    expect(store.choice(id)).toEqual({ kvType: 'q8_0' });
    store.remove(id);
    expect(() => store.choice(id)).toThrow(expect.objectContaining({ code: 'DOC_MISSING' }));
  });

  it('keeps the last tuning, and removes it with the document', () => {
    const store = new DocumentStore(database);
    const { id } = store.add({ parsed, ...file, tokens });
    const tuning = { question: 'Why?', modelName: 'Fake', mode: 'rocketkv-mt' as const, tokens: 9, at: 1, rows: [] };
    expect(store.tuning(id)).toBeNull();
    store.setTuning(id, { ...tuning, recommended: 128 });
    store.setTuning(id, { ...tuning, recommended: null });
    expect(store.tuning(id)).toEqual({ ...tuning, recommended: null });
    store.remove(id);
    expect(database.prepare('SELECT count(*) AS n FROM tunings').get()).toEqual({ n: 0 });
  });
});

describe('speeds', () => {
  it('are kept for each setup and kind apart, the newest first, a hundred at most', () => {
    const store = new SpeedStore(database);
    for (let i = 1; i <= 120; i++) store.add('a', 'reading', { tokens: i, ms: 1 });
    store.add('b', 'reading', { tokens: 7, ms: 1 });
    const kept = store.list('a', 'reading');
    expect([kept.length, kept[0]?.tokens, kept.at(-1)?.tokens]).toEqual([100, 120, 21]);
    expect(store.list('b', 'reading')).toEqual([{ tokens: 7, ms: 1 }]);
    expect(store.list('a', 'answer')).toEqual([]);
    database.prepare('UPDATE speeds SET measured = ? WHERE setup = ?').run('{"tokens":"many"}', 'b');
    expect(store.list('b', 'reading')).toEqual([]);
  });
});
