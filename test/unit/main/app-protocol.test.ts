import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Protocol } from 'electron';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Uploads } from '../../../electron/app-host/documents/uploads.ts';
import { AppError } from '../../../electron/contract/errors.ts';
import { registerAppScheme, serveAppProtocol } from '../../../electron/main/app-protocol.ts';
import { schemes } from './fake-electron.ts';

vi.mock('electron', () => import('./fake-electron.ts'));

const dir = mkdtempSync(join(tmpdir(), 'rocketdoc-protocol-'));
const root = join(dir, 'renderer');
const uploads = new Uploads(join(dir, 'data'));
let handle: (request: Request) => Promise<Response>;

beforeAll(() => {
  mkdirSync(join(root, 'assets'), { recursive: true });
  writeFileSync(join(root, 'index.html'), 'window');
  writeFileSync(join(root, 'assets', 'a.js'), 'code');
  writeFileSync(join(dir, 'secret.js'), 'secret');
  symlinkSync(join(dir, 'secret.js'), join(root, 'assets', 'link.js'));
  const on: Pick<Protocol, 'handle'> = {
    handle: (scheme, handler) => {
      expect(scheme).toBe('app');
      handle = async (request) => handler(request as never) as unknown as Promise<Response>;
    },
  };
  serveAppProtocol(on, root, {
    receiveUpload: (name, pieces) => uploads.receive(name, Readable.from(pieces)),
    async documentFile(documentId) {
      if (documentId !== 'a') throw new AppError('DOC_MISSING', 'It is not there.');
      return { path: join(dir, 'secret.js'), size: 6 };
    },
  });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A request with the address exactly as Electron would pass it on; Request itself would normalise it. */
const ask = (url: string, init: Record<string, unknown> = {}) => {
  const request = new Request('app://rocketdoc/', init as RequestInit);
  return handle(
    new Proxy(request, {
      get: (target, key) => {
        if (key === 'url') return url;
        if (key === 'initiatorOrigin') return init.initiatorOrigin;
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    }),
  );
};

it('is a standard, secure scheme without rights to others', () => {
  registerAppScheme();
  expect(schemes).toEqual([
    { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } },
  ]);
});

it('serves the window under a strict policy', async () => {
  for (const [path, type, text] of [
    ['/', 'text/html; charset=utf-8', 'window'],
    ['/assets/a.js?v=1', 'text/javascript; charset=utf-8', 'code'],
  ]) {
    const response = await ask(`app://rocketdoc${path}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(type);
    expect(await response.text()).toBe(text);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/'unsafe-inline'|'unsafe-eval'|\*|https?:/);
  }
});

it.each([
  'app://rocketdoc/../secret.js',
  'app://rocketdoc/%2e%2e/secret.js',
  'app://rocketdoc/%2e%2e%2fsecret.js',
  'app://rocketdoc/..%5csecret.js',
  'app://rocketdoc/..\\secret.js',
  'app://rocketdoc/assets/link.js',
  'app://rocketdoc/a%00.js',
  'app://rocketdoc//etc/passwd',
  'app://rocketdoc/.ready',
  'app://rocketdoc/%',
  'app://evil/index.html',
  'app://rocketdoc.evil/index.html',
  'https://rocketdoc/index.html',
])('does not serve %s', async (url) => {
  const response = await ask(url);
  expect(response.status).toBe(404);
  expect(await response.text()).toBe('');
});

it('takes no other method', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
    expect((await ask('app://rocketdoc/', { method })).status).toBe(405);
});

const upload = (changes: Record<string, unknown> = {}, url = 'app://rocketdoc/upload?name=Pasted%20text.txt') =>
  ask(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/octet-stream' },
    body: 'pasted',
    initiatorOrigin: 'app://rocketdoc',
    ...changes,
  });

it('takes a file that has no path', async () => {
  const response = await upload();
  expect(response.status).toBe(200);
  const { uploadId } = (await response.json()) as { uploadId: string };
  const { path, name } = uploads.get(uploadId);
  expect(name).toBe('Pasted text.txt');
  expect(readFileSync(path, 'utf8')).toBe('pasted');
});

it('takes it only from the window, as bytes, with a name, up to 64 MiB', async () => {
  expect((await upload({ initiatorOrigin: undefined })).status).toBe(403);
  expect((await upload({ initiatorOrigin: 'null' })).status).toBe(403);
  expect((await upload({ initiatorOrigin: 'https://evil.example' })).status).toBe(403);
  expect((await upload({ method: 'GET', body: undefined })).status).toBe(405);
  expect((await upload({ headers: { 'Content-Type': 'text/plain' } })).status).toBe(415);
  expect((await upload({}, 'app://rocketdoc/upload')).status).toBe(400);
  const large = { 'Content-Type': 'application/octet-stream', 'Content-Length': String(65 * 1024 * 1024) };
  expect((await upload({ headers: large })).status).toBe(413);
});

it('sends a document’s file to its own page alone, whole or from where it broke off', async () => {
  const ours = { initiatorOrigin: 'app://rocketdoc' };
  const whole = await ask('app://rocketdoc/file?document=a', ours);
  expect([whole.status, whole.headers.get('content-length'), await whole.text()]).toEqual([200, '6', 'secret']);
  const rest = await ask('app://rocketdoc/file?document=a', { ...ours, headers: { Range: 'bytes=2-' } });
  expect([rest.status, rest.headers.get('content-range'), await rest.text()]).toEqual([206, 'bytes 2-5/6', 'cret']);
  expect((await ask('app://rocketdoc/file?document=a')).status).toBe(403);
  expect((await ask('app://rocketdoc/file?document=a', { ...ours, method: 'POST' })).status).toBe(405);
  const missing = await ask('app://rocketdoc/file?document=b', ours);
  expect([missing.status, await missing.json()]).toEqual([404, { code: 'DOC_MISSING', message: 'It is not there.' }]);
});
