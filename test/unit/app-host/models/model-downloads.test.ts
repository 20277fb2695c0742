import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type DownloadOptions, ModelDownloads } from '../../../../electron/app-host/models/model-downloads.ts';
import { TransferRate } from '../../../../electron/app-host/models/transfer-rate.ts';
import type { CatalogueModel, Download } from '../../../../electron/contract/models.ts';
import { type FileServer, startFileServer } from '../../../fixtures/file-server.ts';
import { waitFor } from '../../../fixtures/wait-for.ts';

const bytes = randomBytes(1_000_003);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const GB = 2 ** 30;

let dir: string;
let server: FileServer;
let model: CatalogueModel;
let free: number;
const open: ModelDownloads[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'rocketdoc-models-'));
  server = await startFileServer({ bytes, etag: '"one"' });
  free = 10 * GB;
  const facts = {
    contextTokens: 8192,
    weightType: 'q4_1',
    layers: 30,
    kvHeads: 3,
    headDim: 64,
    windows: [],
    sharingLayers: 0,
    stateBytes: 0,
    note: '',
    more: [],
    family: null,
    aboutBytes: null,
  };
  const names = { id: 'small', title: 'Small', publisher: 'Nobody', licence: 'MIT', fileName: 'small.gguf' };
  model = { ...names, url: server.url, bytes: bytes.length, sha256, ...facts };
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((downloads) => downloads.close()));
  await server.close();
  rmSync(dir, { recursive: true, force: true });
});

function downloads(options: Partial<DownloadOptions> = {}) {
  const done = vi.fn();
  const states: Download[] = [];
  const times = { silenceMs: 500, retryMs: 5 };
  const made: ModelDownloads = new ModelDownloads({
    dir,
    onChange: () => states.push(...made.list),
    onDone: (_, file) => done(file),
    freeBytes: async () => free,
    times,
    ...options,
  });
  open.push(made);
  return { made, done, phases: () => states.map(({ phase }) => phase).filter((name, i, all) => name !== all[i - 1]) };
}

const idle = (made: ModelDownloads) => waitFor(() => expect(made.isRunning).toBe(false), { interval: 2 });
const begun = (made: ModelDownloads) =>
  waitFor(() => expect(made.list[0]?.done).toBeGreaterThan(100_000), { interval: 2 });

it('gives a file its name when its SHA-256 is right, and not before', async () => {
  server.script.pauseMs = 3;
  const { made, done, phases } = downloads();
  await made.start(model);
  await begun(made);
  expect(made.list[0]).toMatchObject({ modelId: 'small', phase: 'downloading', total: bytes.length, failure: null });
  expect(made.list[0]?.bytesPerSecond).toBeGreaterThan(0);
  expect(made.list[0]?.secondsLeft).toBeGreaterThan(0);
  expect(readdirSync(dir).sort()).toEqual(['small.gguf.part', 'small.gguf.part.json']);
  await idle(made);
  expect(done).toHaveBeenCalledExactlyOnceWith(join(dir, 'small.gguf'));
  expect(readdirSync(dir)).toEqual(['small.gguf']);
  expect(readFileSync(join(dir, 'small.gguf')).equals(bytes)).toBe(true);
  expect(phases()).toEqual(['downloading', 'checking']);
  expect(made.list).toEqual([]);
});

it('pauses, and goes on where it was', async () => {
  server.script.pauseMs = 15;
  const { made, done } = downloads();
  await made.start(model);
  await made.start(model); // a second start changes nothing
  await begun(made);
  await made.pause('small');
  const [{ phase, done: have } = { phase: '', done: 0 }] = made.list;
  expect(phase).toBe('paused');
  expect(have).toBeGreaterThan(0);
  const sent = server.sent();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(server.sent()).toBeLessThan(bytes.length);
  await made.start(model);
  await idle(made);
  expect(server.sent() - sent).toBeLessThanOrEqual(bytes.length - have + 128 * 1024);
  expect(server.requests.map(({ range }) => range)).toEqual([undefined, `bytes=${have}-`]);
  expect(done).toHaveBeenCalledOnce();
});

