/** Hostile and broken requests against the API: none ends it, none gets what it asks for, and the window beside it goes on. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../../../electron/app-host/sessions/answer-question.ts';
import { readDocument } from '../../../electron/app-host/sessions/read-document.ts';
import { type FakeApi, startApi } from '../../fixtures/api-server.ts';
import type { FakeScript } from '../../fixtures/fake-engine.ts';

let api: FakeApi;
let documentId: string;
const script: FakeScript = { pieces: ['Forty', '-one.'] };

beforeAll(async () => {
  api = await startApi(script);
  const parsed = {
    title: 'a',
    format: 'txt' as const,
    notes: [],
    text: 'It is 41 metres high.',
    pages: [{ label: '1', start: 0, end: 21 }],
  };
  documentId = api.app.documents.add({ parsed, fileName: 'a.txt', fileBytes: 21, sha256: 'x', tokens: undefined }).id;
  for await (const _ of readDocument(api.app, documentId, null).watch());
});
afterAll(() => api.close());

/** The reply to raw bytes, read until the server closes or is silent for a while. */
function raw(bytes: string | Buffer, waitMs = 3000): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(api.port, '127.0.0.1');
    let answer = '';
    const done = () => {
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(done, waitMs);
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (/\r\n\r\n/.test(answer)) {
        clearTimeout(timer);
        setTimeout(done, 50);
      }
    });
    socket.on('close', done);
    socket.on('error', done);
    socket.write(bytes);
  });
}

interface Wanted {
  method?: string;
  path?: string;
  host?: string;
  key?: string | null;
  headers?: string[];
  body?: string;
  length?: number;
}
function request({ method = 'GET', path = '/v1/models', host, key, headers = [], body = '', length }: Wanted): string {
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host ?? `127.0.0.1:${api.port}`}`];
  if (key !== null) lines.push(`Authorization: Bearer ${key ?? api.key}`);
  lines.push(...headers);
  if (body !== '' || length !== undefined) lines.push(`Content-Length: ${length ?? Buffer.byteLength(body)}`);
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
const json = (body: string, more: Wanted = {}) =>
  request({ method: 'POST', path: '/v1/chat/completions', headers: ['Content-Type: application/json'], body, ...more });
const chat = (messages: unknown, more: object = {}) => json(JSON.stringify({ model: 'rocketdoc', messages, ...more }));
const fileMessage = (file: object) => [
  {
    role: 'user',
    content: [
      { type: 'file', file },
      { type: 'text', text: 'a' },
    ],
  },
];

const hostile: [name: string, make: () => string, status: number][] = [
  ...[
    'evil.example',
    'evil.example:80',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '127.0.0.1',
    '0.0.0.0',
    '169.254.169.254',
    'LOCALHOST.',
    '[::]',
    '',
  ].map((host): [string, () => string, number] => [
    `the host "${host}"`,
    () => request({ host }),
    host === '' ? 421 : 421,
  ]),
  ...['http://evil.example', 'null', 'file://', 'https://127.0.0.1', 'chrome-extension://abc'].map(
    (origin): [string, () => string, number] => [
      `the origin ${origin}`,
      () => request({ headers: [`Origin: ${origin}`] }),
      403,
    ],
  ),
  ['its own origin, as a page would have', () => request({ headers: [`Origin: http://127.0.0.1:${api.port}`] }), 403],
  ['two hosts', () => request({ headers: ['Host: evil.example'] }), 400],
  ['an absolute target', () => request({ path: 'http://evil.example/v1/models' }), 400],
  ...[null, '', 'rd-', 'rd-wrong', 'undefined', '../../etc/passwd', 'x'.repeat(5000)].map(
    (key): [string, () => string, number] => [`the key ${String(key).slice(0, 20)}`, () => request({ key }), 401],
  ),
  ['a key in the address', () => request({ key: null, path: `/v1/models?api_key=${api.key}` }), 401],
  ['a key in another header', () => request({ key: null, headers: [`x-api-key: ${api.key}`] }), 401],
  ...[
    '/',
    '/v1',
    '/v1/models/../../etc/passwd',
    '/v1/files/..%2f..%2fetc',
    '/v1/engines',
    '/rpc',
    '/upload',
    '/session',
    '/%00',
    '/v1/files/file-x/content',
  ].map((path): [string, () => string, number] => [`the path ${path}`, () => request({ path }), 404]),
  ['a wrong method', () => request({ method: 'DELETE', path: '/v1/models' }), 405],
  ['OPTIONS, as a browser asks before', () => request({ method: 'OPTIONS', path: '/v1/chat/completions' }), 405],
  ['no content type', () => request({ method: 'POST', path: '/v1/chat/completions', body: '{}' }), 415],
  ['a form as text', () => json('{}', { headers: ['Content-Type: text/plain'] }), 415],
  ...['{', '', 'null', '[]', '"text"', '{"a":', '[[[[[[', 'NaN', '{"model":1}', '{"__proto__":{"x":1}}'].map(
    (body): [string, () => string, number] => [
      `the body ${body}`,
      () => json(body, { length: Buffer.byteLength(body) }),
      400,
    ],
  ),
  ['a deep body', () => json('['.repeat(100_000)), 400],
  ['a body said to be 1 GB', () => json('{}', { length: 2 ** 30 }), 413],
  ['a negative length', () => json('{}', { length: -1 }), 400],
  [
    'a body in two lengths',
    () => json('{}', { headers: ['Content-Type: application/json', 'Content-Length: 9'] }),
    400,
  ],
  ['-1 tokens', () => chat([{ role: 'user', content: 'a' }], { max_tokens: -1 }), 400],
  ['2^63 tokens', () => chat([{ role: 'user', content: 'a' }], { max_tokens: 2 ** 63 }), 400],
  ['half a token', () => chat([{ role: 'user', content: 'a' }], { max_tokens: 0.5 }), 400],
  ['a budget beyond all', () => chat([{ role: 'user', content: 'a' }], { rocketdoc: { budget: 1e300 } }), 400],
  ['a mode of its own', () => chat([{ role: 'user', content: 'a' }], { rocketdoc: { mode: '__proto__' } }), 400],
  ['a path as a file', () => chat(fileMessage({ file_id: '/etc/passwd' })), 404],
  ['a path behind the handle', () => chat(fileMessage({ file_id: 'file-../../library.sqlite' })), 404],
  ['an address as data', () => chat(fileMessage({ file_data: 'file:///etc/passwd', filename: 'a.txt' })), 400],
  ['a remote address as data', () => chat(fileMessage({ file_data: 'http://127.0.0.1:1/', filename: 'a.txt' })), 400],
  [
    'an upload said to be 10 GB',
    () =>
      request({
        method: 'POST',
        path: '/v1/files',
        headers: ['Content-Type: multipart/form-data; boundary=x'],
        length: 10 * 2 ** 30,
      }),
    413,
  ],
  [
    'a form without an end',
    () =>
      request({
        method: 'POST',
        path: '/v1/files',
        headers: ['Content-Type: multipart/form-data; boundary=x'],
        body: '--x\r\nContent',
      }),
    400,
  ],
  [
    'a form without a boundary',
    () =>
      request({ method: 'POST', path: '/v1/files', headers: ['Content-Type: multipart/form-data; a=b'], body: 'x' }),
    400,
  ],
  ['no HTTP at all', () => '\u0016\u0003\u0001\r\n\r\n', 400],
  ['a line without an end', () => `GET /${'a'.repeat(100_000)}`, 431],
];

