import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { publicLookup, redirectTarget } from '../../../../electron/app-host/models/download-address.ts';
import { discardPart, downloadFile, partOf } from '../../../../electron/app-host/models/download-file.ts';
import { type FileServer, type FileServerScript, startFileServer } from '../../../fixtures/file-server.ts';

const bytes = randomBytes(1_000_003);
let dir: string;
let part: string;
const servers: FileServer[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rocketdoc-download-'));
  part = join(dir, 'model.gguf.part');
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  rmSync(dir, { recursive: true, force: true });
});

async function serve(script: Partial<FileServerScript> = {}): Promise<FileServer> {
  const server = await startFileServer({ bytes, etag: '"one"', ...script });
  servers.push(server);
  return server;
}

/** Downloads the file; stops after so many bytes. */
async function fetchFrom({ url }: Pick<FileServer, 'url'>, stopAfter = Number.POSITIVE_INFINITY) {
  const stop = new AbortController();
  const seen: number[] = [];
  const onProgress = (done: number) => {
    seen.push(done);
    if (done >= stopAfter) stop.abort();
  };
  const times = { silenceMs: 500, retryMs: 5 };
  await downloadFile({ url, bytes: bytes.length, part, signal: stop.signal, onProgress, ...times });
  return seen;
}

const isWhole = () => readFileSync(part).equals(bytes);

it('fetches a file whole, and says how far it is', async () => {
  const server = await serve();
  const seen = await fetchFrom(server);
  expect(isWhole()).toBe(true);
  expect(seen[0]).toBe(0);
  expect(seen.at(-1)).toBe(bytes.length);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(server.requests).toEqual([{ path: '/model.gguf', range: undefined, ifRange: undefined }]);
});

it('stops, keeps what is there, and goes on from it in another run', async () => {
  const server = await serve({ pauseMs: 2 });
  await expect(fetchFrom(server, 300_000)).rejects.toMatchObject({ code: 'CANCELLED' });
  const have = readFileSync(part).length;
  expect(have).toBeGreaterThanOrEqual(300_000);
  expect(have).toBeLessThan(bytes.length);
  expect(await partOf(part, server.url)).toBe(have);
  const before = server.sent();
  const seen = await fetchFrom(server);
  expect(seen[0]).toBe(have);
  expect(isWhole()).toBe(true);
  expect(server.requests[1]).toEqual({ path: '/model.gguf', range: `bytes=${have}-`, ifRange: '"one"' });
  expect(server.sent() - before).toBe(bytes.length - have);
});

it('asks for nothing when everything is there', async () => {
  const server = await serve();
  await fetchFrom(server);
  await fetchFrom(server);
  expect(server.requests).toHaveLength(1);
});

it('begins anew where a server does not know ranges', async () => {
  const server = await serve({ ignoresRange: true, pauseMs: 2 });
  await expect(fetchFrom(server, 300_000)).rejects.toMatchObject({ code: 'CANCELLED' });
  await fetchFrom(server);
  expect(isWhole()).toBe(true);
});

it.each([{ ignoresIfRange: false }, { ignoresIfRange: true }])(
  'never joins two versions of a file ($ignoresIfRange)',
  async (script) => {
    const server = await serve({ bytes: randomBytes(bytes.length), etag: '"zero"', pauseMs: 2, ...script });
    await expect(fetchFrom(server, 300_000)).rejects.toMatchObject({ code: 'CANCELLED' });
    Object.assign(server.script, { bytes, etag: '"one"', pauseMs: 0 });
    await fetchFrom(server);
    expect(isWhole()).toBe(true);
  },
);

it('begins anew after 416: what is there is more than the server has', async () => {
  const server = await serve({ bytes: bytes.subarray(0, 200_000), status: undefined });
  writeFileSync(part, bytes.subarray(0, 500_000));
  writeFileSync(`${part}.json`, JSON.stringify({ url: server.url, etag: '"one"' }));
  const running = fetchFrom(server);
  // After the first request the server has the whole file again.
  await new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (server.requests.length === 0) return;
      clearInterval(look);
      server.script.bytes = bytes;
      resolve();
    }, 1);
  });
  await running;
  expect(server.requests[0]?.range).toBe('bytes=500000-');
  expect(server.requests[1]?.range).toBeUndefined();
  expect(isWhole()).toBe(true);
});

it('discards more than there can be, and parts of another address', async () => {
  const server = await serve();
  writeFileSync(part, Buffer.alloc(bytes.length + 1));
  writeFileSync(`${part}.json`, JSON.stringify({ url: server.url, etag: null }));
  await fetchFrom(server);
  expect(isWhole()).toBe(true);
  await discardPart(part);
  writeFileSync(part, Buffer.alloc(1000));
  writeFileSync(`${part}.json`, JSON.stringify({ url: 'https://other.example/model.gguf', etag: null }));
  expect(await partOf(part, server.url)).toBe(0);
  await fetchFrom(server);
  expect(isWhole()).toBe(true);
});

it('goes on by itself when a connection breaks, as long as it gets on', async () => {
  const server = await serve({ cutAfter: 150_000 });
  await fetchFrom(server);
  expect(isWhole()).toBe(true);
  expect(server.requests.length).toBeGreaterThanOrEqual(7);
});

