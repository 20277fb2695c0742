import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerDoor, OpenAlready, ringDoor } from '../../../electron/workspace/doorbell.ts';
import { startUp } from '../../../electron/workspace/start-up.ts';
import { fakeEngine } from '../../fixtures/fake-engine.ts';

let dir = '';
let rung: string[][] = [];
let close = () => {};
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rocketdoc-door-'));
  rung = [];
});
afterEach(() => {
  close();
  close = () => {};
  rmSync(dir, { recursive: true, force: true });
});
const open = () => {
  close = answerDoor(dir, (files) => rung.push(files));
};

describe('the door', () => {
  it('is answered with the files of who rings', async () => {
    open();
    expect(await ringDoor(dir, ['/home/person/a b.pdf', '/x'])).toBe(true);
    expect(await ringDoor(dir, [])).toBe(true);
    expect(rung).toEqual([['/home/person/a b.pdf', '/x'], []]);
  });

  it('is not answered where nobody is, nor where somebody died', async () => {
    expect(await ringDoor(dir, [])).toBe(false);
    writeFileSync(join(dir, 'door.sock'), '');
    expect(await ringDoor(dir, [])).toBe(false);
    open();
    expect(await ringDoor(dir, ['x'])).toBe(true);
  });

  it.skipIf(process.platform === 'win32')('is gone when it is closed', async () => {
    open();
    await ringDoor(dir, []);
    expect(statSync(join(dir, 'door.sock')).isSocket()).toBe(true);
    close();
    close = () => {};
    await expect.poll(() => ringDoor(dir, [])).toBe(false);
  });

  it.each([
    '',
    '\n',
    'no JSON\n',
    '{"files":7}\n',
    '{"files":[""]}\n',
    '{"files":[],"more":1}\n',
    'x'.repeat(2_000_000),
  ])('opens to nothing else: %#', async (words) => {
    open();
    const socket = createConnection(join(dir, 'door.sock'), () => socket.end(words));
    let heard = '';
    socket.on('data', (data) => {
      heard += data;
    });
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('close', resolve));
    expect(heard).toBe('');
    expect(rung).toEqual([]);
  });

  it('is left out where the folder’s path is too long for a socket', async () => {
    const deep = join(dir, 'x'.repeat(120));
    mkdirSync(deep);
    const shut = answerDoor(deep, () => {});
    expect(await ringDoor(deep, [])).toBe(false);
    shut();
  });
});

it('a second start shows the first with its files and says so; after that one is closed it opens by itself', async () => {
  const startEngine = () => fakeEngine({ pieces: [] });
  const first = await startUp({ dataDir: dir, startEngine, onSecondStart: (files) => rung.push(files) });
  const second = startUp({ dataDir: dir, startEngine, files: ['a.pdf'] });
  await expect(second).rejects.toBeInstanceOf(OpenAlready);
  expect(rung).toEqual([[join(process.cwd(), 'a.pdf')]]);
  await first.close();
  const third = await startUp({ dataDir: dir, startEngine });
  expect(third.notices).toEqual([]);
  await third.close();
});
