import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, truncateSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { maxMessageBytes, maxQuestionUnits } from '../../../electron/contract/app.ts';
import { createAppServer } from '../../../electron/server/http-server.ts';
import { allowedHosts } from '../../../electron/server/request-checks.ts';
import { type FakeServer, startFakeServer } from '../../fixtures/app-server.ts';

let server: FakeServer;
let token: string;

beforeAll(async () => {
  const webRoot = mkdtempSync(join(tmpdir(), 'rocketdoc-web-'));
  writeFileSync(join(webRoot, 'index.html'), '<!doctype html><title>window</title>');
  server = await startFakeServer({ pieces: [] }, webRoot);
  token = server.tokens.exchange(server.tokens.newLaunchCode()) ?? '';
});
afterAll(() => server.close());

/** Sends exactly these bytes; resolves with the status and the whole reply. */
function raw(bytes: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), text }));
  });
}

const request = (method: string, path: string, headers: string[], body = '') =>
  raw(
    `${[`${method} ${path} HTTP/1.1`, ...headers, 'Connection: close', `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`,
  );
const ours = () => `Host: 127.0.0.1:${server.port}`;

const routes = ['/', '/index.html', '/health', '/session', '/upload', '/file', '/rpc', '/nothing'];
const methods = ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'];
const badHosts = (port: number) => [
  'evil.example',
  `evil.example:${port}`,
  '127.0.0.1',
  `127.0.0.1:${port + 1}`,
  `127.0.0.1.evil.example:${port}`,
  `localhost.evil.example:${port}`,
  `0.0.0.0:${port}`,
  `10.0.0.1:${port}`,
  `127.1:${port}`,
  `2130706433:${port}`,
  `[::]:${port}`,
  `user@127.0.0.1:${port}`,
  `127.0.0.1:${port}/`,
  `127.0.0.1:${port} evil`,
  `rocketdoc.local:${port}`,
];

describe('Host', () => {
  it('refuses every other name on every route and method', async () => {
    const statuses = await Promise.all(
      routes.flatMap((path) =>
        methods.flatMap((method) =>
          badHosts(server.port).map(async (host) => (await request(method, path, [`Host: ${host}`])).status),
        ),
      ),
    );
    expect(new Set(statuses)).toEqual(new Set([421]));
  }, 60_000);

  it('refuses none, an empty one and two', async () => {
    expect((await request('GET', '/', [])).status).toBe(400);
    expect((await request('GET', '/', ['Host:'])).status).toBeGreaterThanOrEqual(400);
    expect((await request('GET', '/', [ours(), ours()])).status).toBe(400);
    expect((await request('GET', '/', [ours(), 'Host: evil.example'])).status).toBe(400);
  });

  it('refuses a target that carries a host of its own', async () => {
    expect((await request('GET', 'http://evil.example/', [ours()])).status).toBe(400);
  });

  it('answers to its own names', async () => {
    for (const name of ['127.0.0.1', 'localhost', '[::1]', 'LOCALHOST'])
      expect((await request('GET', '/', [`Host: ${name}:${server.port}`])).status).toBe(200);
  });
});

describe('Origin', () => {
  it('refuses any other origin, on every route', async () => {
    const origins = [
      'null',
      'http://evil.example',
      `https://127.0.0.1:${server.port}`,
      `http://localhost:${server.port}`,
    ];
    for (const origin of origins)
      for (const path of routes) {
        const { status, text } = await request('POST', path, [ours(), `Origin: ${origin}`]);
        expect([path, status]).toEqual([path, 403]);
        expect(text).not.toMatch(/access-control/i);
      }
  });

  it('accepts its own', async () => {
    expect((await request('GET', '/', [ours(), `Origin: http://127.0.0.1:${server.port}`])).status).toBe(200);
  });
});

describe('routes', () => {
  it('knows its routes and nothing else', async () => {
    expect((await request('GET', '/nothing', [ours()])).status).toBe(404);
    expect((await request('POST', '/nothing', [ours()])).status).toBe(404);
    expect((await request('POST', '/', [ours()])).status).toBe(405);
    expect((await request('GET', '/upload', [ours()])).status).toBe(405);
    expect((await request('GET', '/constructor', [ours()])).status).toBe(404);
    expect((await request('GET', '/health', [ours()])).text).toContain('{"ok":true}');
  });

  it('sends the security headers with every answer, refusals too', async () => {
    for (const { text } of [await request('GET', '/', [ours()]), await request('GET', '/', ['Host: evil.example'])]) {
      expect(text).toMatch(/Content-Security-Policy: default-src 'none'/);
      expect(text).toMatch(/X-Content-Type-Options: nosniff/);
      expect(text).toMatch(/Referrer-Policy: no-referrer/);
    }
  });
});

