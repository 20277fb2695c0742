/** The event loop of the server, started as a person starts it, never stands still for 100 ms, whatever is added and shown. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import type { ContractRouterClient } from '@orpc/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { appContract } from '../../electron/contract/app.ts';
import { longPdf, longText } from '../fixtures/documents/long-inputs.ts';
import { longestLag } from '../fixtures/event-loop-lag.ts';
import { fillWithChats } from '../fixtures/libraries/long-chats.ts';
import { monitorArgs, RealServer } from './real-server.ts';

const boundMs = 100;
const dir = mkdtempSync(join(tmpdir(), 'rocketdoc-lag-'));
const dataDir = join(dir, 'data');
const lagFile = join(dir, 'lag');
const server = new RealServer(dataDir, [], lagFile);
let client: ContractRouterClient<typeof appContract>;
let upload: (name: string, bytes: Uint8Array) => Promise<string>;
const chatIds: string[] = [];

beforeAll(async () => {
  mkdirSync(dataDir);
  chatIds.push(...fillWithChats(join(dataDir, 'library.sqlite')));
  const link = new URL(await server.start());
  const code = link.hash.replace('#launch=', '');
  const headers = { 'Content-Type': 'application/json', Origin: link.origin };
  const session = await fetch(`${link.origin}/session`, { method: 'POST', headers, body: JSON.stringify({ code }) });
  const { token } = (await session.json()) as { token: string };
  const socket = new WebSocket(`${link.origin.replace('http', 'ws')}/rpc`, { origin: link.origin });
  socket.on('open', () => socket.send(token));
  await new Promise((resolve) => socket.once('message', resolve));
  client = createORPCClient(new RPCLink({ websocket: socket as unknown as globalThis.WebSocket }));
  upload = async (name, bytes) => {
    const sent = await fetch(`${link.origin}/upload?name=${name}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/octet-stream', Authorization: `Bearer ${token}`, Origin: link.origin },
      body: bytes as BodyInit,
    });
    return ((await sent.json()) as { uploadId: string }).uploadId;
  };
}, 120_000);
afterAll(async () => {
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function add(name: string, bytes: Uint8Array): Promise<void> {
  for await (const event of await client.library.addUpload({ uploadId: await upload(name, bytes) }))
    if (event.type === 'done') return;
  throw new Error(`${name} was not added`);
}

describe('the event loop', () => {
  it('is monitored: the monitor tells of a program that stands still', async () => {
    const program = join(dir, 'stands-still.mjs');
    const stand = 'const used = process.cpuUsage(); while (process.cpuUsage(used).user < 300_000);';
    writeFileSync(program, `setTimeout(() => { ${stand} }, 50); setTimeout(() => {}, 2000);`);
    const other = join(dir, 'other-lag');
    spawnSync(process.execPath, [...monitorArgs, program], { env: { ...process.env, LAG_FILE: other } });
    expect(longestLag(other, 0)).toBeGreaterThan(150);
  });

  it('goes on while ten chats with two hundred answers are loaded', async () => {
    const at = Date.now();
    const chats = await Promise.all(chatIds.map((chatId) => client.chats.turns({ chatId })));
    expect(chats.map(({ turns }) => turns.length)).toEqual(chatIds.map(() => 200));
    expect(longestLag(lagFile, at)).toBeLessThan(boundMs);
  }, 60_000);

  it('goes on while a PDF of 300 pages is added', async () => {
    const bytes = await longPdf();
    const at = Date.now();
    await add('long.pdf', bytes);
    expect(longestLag(lagFile, at)).toBeLessThan(boundMs);
  }, 300_000);

  it('goes on while 5 MB are pasted', async () => {
    const at = Date.now();
    await add('paste.txt', Buffer.from(longText(5_000_000)));
    expect(longestLag(lagFile, at)).toBeLessThan(boundMs);
  }, 300_000);

  it('goes on while 50 MB of text are added', async () => {
    const at = Date.now();
    await add('large.txt', Buffer.from(longText(50_000_000)));
    expect(longestLag(lagFile, at)).toBeLessThan(boundMs);
  }, 300_000);

  it('goes on while these 50 MB, and a document with ten long chats, are removed', async () => {
    const at = Date.now();
    for (const { id, name } of await client.library.list())
      if (name !== 'long.pdf') await client.library.remove({ documentId: id });
    expect((await client.library.list()).map(({ name }) => name)).toEqual(['long.pdf']);
    expect(longestLag(lagFile, at)).toBeLessThan(boundMs);
  }, 300_000);
});