it('gives up on a body that stays short, and keeps it', async () => {
  const server = await serve({ cutAfter: 150_000 });
  const stop = setInterval(() => {
    if (server.requests.length >= 3) Object.assign(server.script, { cutAfter: 1 });
  }, 1);
  const error: { code?: string; message?: string } = await fetchFrom(server).catch((reason) => reason);
  clearInterval(stop);
  expect(error.code).toBe('IO');
  expect(error.message).toMatch(/bytes are here and stay/);
  expect(readFileSync(part).equals(bytes.subarray(0, readFileSync(part).length))).toBe(true);
});

it.each([
  ['by its length', { bytes: Buffer.concat([bytes, bytes]) }],
  ['by what comes', { extra: randomBytes(10) }],
])('refuses a file that is longer, %s, and keeps nothing', async (_, script) => {
  const server = await serve(script);
  await expect(fetchFrom(server)).rejects.toMatchObject({ code: 'MODEL_CHECKSUM' });
  expect(readdirSync(dir)).toEqual([]);
});

it('refuses a file that is shorter by its length', async () => {
  const server = await serve({ bytes: bytes.subarray(0, 1000) });
  await expect(fetchFrom(server)).rejects.toMatchObject({
    code: 'MODEL_CHECKSUM',
    message: expect.stringContaining('1,000 bytes where the file'),
  });
});

it.each([
  [404, 'does not have this file'],
  [403, 'signed in'],
  [451, 'does not give this file (451)'],
])('says what %i means', async (status, sentence) => {
  await expect(fetchFrom(await serve({ status }))).rejects.toMatchObject({
    code: 'IO',
    message: expect.stringContaining(sentence),
  });
});

it('tries again where a server is busy', async () => {
  const server = await serve({ status: 503 });
  setTimeout(() => {
    server.script.status = undefined;
  }, 12);
  await fetchFrom(server);
  expect(isWhole()).toBe(true);
});

it('says that it cannot reach a server that is not there, and one that is silent', async () => {
  const none = createServer();
  await new Promise<void>((resolve) => none.listen(0, '127.0.0.1', resolve));
  const { port } = none.address() as AddressInfo;
  await new Promise((resolve) => none.close(resolve));
  const sentence = { code: 'IO', message: expect.stringMatching(/cannot reach 127\.0\.0\.1\. Look at the connection/) };
  await expect(fetchFrom({ url: `http://127.0.0.1:${port}/model.gguf` })).rejects.toMatchObject(sentence);
  const server = await serve({ silent: true });
  await expect(fetchFrom(server)).rejects.toMatchObject(sentence);
  expect(existsSync(part)).toBe(false);
}, 20_000);

it('follows a redirect on this machine, with the range', async () => {
  const other = await serve();
  const server = await serve({ location: `${other.origin}/elsewhere` });
  writeFileSync(part, bytes.subarray(0, 1000));
  writeFileSync(`${part}.json`, JSON.stringify({ url: server.url, etag: '"one"' }));
  await fetchFrom(server);
  expect(isWhole()).toBe(true);
  expect(other.requests).toEqual([{ path: '/elsewhere', range: 'bytes=1000-', ifRange: '"one"' }]);
});

it.each(['file:///etc/passwd', 'http://192.168.0.1/x', 'ftp://example.org/x', 'http://example.org/x', ''])(
  'does not follow a redirect to %s',
  async (location) => {
    const server = await serve({ location });
    await expect(fetchFrom(server)).rejects.toMatchObject({ code: 'IO', message: /sends on/ });
    expect(readdirSync(dir)).toEqual([]);
  },
);

it('does not follow redirects in a circle', async () => {
  const server = await serve();
  server.script.location = server.url;
  await expect(fetchFrom(server)).rejects.toMatchObject({ code: 'IO', message: /again and again/ });
  expect(server.requests.length).toBeLessThan(12);
});

it('lets no public server send on to this machine, to a private network, or out of encryption', () => {
  const hub = new URL('https://hub.example/model.gguf');
  const to = (location: string) => redirectTarget(location, hub, hub).href;
  expect(to('https://cdn.example/a?b=c')).toBe('https://cdn.example/a?b=c');
  expect(to('/other')).toBe('https://hub.example/other');
  for (const location of [
    'http://cdn.example/a',
    'file:///etc/passwd',
    'data:text/plain,x',
    'https://localhost/x',
    'https://a.localhost/x',
    'https://127.0.0.1/x',
    'https://127.1/x',
    'https://2130706433/x',
    'https://0x7f.1/x',
    'https://[::1]/x',
    'https://[::ffff:127.0.0.1]/x',
    'https://10.1.2.3/x',
    'https://172.20.0.1/x',
    'https://192.168.1.1/x',
    'https://169.254.169.254/latest/meta-data',
    'https://[fd00::1]/x',
    'https://[fe80::1]/x',
    'https://0.0.0.0/x',
    'https://',
  ])
    expect(() => to(location), location).toThrow(/sends on/);
});

it('does not connect to a name that stands for this machine', async () => {
  const error = await new Promise<Error | null>((resolve) => publicLookup('localhost', {}, (e) => resolve(e)));
  expect(error?.message).toMatch(/private network/);
});

it.each(['http://example.org/model.gguf', 'https://user:secret@example.org/model.gguf', 'file:///model.gguf', 'x'])(
  'does not begin at %s',
  async (url) => {
    await expect(fetchFrom({ url })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  },
);
