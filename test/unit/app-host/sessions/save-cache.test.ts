/** Files of documents that are kept on disk, with a fake engine that writes four bytes. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { call } from '@orpc/server';
import { afterEach, expect, it } from 'vitest';
import type { AppHost } from '../../../../electron/app-host/create-app-host.ts';
import { changeDocumentChoice } from '../../../../electron/app-host/planning/method-choice.ts';
import { preflight } from '../../../../electron/app-host/planning/preflight.ts';
import { keptDocuments } from '../../../../electron/app-host/planning/saved-caches.ts';
import { readDocument } from '../../../../electron/app-host/sessions/read-document.ts';
import { clearKept } from '../../../../electron/app-host/sessions/save-cache.ts';
import { appRouter } from '../../../../electron/app-host/window-api/router.ts';
import { snapshot } from '../../../../electron/app-host/window-api/telemetry.ts';
import type { ReadStreamEvent } from '../../../../electron/contract/app.ts';
import { AppError } from '../../../../electron/contract/errors.ts';
import type { FakeServer } from '../../../fixtures/app-server.ts';
import type { FakeScript } from '../../../fixtures/fake-engine.ts';
import { openedDocument } from '../../../fixtures/opened-document.ts';

let server: FakeServer | undefined;
afterEach(() => server?.close());

async function opened(changes: Partial<FakeScript> = {}) {
  const calls: NonNullable<FakeScript['calls']> = [];
  const script: FakeScript = { pieces: [], calls, ...changes };
  const made = await openedDocument(script, false);
  server = made.server;
  made.app.settings.set({ keepRead: true });
  const keptFiles = () =>
    calls.flatMap(({ verb, input }) => (verb === 'readDocument' ? [(input as { keptFile?: string }).keptFile] : []));
  const kv = join(made.server.dataDir, 'kv');
  return { ...made, script, calls, keptFiles, kv };
}

async function read(
  app: AppHost,
  documentId: string,
  keep?: boolean,
  pages: { from: number; to: number } | null = null,
) {
  let last: ReadStreamEvent | undefined;
  for await (const event of readDocument(app, documentId, pages, { keep }).watch()) last = event;
  await app.saving.queue.run(() => {});
  if (last?.type !== 'done') throw new Error('no end');
  return last;
}

it('a document that was read is kept, and loaded the next time', async () => {
  const { app, document, keptFiles, kv } = await opened();
  expect((await preflight(app, document.id, null)).disk).toMatchObject({ isThere: false, problem: null, keeps: true });
  expect(await read(app, document.id)).toMatchObject({ loaded: false, missed: null });
  const [name = ''] = readdirSync(kv);
  expect(name).toMatch(new RegExp(`^${document.id}\\.[0-9a-f]{16}\\.kv$`));
  expect(snapshot(app).kept).toEqual({
    documents: [{ documentId: document.id, bytes: 4, isReady: true }],
    failure: null,
  });
  expect((await preflight(app, document.id, null)).disk).toMatchObject({ isThere: true, bytes: 4 });
  expect(await read(app, document.id)).toMatchObject({ loaded: true });
  expect(keptFiles()).toEqual([undefined, join(kv, name)]);
  // Loading is not stored as a reading: it does not show how fast the model reads.
  const { model } = app.supervisor;
  expect(app.speeds.list(`Fake, ${model?.info.fileBytes} bytes, fake, 1 threads`, 'reading')).toHaveLength(1);
});

it('another cache type, other pages: not the same document, and the newer one takes the place', async () => {
  const { app, document, keptFiles } = await opened();
  await read(app, document.id);
  await read(app, document.id, undefined, { from: 0, to: 0 });
  app.settings.set({ kvType: 'q8_0' });
  expect(keptDocuments(app)).toMatchObject([{ isReady: false }]);
  await read(app, document.id);
  expect(keptFiles()).toEqual([undefined, undefined, undefined]);
  expect(keptDocuments(app)).toMatchObject([{ isReady: true }]);
});

it('each effort is kept by itself; a model without efforts has one', async () => {
  const { app, document, keptFiles, kv, script } = await opened({ hasEffort: true });
  await read(app, document.id);
  const [usual = ''] = readdirSync(kv);
  changeDocumentChoice(app, document.id, { effort: 'high' });
  expect(keptDocuments(app)).toMatchObject([{ isReady: false }]);
  expect((await preflight(app, document.id, null)).disk).toMatchObject({ isThere: false });
  await read(app, document.id);
  expect(keptDocuments(app)).toEqual([{ documentId: document.id, bytes: 8, isReady: true }]);
  const [high = ''] = readdirSync(kv).filter((name) => name !== usual);
  // Both are loaded from here on.
  for (const effort of ['high', 'medium', 'high'] as const) {
    changeDocumentChoice(app, document.id, { effort });
    expect(keptDocuments(app)).toMatchObject([{ isReady: true }]);
    expect((await preflight(app, document.id, null)).disk).toMatchObject({ isThere: true, bytes: 4 });
    expect(await read(app, document.id)).toMatchObject({ loaded: true });
  }
  expect(keptFiles()).toEqual([undefined, undefined, ...[high, usual, high].map((name) => join(kv, name))]);
  // Another cache type takes the place of all.
  changeDocumentChoice(app, document.id, { kvType: 'q8_0' });
  await read(app, document.id);
  expect(app.kept.list).toHaveLength(1);
  changeDocumentChoice(app, document.id, { kvType: 'f16' });
  script.hasEffort = false;
  await app.supervisor.reopen();
  await read(app, document.id);
  // The name is as before there were efforts.
  expect(readdirSync(kv)).toEqual([usual]);
  expect(clearKept(app)).toEqual({ bytes: 4, documents: 1 });
});

it('is not kept where nobody wants it', async () => {
  const { app, document, kv } = await opened();
  await read(app, document.id, false);
  app.settings.set({ keepRead: false });
  await read(app, document.id);
  expect(existsSync(kv)).toBe(false);
  await read(app, document.id, true);
  expect(readdirSync(kv)).toHaveLength(1);
});

it('what cannot be loaded is said, and written anew', async () => {
  const { app, document } = await opened({ missed: 'It is damaged.' });
  await read(app, document.id);
  const file = app.kept.pathOf(document.id, app.kept.list[0]?.key ?? '');
  writeFileSync(file, 'damaged');
  expect(await read(app, document.id)).toMatchObject({ loaded: false, missed: 'It is damaged.' });
  expect(app.kept.list).toMatchObject([{ bytes: 4 }]);
});

it('a disk without room costs the keeping and nothing else, and is said', async () => {
  const { app, document } = await opened({ failKeep: new AppError('DISK_FULL', 'The disk became full.') });
  expect(await read(app, document.id)).toMatchObject({ loaded: false });
  expect(snapshot(app)).toMatchObject({
    kept: { documents: [], failure: 'The disk became full.' },
    held: [{ documentId: document.id }],
  });
});

it('what would take more than is allowed on disk is not kept, as the card says beforehand', async () => {
  // 400 tokens of 4 MB each are read; the pre-flight card counts with the library's 4,000.
  const { app, document } = await opened({ numbers: { model: { kvBytesPerToken: 4e6 } } });
  app.settings.set({ keptGb: 1 });
  await read(app, document.id);
  const { failure } = snapshot(app).kept;
  expect(failure).toMatch(/^It takes 1\.5 GB on disk; 1\.0 GB may be kept there\./);
  expect((await preflight(app, document.id, null)).disk?.problem).toMatch(/^It takes 15\.3 GB on disk; 1\.0 GB may/);
  app.settings.set({ keptGb: 2, kvType: 'q8_0' });
  await read(app, document.id);
  expect(snapshot(app).kept).toMatchObject({ documents: [{ isReady: true }], failure: null });
});

it('goes with its document, and when it is cleared', async () => {
  const { app, document, kv } = await opened();
  await read(app, document.id);
  expect(clearKept(app)).toEqual({ bytes: 4, documents: 1 });
  expect(readdirSync(kv)).toEqual([]);
  await read(app, document.id);
  expect(app.kept.list).toHaveLength(1);
  await call(appRouter(app).library.remove, { documentId: document.id });
  expect([app.kept.list, readdirSync(kv)]).toEqual([[], []]);
});

it('is not left behind by a document that went while its last part was written', async () => {
  let written = () => {};
  const keeping = new Promise<void>((resolve) => {
    written = resolve;
  });
  const { app, document, kv } = await opened({ keeping });
  for await (const _ of readDocument(app, document.id, null).watch());
  app.documents.remove(document.id);
  written();
  await app.saving.queue.run(() => {});
  expect([app.kept.list, readdirSync(kv)]).toEqual([[], []]);
});
