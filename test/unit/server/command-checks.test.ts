/** Each command of the window's contract against the server's checks. The contract is walked, so new commands are tested too. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { z } from 'zod';
import { createAppServer } from '../../../electron/server/http-server.ts';
import { allowedHosts } from '../../../electron/server/request-checks.ts';
import { SessionTokens } from '../../../electron/server/session-tokens.ts';
import {
  type Command,
  callOf,
  codeOf,
  commands,
  fitting,
  shapeOf,
  watchedApp,
  wrongInputs,
} from '../../fixtures/app-commands.ts';
import { type FakeServer, startFakeServer } from '../../fixtures/app-server.ts';

const webRoot = mkdtempSync(join(tmpdir(), 'rocketdoc-checks-'));
const tokens = new SessionTokens();
const token = tokens.exchange(tokens.newLaunchCode()) ?? '';
let fake: FakeServer;
let server: ReturnType<typeof createAppServer>;
let port = 0;
let touched: string[] = [];

beforeAll(async () => {
  writeFileSync(join(webRoot, 'index.html'), '<!doctype html><title>window</title>');
  fake = await startFakeServer({ pieces: ['x'] }, webRoot);
  const watched = watchedApp(fake.app);
  touched = watched.touched;
  server = createAppServer({ app: watched.app, tokens, webRoot, hosts: () => allowedHosts(port) });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await fake.close();
  rmSync(webRoot, { recursive: true, force: true });
});

const open = (headers: Record<string, string> = {}) => new WebSocket(`ws://127.0.0.1:${port}/rpc`, { headers });

/** How a connection ended, by the status of a refusal or the close code, and all messages that came over it. */
function ended(socket: WebSocket): Promise<{ how: number; received: string[] }> {
  const received: string[] = [];
  socket.on('message', (data) => received.push(data.toString()));
  return new Promise((resolve) => {
    socket.on('unexpected-response', (_, { statusCode = 0 }) => resolve({ how: statusCode, received }));
    socket.on('close', (how) => resolve({ how, received }));
    socket.on('error', () => {});
  });
}

/** Sends the command as the window would, over a socket that was not authorised. */
function send(socket: WebSocket, command: Command): void {
  const client: unknown = createORPCClient(new RPCLink({ websocket: socket as unknown as globalThis.WebSocket }));
  callOf(client, command)(command.input && fitting(shapeOf(command.input))).catch(() => {});
}

async function signedIn(): Promise<{ socket: WebSocket; client: unknown }> {
  const socket = open();
  socket.on('open', () => socket.send(token));
  await new Promise((resolve) => socket.once('message', resolve));
  return { socket, client: createORPCClient(new RPCLink({ websocket: socket as unknown as globalThis.WebSocket })) };
}

const post = (path: string, headers: Record<string, string>) =>
  new Promise<number>((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', method: 'POST', path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', reject);
    asked.end('{}');
  });

describe.each(commands)('$name', (command) => {
  it('does nothing without the token, or with a wrong one', async () => {
    touched.length = 0;
    const without = open();
    without.on('open', () => send(without, command));
    const wrong = open();
    wrong.on('open', () => {
      wrong.send(token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')));
      send(wrong, command);
    });
    for (const { how, received } of await Promise.all([without, wrong].map(ended))) {
      expect(how).toBe(4401);
      expect(received).toEqual([]);
    }
    expect(touched).toEqual([]);
  });

  it('is not reached by another name or from another site, token or not', async () => {
    touched.length = 0;
    const strange = [
      { Host: 'evil.example' },
      { Host: `evil.example:${port}` },
      { Origin: 'http://evil.example' },
      { Origin: 'null' },
      { Origin: `https://127.0.0.1:${port}` },
    ];
    for (const headers of strange) {
      const socket = open(headers);
      socket.on('open', () => {
        socket.send(token);
        send(socket, command);
      });
      const { how, received } = await ended(socket);
      expect({ headers, how }).toEqual({ headers, how: 'Host' in headers ? 421 : 403 });
      expect(received).toEqual([]);
    }
    expect(touched).toEqual([]);
  });

  it('has no address of its own', async () => {
    touched.length = 0;
    const path = command.path.join('/');
    for (const address of [`/${path}`, `/rpc/${path}`, '/rpc']) {
      const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
      expect({ address, status: await post(address, headers) }).toEqual({ address, status: 404 });
    }
    expect(touched).toEqual([]);
  });

  it.runIf(command.input)('refuses values that do not fit, and does nothing', async () => {
    const { socket, client } = await signedIn();
    touched.length = 0;
    for (const value of wrongInputs(command.input as z.ZodType, 20))
      expect(await codeOf(callOf(client, command), value)).toBe('BAD_REQUEST');
    expect(touched).toEqual([]);
    socket.close();
  });
});

it('answers whoever has the token', async () => {
  const { socket, client } = await signedIn();
  const list = commands.find(({ name }) => name === 'library.list') as Command;
  touched.length = 0;
  expect(await callOf(client, list)()).toEqual([]);
  expect(touched).toContain('documents');
  socket.close();
});
