/** A library that takes a while to open: the window and `serve` say what is waited for. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { closeLibrary, openDatabase } from '../../electron/app-host/library/database.ts';
import { MainProcess } from '../fixtures/electron/main-process.ts';
import { fillWithPages } from '../fixtures/libraries/make-libraries.ts';
import { RealServer } from './real-server.ts';

const home = mkdtempSync(join(tmpdir(), 'rocketdoc-large-'));
const dataDir = join(home, '.rocketdoc');
const sentence = /^The library, \d+ MB, is checked for damage before it is opened\. That takes a while\.$/m;

/** A library of half a gigabyte takes any machine some seconds to check. */
beforeAll(() => {
  mkdirSync(dataDir);
  const database = openDatabase(join(dataDir, 'library.sqlite'));
  fillWithPages(database, 250_000);
  closeLibrary(database);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

it('has a window at once, which says so and then has the library', async () => {
  const main = new MainProcess(home);
  try {
    const { client } = await main.connect();
    expect(main.waits[0]).toMatch(sentence);
    expect((await client.library.list()).map(({ pages }) => pages)).toEqual([250_000]);
    expect(await main.quit()).toBe(0);
  } finally {
    main.kill();
  }
});

it('is told of at the command line', async () => {
  const server = new RealServer(dataDir);
  await server.start();
  expect(server.said).toMatch(sentence);
  await server.stop();
});
