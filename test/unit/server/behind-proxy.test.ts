/** The server behind a proxy that ends TLS, and windows whose token is revoked or whose connection is dead. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createAppServer } from '../../../electron/server/http-server.ts';
import { allowedHosts, refusal } from '../../../electron/server/request-checks.ts';
import type { AppClient } from '../../../renderer/stores/api.ts';
import { type FakeServer, startFakeServer } from '../../fixtures/app-server.ts';
import { certificate, startTlsProxy } from '../../fixtures/tls-proxy.ts';

const name = 'box.example:8443';
const pingMs = 200;
let inner: FakeServer;
let server: Server;
let proxy: Awaited<ReturnType<typeof startTlsProxy>>;
let port = 0;

beforeAll(async () => {
  const webRoot = mkdtempSync(join(tmpdir(), 'rocketdoc-web-'));
  writeFileSync(join(webRoot, 'index.html'), '<!doctype html><title>window</title>');
  inner = await startFakeServer({ pieces: [] }, webRoot);
  const hosts = () => allowedHosts(port, [name], true);
  server = createAppServer({ app: inner.app, tokens: inner.tokens, webRoot, hosts, pingMs });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  proxy = await startTlsProxy(() => port);
});
afterAll(async () => {
  proxy.close();
  server.close();
  server.closeAllConnections();
  await inner.close();
});

/** Sends a request to the proxy as a browser does that opened it by its name. */
function ask(method: string, path: string, headers: Record<string, string> = {}, body = '') {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const options = { host: '127.0.0.1', port: proxy.port, servername: 'box.example', ca: certificate };
    const asked = request({ ...options, method, path, headers: { Host: name, ...headers } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
const json = { 'Content-Type': 'application/json', Origin: `https://${name}` };

async function signIn(browser = 'Mozilla/5.0 Firefox/140.0'): Promise<string> {
  const body = JSON.stringify({ code: inner.tokens.newLaunchCode() });
  const { text } = await ask('POST', '/session', { ...json, 'User-Agent': browser }, body);
  return (JSON.parse(text) as { token: string }).token;
}

async function connect(token: string, options: { autoPong?: boolean } = {}) {
  const socket = new WebSocket(`wss://127.0.0.1:${proxy.port}/rpc`, {
    headers: { Host: name, Origin: `https://${name}` },
    agent: new Agent({ servername: 'box.example', ca: certificate }),
    ...options,
  });
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  socket.on('error', () => {});
  socket.once('open', () => socket.send(token));
  await Promise.race([new Promise((resolve) => socket.once('message', resolve)), closed]);
  const link = new RPCLink({ websocket: socket as unknown as globalThis.WebSocket });
  return { socket, closed, client: createORPCClient<AppClient>(link) };
}

describe('behind a proxy that ends TLS', () => {
  it('answers over https under the proxy’s name, files, calls and WebSocket', async () => {
    expect((await ask('GET', '/')).text).toContain('<title>window</title>');
    const { socket, client } = await connect(await signIn());
    expect(await client.library.list()).toEqual([]);
    socket.close();
  });

  it('refuses that name without TLS, another origin, and another name', async () => {
    const plain = async (headers: Record<string, string>) => (await fetchPlain(headers)).status;
    expect(await plain({ Host: name })).toBe(403);
    expect(await plain({ Host: name, 'X-Forwarded-Proto': 'http' })).toBe(403);
    expect(await plain({ Host: `127.0.0.1:${port}` })).toBe(200);
    expect(
      await plain({ Host: `127.0.0.1:${port}`, 'X-Forwarded-Proto': 'https', Origin: `https://127.0.0.1:${port}` }),
    ).toBe(403);
    expect((await ask('GET', '/', { Host: 'evil.example' })).status).toBe(421);
    expect((await ask('GET', '/', { Origin: `http://${name}` })).status).toBe(403);
    expect((await ask('GET', '/', { Origin: 'https://evil.example' })).status).toBe(403);
  });

  it('believes no X-Forwarded-Proto without the flag', async () => {
    const host = `box.example:${port}`;
    const rawHeaders = ['Host', host, 'X-Forwarded-Proto', 'https', 'Origin', `https://${host}`];
    expect(refusal({ url: '/', rawHeaders }, allowedHosts(port, ['box.example']))?.status).toBe(403);
  });
});

/** Sends a request to the server directly, not through the proxy. */
async function fetchPlain(headers: Record<string, string>): Promise<{ status: number }> {
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path: '/', headers }, (answer) => {
      answer.resume();
      resolve({ status: answer.statusCode ?? 0 });
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('a session', () => {
  it('is listed, and signed out from another: its token is void and its line is closed', async () => {
    inner.tokens.revokeAll();
    const first = await connect(await signIn('Mozilla/5.0 Firefox/140.0'));
    const token = await signIn('Mozilla/5.0 Chrome/150.0');
    const second = await connect(token);
    const { sessions, own } = await first.client.windows.get();
    expect(sessions.map(({ browser }) => browser)).toEqual(['Mozilla/5.0 Firefox/140.0', 'Mozilla/5.0 Chrome/150.0']);
    expect(own).toBe(sessions[0]?.id);
    const before = inner.app.revisions.counts.windows;
    await first.client.windows.signOut({ id: sessions[1]?.id ?? '' });
    expect(await second.closed).toBe(4401);
    expect(inner.app.revisions.counts.windows).toBeGreaterThan(before);
    expect(await (await connect(token)).closed).toBe(4401);
    const bytes = { 'Content-Type': 'application/octet-stream', Authorization: `Bearer ${token}` };
    expect((await ask('POST', '/upload?name=a.txt', bytes, 'x')).status).toBe(401);
    expect((await first.client.windows.get()).sessions).toHaveLength(1);
    inner.tokens.revokeAll();
    expect(await first.closed).toBe(4401);
  });

  it('stays while its line answers pings, and is closed where it does not', async () => {
    const token = await signIn();
    const alive = await connect(token);
    const dead = await connect(token, { autoPong: false });
    let pings = 0;
    alive.socket.on('ping', () => pings++);
    expect(await dead.closed).toBe(1006);
    await expect.poll(() => pings).toBeGreaterThan(2);
    expect(alive.socket.readyState).toBe(WebSocket.OPEN);
    alive.socket.close();
  });
});