describe('token', () => {
  it('gives the session token once for a launch code, to JSON only', async () => {
    const code = server.tokens.newLaunchCode();
    const body = JSON.stringify({ code });
    const json = [ours(), 'Content-Type: application/json'];
    expect((await request('POST', '/session', [ours(), 'Content-Type: text/plain'], body)).status).toBe(415);
    expect((await request('POST', '/session', json, '{"code":"wrong"}')).status).toBe(401);
    expect((await request('POST', '/session', json, '{"code":1}')).status).toBe(401);
    expect((await request('POST', '/session', json, 'not json')).status).toBe(401);
    expect((await request('POST', '/session', json, 'x'.repeat(5000))).status).toBe(413);
    const { text } = await request('POST', '/session', json, body);
    const own = /"token":"([\w-]{43})"/.exec(text)?.[1];
    expect(server.tokens.accepts(own)).toBeDefined();
    expect(own).not.toBe(token);
    expect(text).not.toMatch(/set-cookie/i); // cookies would go to every port of the machine
    expect((await request('POST', '/session', json, body)).status).toBe(401);
  });

  it('wants it for an upload', async () => {
    const bytes = 'Content-Type: application/octet-stream';
    const path = '/upload?name=a.txt';
    expect((await request('POST', path, [ours(), bytes], 'x')).status).toBe(401);
    expect((await request('POST', path, [ours(), bytes, 'Authorization: Bearer wrong'], 'x')).status).toBe(401);
    const bearer = `Authorization: Bearer ${token}`;
    expect((await request('POST', path, [ours(), bearer], 'x')).status).toBe(415);
    expect((await request('POST', path, [ours(), bearer, bytes], 'x')).status).toBe(200);
  });

  it('refuses an upload of more than 64 MiB by its declared length', async () => {
    const head = ['POST /upload?name=a.txt HTTP/1.1', ours(), `Authorization: Bearer ${token}`];
    const more = ['Content-Type: application/octet-stream', `Content-Length: ${65 * 1024 * 1024}`, '', ''];
    expect((await raw([...head, ...more].join('\r\n'))).status).toBe(413);
  });
});

describe('a document’s file', () => {
  const large = 120 * 1024 * 1024;
  let id = '';
  beforeAll(() => {
    const parsed = {
      title: 'a',
      format: 'txt' as const,
      notes: [],
      text: 'a',
      pages: [{ label: '1', start: 0, end: 1 }],
    };
    const document = { parsed, fileName: 'a.pdf', fileBytes: large, sha256: 'a', tokens: undefined };
    id = server.app.documents.add(document).id;
    const dir = server.app.uploads.documentDir(id);
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'a.pdf'), 'The file itself.');
  });
  const get = (path: string, headers: string[] = []) =>
    request('GET', path, [ours(), `Authorization: Bearer ${token}`, ...headers]);

  it('comes whole, or a range of it, for the session token alone', async () => {
    expect((await request('GET', `/file?document=${id}`, [ours()])).status).toBe(401);
    const whole = await get(`/file?document=${id}`);
    expect(whole.text).toMatch(/Content-Length: 16[\s\S]*The file itself\.$/);
    const part = await get(`/file?document=${id}`, ['Range: bytes=4-7']);
    expect([part.status, part.text]).toEqual([
      206,
      expect.stringMatching(/Content-Range: bytes 4-7\/16[\s\S]*\r\nfile$/),
    ]);
    expect((await get(`/file?document=${id}`, ['Range: bytes=9-'])).text).toMatch(/\r\nitself\.$/);
    expect((await get(`/file?document=${id}`, ['Range: bytes=16-'])).status).toBe(416);
    expect((await get(`/file?document=${id}`, ['Range: lines=1-2'])).status).toBe(200);
    expect((await get('/file?document=../../claim.sqlite')).status).toBe(400);
    const gone = await get(`/file?document=${randomUUID()}`);
    expect([gone.status, gone.text]).toEqual([404, expect.stringContaining('"code":"DOC_MISSING"')]);
  });

  it('waits for a slow line in the file, not in memory', async () => {
    truncateSync(join(server.app.uploads.documentDir(id), 'a.pdf'), large);
    const before = process.memoryUsage();
    const socket = connect(server.port, '127.0.0.1', () =>
      socket.write(`GET /file?document=${id} HTTP/1.1\r\n${ours()}\r\nAuthorization: Bearer ${token}\r\n\r\n`),
    );
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const after = process.memoryUsage();
    expect(after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed).toBeLessThan(large / 4);
    socket.destroy();
  });
});