it('finds after a restart what an earlier run left, and finishes it', async () => {
  server.script.pauseMs = 3;
  const first = downloads();
  await first.made.start(model);
  await begun(first.made);
  await first.made.close();
  const second = downloads();
  await second.made.findParts([model, { ...model, id: 'other', fileName: 'other.gguf' }]);
  expect(second.made.list).toMatchObject([{ modelId: 'small', phase: 'paused' }]);
  expect(second.made.list[0]?.done).toBeGreaterThan(0);
  await second.made.start(model);
  await idle(second.made);
  expect(readFileSync(join(dir, 'small.gguf')).equals(bytes)).toBe(true);
});

it('deletes a file with another SHA-256 and says so', async () => {
  const { made, done } = downloads();
  await made.start({ ...model, sha256: 'a'.repeat(64) });
  await idle(made);
  expect(made.list).toMatchObject([
    { phase: 'failed', done: 0, failure: { code: 'MODEL_CHECKSUM', message: expect.stringContaining('deleted') } },
  ]);
  expect(readdirSync(dir)).toEqual([]);
  expect(done).not.toHaveBeenCalled();
  // The next try begins from the first byte.
  await made.start(model);
  await idle(made);
  expect(existsSync(join(dir, 'small.gguf'))).toBe(true);
});

it('says before it begins that the disk has not the room', async () => {
  const { made } = downloads();
  free = 0.3 * GB;
  await expect(made.start({ ...model, bytes: 2 * GB })).rejects.toMatchObject({
    code: 'DISK_FULL',
    message: 'Small needs 2.0 GB more on this disk and 51.2 MB are free for it. Make room, then go on.',
  });
  expect(server.requests).toEqual([]);
  expect(made.list).toEqual([]);
});

it('counts what other downloads were promised', async () => {
  server.script.pauseMs = 20;
  const { made } = downloads();
  free = 256 * 2 ** 20 + 1.5 * bytes.length;
  await made.start(model);
  const other = { ...model, id: 'other', fileName: 'other.gguf' };
  await expect(made.start(other)).rejects.toMatchObject({ code: 'DISK_FULL' });
});

it('cancelling forgets what was fetched', async () => {
  server.script.pauseMs = 3;
  const { made } = downloads();
  await made.start(model);
  await begun(made);
  await made.cancel(model);
  expect(made.list).toEqual([]);
  expect(readdirSync(dir)).toEqual([]);
});

it('says that a server cannot be reached, keeps what is there, and goes on when it is back', async () => {
  server.script.cutAfter = 300_000;
  const { made } = downloads();
  await made.start(model);
  await waitFor(() => expect(server.requests.length).toBeGreaterThan(1), { interval: 1 });
  server.script.status = 503;
  await idle(made);
  expect(made.list).toMatchObject([
    { phase: 'failed', failure: { code: 'IO', message: expect.stringContaining('127.0.0.1 is busy (503)') } },
  ]);
  expect(made.list[0]?.done).toBeGreaterThan(0);
  Object.assign(server.script, { status: undefined, cutAfter: undefined });
  await made.start(model);
  await idle(made);
  expect(existsSync(join(dir, 'small.gguf'))).toBe(true);
});

it('fetches three at a time', async () => {
  server.script.pauseMs = 20;
  const { made } = downloads();
  const named = (id: string) => ({ ...model, id, fileName: `${id}.gguf` });
  for (const id of ['one', 'two', 'three']) await made.start(named(id));
  await expect(made.start(named('four'))).rejects.toMatchObject({ code: 'BUSY' });
});

it('measures the rate over the last seconds', () => {
  let now = 0;
  const rate = new TransferRate(() => now);
  expect(rate.add(0)).toBe(0);
  for (let second = 1; second <= 10; second++) {
    now = second * 1000;
    rate.add(second * 100);
  }
  expect(rate.add(1000)).toBe(100);
  for (let second = 11; second <= 20; second++) {
    now = second * 1000;
    rate.add(1000 + (second - 10) * 300);
  }
  expect(rate.add(4000)).toBe(300);
  expect(rate.add(10)).toBe(0); // fewer bytes than before: the download began again
});
