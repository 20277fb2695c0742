/** Keys of other programs: nothing in the library's folder tells one, and a revoked one is refused. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../../../electron/app-host/library/database.ts';
import { KeyStore, mostKeys } from '../../../../electron/app-host/library/key-store.ts';

let folder: string;
let database: Database;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rocketdoc-keys-'));
  database = openDatabase(join(folder, 'library.sqlite'));
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

it('stores no key, only what it begins with', () => {
  const { key, id } = new KeyStore(database).create('my editor');
  const [listed] = new KeyStore(database).list();
  expect(listed).toMatchObject({ id, name: 'my editor', begins: key.slice(0, 8) });
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'));
  expect(files.some((text) => text.includes('my editor'))).toBe(true);
  // Neither the key nor most of it.
  for (const text of files) expect(text).not.toContain(key.slice(0, 12));
});

it('accepts a key until it is revoked, and no other', () => {
  const keys = new KeyStore(database);
  const [one, other] = [keys.create('one'), keys.create('other')];
  expect(keys.accepts(one.key)).toBe(one.id);
  expect(keys.accepts(`${one.key}x`)).toBeUndefined();
  expect(keys.accepts(one.key.slice(0, 8))).toBeUndefined();
  keys.revoke(one.id);
  expect(keys.accepts(one.key)).toBeUndefined();
  expect(keys.accepts(other.key)).toBe(other.id);
});

it(`makes ${mostKeys} keys at most`, () => {
  const keys = new KeyStore(database);
  for (let i = 0; i < mostKeys; i++) keys.create(`program ${i}`);
  expect(() => keys.create('one more')).toThrow(`There are ${mostKeys} keys already.`);
});