describe('WebSocket', () => {
  const open = (headers: Record<string, string>, path = '/rpc') =>
    new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { headers });
  /** How a socket ended: the HTTP status of a refusal, or the close code. */
  const ended = (socket: WebSocket) =>
    new Promise<number>((resolve) => {
      socket.on('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
      socket.on('close', (code) => resolve(code));
      socket.on('error', () => {});
    });

  it('checks Host, Origin and path before it opens', async () => {
    expect(await ended(open({ Host: 'evil.example' }))).toBe(421);
    expect(await ended(open({ Origin: 'http://evil.example' }))).toBe(403);
    expect(await ended(open({}, '/other'))).toBe(404);
  });

  it('closes on a wrong first frame, on a binary one, and on none in two seconds', async () => {
    const wrong = open({});
    wrong.on('open', () => wrong.send('wrong'));
    const binary = open({});
    binary.on('open', () => binary.send(Buffer.from(token)));
    const silent = open({});
    expect(await Promise.all([wrong, binary, silent].map(ended))).toEqual([4401, 4401, 4408]);
  });

  it('opens for the token', async () => {
    const socket = open({ Origin: `http://127.0.0.1:${server.port}` });
    socket.on('open', () => socket.send(token));
    const first = await new Promise((resolve) => socket.once('message', (data) => resolve(data.toString())));
    expect(first).toBe('ready');
    socket.close();
  });

  it('stays open for the longest question, in letters that take three bytes each', async () => {
    const socket = open({ Origin: `http://127.0.0.1:${server.port}` });
    const json = { input: { text: '漢'.repeat(maxQuestionUnits) } };
    socket.on('open', () => socket.send(token));
    socket.once('message', () => {
      socket.send(JSON.stringify({ i: '1', p: { u: '/countTokens', b: { json } } }));
      socket.ping();
    });
    // Frames are handled in order: when the pong comes, the message before the ping has been handled.
    const end = await Promise.race([
      new Promise((resolve) => socket.once('pong', () => resolve('open'))),
      ended(socket),
    ]);
    expect(end).toBe('open');
    socket.close();
  });

  it('closes on a frame that is longer than any message', async () => {
    const socket = open({});
    socket.on('open', () => socket.send('x'.repeat(maxMessageBytes + 1)));
    expect(await ended(socket)).toBe(1009);
  });
});

describe('time', () => {
  const patience = { requestMs: 400, uploadMs: 3000, idleMs: 2000 };
  /** A busy machine takes its time; whoever is not ended would send for longer than this. */
  const endedMs = 12_000;
  let slow: Server;
  let port = 0;
  beforeAll(async () => {
    slow = createAppServer({
      app: server.app,
      tokens: server.tokens,
      webRoot: '',
      hosts: () => allowedHosts(port),
      timeouts: patience,
    });
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
    port = (slow.address() as AddressInfo).port;
  });
  afterAll(() => slow.close());

  /** Sends the head, then `times` single bytes, one each `everyMs`; resolves with how it ended and after how long. */
  function sendSlowly(path: string, headers: string[], everyMs: number, times: number) {
    const started = performance.now();
    return new Promise<{ status: number; ms: number }>((resolve) => {
      const head = [
        `POST ${path} HTTP/1.1`,
        `Host: 127.0.0.1:${port}`,
        'Connection: close',
        `Content-Length: ${times}`,
      ];
      const socket = connect(port, '127.0.0.1', () => socket.write(`${[...head, ...headers].join('\r\n')}\r\n\r\n`));
      let sent = 0;
      const timer = setInterval(() => {
        if (sent++ < times) socket.write('x');
        else clearInterval(timer);
      }, everyMs);
      let text = '';
      socket.setEncoding('latin1').on('data', (chunk) => {
        text += chunk;
      });
      socket.on('error', () => {});
      socket.on('close', () => {
        clearInterval(timer);
        resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), ms: performance.now() - started });
      });
    });
  }
  const bytes = 'Content-Type: application/octet-stream';
  const bearer = () => `Authorization: Bearer ${token}`;

  it('is given to an upload as long as it comes along', async () => {
    const { status, ms } = await sendSlowly('/upload?name=a.txt', [bearer(), bytes], 100, 12);
    expect(status).toBe(200);
    expect(ms).toBeGreaterThan(patience.requestMs);
  });

  it('ends for one that stands still, and for one that never ends', async () => {
    expect((await sendSlowly('/upload?name=a.txt', [bearer(), bytes], 5000, 3)).ms).toBeLessThan(endedMs);
    const endless = await sendSlowly('/upload?name=a.txt', [bearer(), bytes], 200, 1000);
    expect(endless.status).toBeNaN();
    expect(endless.ms).toBeLessThan(endedMs);
  });

  it('is short for everything else, and for who has no token', async () => {
    const json = 'Content-Type: application/json';
    expect((await sendSlowly('/session', [json], 100, 1000)).ms).toBeLessThan(endedMs);
    expect((await sendSlowly('/upload?name=a.txt', [bytes], 100, 1000)).ms).toBeLessThan(endedMs);
    expect((await sendSlowly('/nothing', [json], 100, 1000)).ms).toBeLessThan(endedMs);
  });
});
