/** A library that takes a while to open: the window and `serve` say what is waited for, and how far it is where that is known. */
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
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

function makeLibrary(pages: number): void {
  rmSync(dataDir, { recursive: true, force: true });
  mkdirSync(dataDir);
  const database = openDatabase(join(dataDir, 'library.sqlite'));
  fillWithPages(database, pages);
  closeLibrary(database);
}

/** A library of half a gigabyte takes any machine some seconds to check. */
beforeAll(() => makeLibrary(250_000));
afterAll(() => rmSync(home, { recursive: true, force: true }));

it('has a window at once, which says so and then has the library', async () => {
  const main = new MainProcess(home);
  try {
    const { client } = await main.connect();
    expect(main.waits[0]).toEqual({ sentence: expect.stringMatching(sentence), percent: null });
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

it('whose file is damaged is saved, and how far that is stands in the window and at the command line', async () => {
  const damagePage = () => {
    const path = join(dataDir, 'library.sqlite');
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(4096), 0, 4096, 4096 * Math.floor(statSync(path).size / 4096 / 2));
    closeSync(file);
  };
  makeLibrary(60_000); // saving takes longer than checking
  damagePage();
  const main = new MainProcess(home);
  try {
    const { client } = await main.connect();
    const percents = main.waits.flatMap(({ percent }) => percent ?? []);
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(percents.filter((percent) => percent > 5 && percent < 95).length).toBeGreaterThan(20);
    expect(percents.at(-1)).toBe(100);
    expect((await client.library.list()).map(({ notes }) => notes.map(({ kind }) => kind))).toEqual([['lost-pages']]);
    expect(await main.quit()).toBe(0);
  } finally {
    main.kill();
  }
  damagePage();
  const server = new RealServer(dataDir);
  await server.start();
  expect(server.said).toMatch(/is damaged, and what can be read of it is saved\. That takes a while\.\n/);
  const tenths = [...server.said.matchAll(/^(\d+) %$/gm)].map(([, percent]) => Math.floor(Number(percent) / 10));
  expect(tenths).toEqual([...new Set(tenths)].sort((a, b) => a - b));
  expect(tenths.length).toBeGreaterThan(5);
  expect(tenths.at(-1)).toBe(10);
  await server.stop();
});