describe('a hostile request', () => {
  it('is one of more than sixty', () => expect(hostile.length).toBeGreaterThanOrEqual(60));

  it.each(hostile)('with %s is refused', async (_, make, status) => {
    const answer = await raw(make());
    expect(answer.split('\r\n')[0]).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).not.toContain('"object":"list"');
    expect(answer.toLowerCase()).not.toContain('access-control-allow');
  });

  it('names a file with a path, and only its last part is kept, inside of the library', async () => {
    const form = new FormData();
    form.set('purpose', 'user_data');
    form.set('file', new Blob(['The lamp is red.']), '..\\..\\/etc/../évil\u0000:name.txt');
    const answer = await fetch(`${api.baseURL}/files`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${api.key}` },
      body: form,
    });
    const { filename } = (await answer.json()) as { filename: string };
    expect(answer.status).toBe(200);
    expect(filename).not.toMatch(/[/\\:\p{Cc}]|\.\./u);
  });
});

it('a thousand at once, and slow ones, take no answer from the window', async () => {
  const { app } = api;
  const slow = Array.from({ length: 50 }, () => {
    const socket = connect(api.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('POST /v1/chat/completions HTTP/1.1\r\nHost: 127');
    return socket;
  });
  let release = () => {};
  script.answering = new Promise((resolve) => (release = resolve));
  const own = app.chats.create(documentId);
  const job = ask(app, own.id, { question: 'How high?', parentId: null, choice: {} });
  const statuses = await Promise.all(
    Array.from({ length: 1000 }, () =>
      fetch(`${api.baseURL}/models`, { headers: { Authorization: 'Bearer rd-wrong' } }).then(
        ({ status }) => status,
        () => 0,
      ),
    ),
  );
  release();
  for await (const _ of job.watch());
  expect(app.chats.turns(own.id)).toMatchObject([{ state: 'done', answer: 'Forty-one.' }]);
  for (const status of statuses) expect([0, 401]).toContain(status);
  for (const socket of slow) socket.destroy();
  const after = await fetch(`${api.baseURL}/models`, { headers: { Authorization: `Bearer ${api.key}` } });
  expect(after.status).toBe(200);
}, 60_000);
