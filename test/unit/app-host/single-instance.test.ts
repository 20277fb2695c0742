import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openProgramAccess, servePrograms } from '../../../electron/api/programs.ts';
import {
  answerSecondStart,
  askForAccess,
  askToSignOut,
  notifyFirst,
  OpenAlready,
} from '../../../electron/app-host/single-instance.ts';
import { startUp } from '../../../electron/app-host/start-up.ts';
import { fakeEngine } from '../../fixtures/fake-engine.ts';

let dir = '';
let received: string[][] = [];
let close = () => {};
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rocketdoc-instance-'));
  received = [];
});
afterEach(() => {
  close();
  close = () => {};
  rmSync(dir, { recursive: true, force: true });
});
const open = () => {
  close = answerSecondStart(dir, { onSecondStart: (files) => received.push(files) });
};

describe('the socket for a second start', () => {
  it('hands over the files of the second', async () => {
    open();
    expect(await notifyFirst(dir, ['/home/person/a b.pdf', '/x'])).toBe(true);
    expect(await notifyFirst(dir, [])).toBe(true);
    expect(received).toEqual([['/home/person/a b.pdf', '/x'], []]);
  });

  it('is not answered where nobody is, nor where somebody died', async () => {
    expect(await notifyFirst(dir, [])).toBe(false);
    writeFileSync(join(dir, 'instance.sock'), '');
    expect(await notifyFirst(dir, [])).toBe(false);
    open();
    expect(await notifyFirst(dir, ['x'])).toBe(true);
  });

  it.skipIf(process.platform === 'win32')('is gone when it is closed', async () => {
    open();
    await notifyFirst(dir, []);
    expect(statSync(join(dir, 'instance.sock')).isSocket()).toBe(true);
    close();
    close = () => {};
    await expect.poll(() => notifyFirst(dir, [])).toBe(false);
  });

  it.each([
    '',
    '\n',
    'no JSON\n',
    '{"files":7}\n',
    '{"files":[""]}\n',
    '{"files":[],"more":1}\n',
    '{"files":[],"program":true}\n',
    '{"program":false}\n',
    'x'.repeat(2_000_000),
  ])('opens to nothing else: %#', async (words) => {
    open();
    const socket = createConnection(join(dir, 'instance.sock'), () => socket.end(words));
    let reply = '';
    socket.on('data', (data) => {
      reply += data;
    });
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('close', resolve));
    expect(reply).toBe('');
    expect(received).toEqual([]);
  });

  it('tells a program where to ask, and shows nothing', async () => {
    const access = { address: 'http://127.0.0.1:9/v1', key: 'rd-x' };
    close = answerSecondStart(dir, { onSecondStart: (files) => received.push(files), onProgram: async () => access });
    expect(await askForAccess(dir)).toEqual(access);
    expect(received).toEqual([]);
    close();
    close = answerSecondStart(dir, {
      onSecondStart: () => {},
      onProgram: () => Promise.reject(new Error('no port')),
    });
    expect(await askForAccess(dir)).toBeUndefined();
  });

  it('says that something was shown only where there is something to show', async () => {
    close = answerSecondStart(dir, { onProgram: async () => ({ address: '', key: '' }) });
    expect(await notifyFirst(dir, [])).toBe(false);
  });

  it('signs browsers out where there are any', async () => {
    let out = 0;
    close = answerSecondStart(dir, { onSecondStart: () => {} });
    expect(await askToSignOut(dir)).toBe(false);
    close();
    close = answerSecondStart(dir, { onSignOut: () => out++ });
    expect([await askToSignOut(dir), out]).toEqual([true, 1]);
  });

  it('is left out where the folder’s path is too long for a socket', async () => {
    const deep = join(dir, 'x'.repeat(120));
    mkdirSync(deep);
    const shut = answerSecondStart(deep, { onSecondStart: () => {} });
    expect(await notifyFirst(deep, [])).toBe(false);
    shut();
  });
});

it('a second start shows the first with its files and says so; after that one is closed it opens by itself', async () => {
  const startEngine = () => fakeEngine({ pieces: [] });
  const first = await startUp({ dataDir: dir, startEngine, onSecondStart: (files) => received.push(files) });
  const second = startUp({ dataDir: dir, startEngine, files: ['a.pdf'] });
  await expect(second).rejects.toBeInstanceOf(OpenAlready);
  expect(received).toEqual([[join(process.cwd(), 'a.pdf')]]);
  await first.close();
  const third = await startUp({ dataDir: dir, startEngine });
  expect(third.notices).toEqual([]);
  await third.close();
});

it('a program speaks to the RocketDoc that is open, with the switch off, and that one is not shown', async () => {
  const startEngine = () => fakeEngine({ pieces: [] });
  const first = await startUp({
    dataDir: dir,
    startEngine,
    onSecondStart: (files) => received.push(files),
    onProgram: openProgramAccess,
  });
  const programs = await servePrograms(first);
  expect(first.programs.address).toBeNull();
  const access = await askForAccess(dir);
  expect(await askForAccess(dir)).toEqual(access);
  const models = (key: string) =>
    fetch(`${access?.address}/models`, { headers: { Authorization: `Bearer ${key}` } }).then(({ status }) => status);
  expect(await models(access?.key ?? '')).toBe(200);
  expect(await models('rd-other')).toBe(401);
  await expect(startUp({ dataDir: dir, startEngine, showsFirst: false })).rejects.toMatchObject({ code: 'BUSY' });
  expect(received).toEqual([]);
  programs.close();
  await first.close();
  await expect(models(access?.key ?? '')).rejects.toThrow();
  expect(await askForAccess(dir)).toBeUndefined();
});
