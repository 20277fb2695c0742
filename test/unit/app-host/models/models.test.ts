/** Models in the app host, with a real library and real HTTP on this machine, and an engine that computes nothing. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type AppHost, createAppHost } from '../../../../electron/app-host/create-app-host.ts';
import {
  downloadModel,
  listModels,
  openModelInPlace,
  removeModel,
  useModel,
} from '../../../../electron/app-host/models/models.ts';
import { ask } from '../../../../electron/app-host/sessions/answer-question.ts';
import { readDocument } from '../../../../electron/app-host/sessions/read-document.ts';
import { snapshot } from '../../../../electron/app-host/window-api/telemetry.ts';
import type { ModelInfo } from '../../../../electron/contract/engine-reports.ts';
import { AppError } from '../../../../electron/contract/errors.ts';
import { type CatalogueModel, embeddedModelId } from '../../../../electron/contract/models.ts';
import { embeddedPlace } from '../../../fixtures/app-server.ts';
import { type FakeScript, fakeEngine } from '../../../fixtures/fake-engine.ts';
import { type FileServer, startFileServer } from '../../../fixtures/file-server.ts';
import { waitFor } from '../../../fixtures/wait-for.ts';

const bytes = randomBytes(200_000);
const info: ModelInfo = {
  path: '',
  fileBytes: bytes.length,
  architecture: 'llama',
  name: 'Header Name',
  nLayer: 2,
  nEmbd: 64,
  nHead: 2,
  nHeadKv: 1,
  headDim: 32,
  nFf: 64,
  nVocab: 10,
  nCtxTrain: 4096,
  ropeBase: 1,
  ropeScaling: 'none',
  tiedEmbeddings: true,
  weightBytes: 150_000,
  nParams: 10,
  tensorTypes: { f32: 9, q8_0: 4, q4_K: 2 },
  kvBytesPerToken: 256,
  windows: [],
  rowBytes: [128, 128],
  sharedLayers: [],
  recurrentLayers: [],
  stateBytes: 0,
};

let dir: string;
let elsewhere: string;
let server: FileServer;
let entry: CatalogueModel;
let script: FakeScript;
let apps: AppHost[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'rocketdoc-app-'));
  elsewhere = mkdtempSync(join(tmpdir(), 'rocketdoc-elsewhere-'));
  server = await startFileServer({ bytes, etag: '"one"' });
  entry = {
    id: 'small',
    title: 'Small',
    publisher: 'Nobody',
    licence: 'MIT',
    note: '',
    url: server.url,
    fileName: 'small.gguf',
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    contextTokens: 8192,
    weightType: 'q4_K',
    layers: 2,
    kvHeads: 1,
    headDim: 32,
    windows: [],
    sharingLayers: 0,
    stateBytes: 0,
    more: [],
    family: null,
    aboutBytes: null,
  };
  mkdirSync(join(dir, 'assets'));
  writeFileSync(join(dir, 'assets', 'embedded.gguf'), 'GGUF');
  writeFileSync(join(dir, 'catalogue.json'), JSON.stringify({ models: [entry] }));
  script = { pieces: ['Yes.'], inspect: (path) => ({ ...info, path }), calls: [] };
});
afterEach(async () => {
  await Promise.all(apps.map((app) => app.close()));
  apps = [];
  await server.close();
  for (const folder of [dir, elsewhere]) rmSync(folder, { recursive: true, force: true });
});

async function start(modelFolders: string[] = []): Promise<AppHost> {
  const app = await createAppHost({
    dataDir: join(dir, 'data'),
    catalogueFile: join(dir, 'catalogue.json'),
    modelFolders,
    embedded: [
      embeddedPlace(join(dir, 'assets', 'embedded.gguf'), 'Embedded', {
        sha256: 'embedded-hash',
        licence: 'Apache-2.0',
      }),
    ],
    grants: [],
    startEngine: () => fakeEngine(script),
  });
  apps.push(app);
  await app.supervisor.use(async () => {}).catch(() => {});
  return app;
}

async function stop(app: AppHost): Promise<void> {
  apps = apps.filter((other) => other !== app);
  await app.close();
}

/** The list, once every header has been read. */
async function listed(app: AppHost) {
  return waitFor(async () => {
    const { models } = await listModels(app);
    expect(models.map(({ state }) => state)).not.toContain('unread');
    return Object.fromEntries(models.map((model) => [model.id, model]));
  });
}

async function fetched(app: AppHost): Promise<void> {
  await downloadModel(app, 'small');
  await waitFor(() => expect(app.downloads.isRunning).toBe(false));
}

const opened = () =>
  script.calls?.filter(({ verb }) => verb === 'openModel').map(({ input }) => input as { path: string });
const code = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    ({ code }: AppError) => code,
  );

it('lists the embedded model, the catalogue and what lies in folders, with what fits', async () => {
  writeFileSync(join(elsewhere, 'one.gguf'), bytes);
  writeFileSync(join(elsewhere, 'two.GGUF'), bytes);
  writeFileSync(join(elsewhere, 'notes.txt'), 'x');
  script.inspect = (path) => {
    if (path.endsWith('two.GGUF')) throw new AppError('MODEL_UNSUPPORTED', `${path} has the architecture "other".`);
    return { ...info, path };
  };
  const app = await start([elsewhere, join(elsewhere, 'not-there')]);
  const models = Object.values(await listed(app));
  expect(models).toMatchObject([
    { id: 'embedded', title: 'Embedded', source: 'embedded', state: 'here', removal: null, contextTokens: 4096 },
    { id: 'small', source: 'catalogue', state: 'absent', bytes: bytes.length, contextTokens: 8192, weightType: 'q4_K' },
    { title: 'Header Name', fileName: 'one.gguf', source: 'file', state: 'here', weightType: 'q8_0', removal: null },
    { title: 'two', state: 'unusable', problem: 'two.GGUF has the architecture "other".', fit: null },
  ]);
  expect(models.map(({ fit }) => fit?.level)).toEqual(['fits', 'no', 'fits', undefined]);
  expect(models.map(({ fit }) => fit?.isEstimate)).toEqual([false, true, false, undefined]);
  expect(JSON.stringify(models)).not.toContain(elsewhere);
  expect(JSON.stringify(models)).not.toContain(dir);
});

it('looks at a header once, and again when the file is another one', async () => {
  const file = join(elsewhere, 'one.gguf');
  writeFileSync(file, bytes);
  const looks = () => script.calls?.filter(({ verb, input }) => verb === 'inspect' && input === file).length;
  const app = await start([elsewhere]);
  await listed(app);
  await listed(app);
  expect(looks()).toBe(1);
  await stop(app);
  const again = await start([elsewhere]);
  await listed(again);
  expect(looks()).toBe(1);
  utimesSync(file, new Date(), new Date(1_700_000_000_000));
  await listed(again);
  expect(looks()).toBe(2);
});

it('survives a file that kills the process that looks at it, and does not look again', async () => {
  writeFileSync(join(elsewhere, 'evil.gguf'), bytes);
  script.inspect = (path) => {
    if (path.endsWith('evil.gguf')) throw new AppError('ENGINE_CRASH', 'The engine ended by SIGSEGV.');
    return { ...info, path };
  };
  const app = await start([elsewhere]);
  const { generation } = app.supervisor;
  const evil = Object.values(await listed(app)).at(-1);
  expect(evil).toMatchObject({ state: 'unusable', problem: expect.stringContaining('ended the process') });
  expect(app.supervisor.generation).toBe(generation);
  expect(app.supervisor.state.state).toBe('ready');
  expect(await code(useModel(app, evil?.id ?? ''))).toBe('MODEL_UNSUPPORTED');
});

it('fetches, switches, keeps the choice over a restart, and goes back', async () => {
  const app = await start();
  await fetched(app);
  expect((await listed(app)).small).toMatchObject({ state: 'here', removal: 'delete', contextTokens: 4096 });
  expect(snapshot(app).models.downloads).toEqual([]);
  await useModel(app, 'small');
  expect(app.supervisor.state).toMatchObject({
    state: 'ready',
    modelFile: { id: 'small', title: 'Small', licence: 'MIT' },
  });
  expect(opened()?.at(-1)?.path).toBe(join(dir, 'data', 'models', 'small.gguf'));
  expect(app.counter.countedWith).toBe(entry.sha256);
  const before = opened()?.length;
  await useModel(app, 'small'); // it is open already
  expect(opened()).toHaveLength(before ?? 0);
  await stop(app);
  const again = await start();
  expect(again.supervisor.state).toMatchObject({ state: 'ready', modelFile: { id: 'small' } });
  await useModel(again, embeddedModelId);
  expect(again.supervisor.state.modelFile).toMatchObject({ id: 'embedded', title: 'Embedded' });
  expect(again.counter.countedWith).toBe('embedded-hash');
});

it('lets go of documents and ends what runs when it switches', async () => {
  script.pauseMs = 20;
  script.pieces = Array.from({ length: 200 }, () => 'word ');
  const app = await start();
  await fetched(app);
  const text = 'The rent is 950.';
  const parsed = { title: 'a', format: 'txt' as const, notes: [], text, pages: [{ label: '1', start: 0, end: 16 }] };
  const tokens = { total: 5, pages: [5], countedWith: 'embedded-hash' };
  const document = app.documents.add({ parsed, fileName: 'a.txt', fileBytes: 16, sha256: 'x', tokens });
  for await (const _ of readDocument(app, document.id, null).watch());
  expect(app.session().documents).toHaveLength(1);
  const chat = app.chats.create(document.id);
  const job = ask(app, chat.id, { question: 'What is the rent?', parentId: null, choice: {} });
  for await (const event of job.watch()) if (event.type === 'delta') break;
  await useModel(app, 'small');
  await job.over;
  expect(app.session().documents).toEqual([]);
  expect(app.jobs.list).toEqual([]);
  expect(app.chats.turns(chat.id)[0]).toMatchObject({ state: 'stopped', answer: expect.stringContaining('word') });
  // The count of the model before is not shown any more; the tokens are counted again when they are needed.
  expect(app.documents.list(app.counter.countedWith)[0]?.tokens).toBeNull();
  expect(app.documents.list('embedded-hash')[0]?.tokens).toBe(5);
});

it('two switches at once end with the last one and one engine', async () => {
  let open = 0;
  const app = await start();
  await fetched(app);
  const engine = () => {
    open++;
    const made = fakeEngine(script);
    const close = async () => {
      open--;
      await made.close();
    };
    return { ...made, close };
  };
  await stop(app);
  const busy = await createAppHost({
    dataDir: join(dir, 'data'),
    catalogueFile: join(dir, 'catalogue.json'),
    embedded: [
      embeddedPlace(join(dir, 'assets', 'embedded.gguf'), 'Embedded', {
        sha256: 'embedded-hash',
        licence: 'Apache-2.0',
      }),
    ],
    grants: [],
    startEngine: engine,
  });
  apps.push(busy);
  await busy.supervisor.use(async () => {});
  const before = open;
  await Promise.all([useModel(busy, 'small'), busy.supervisor.reopen(), useModel(busy, 'small')]);
  await useModel(busy, embeddedModelId);
  await busy.supervisor.use(async () => {});
  expect(busy.supervisor.state).toMatchObject({ state: 'ready', modelFile: { id: 'embedded' } });
  // The host that reads headers may still be running.
  expect(open - before).toBeLessThanOrEqual(1);
});

it.each([
  ['gone', (file: string) => rmSync(file), 'MODEL_MISSING', 'Small is not there any more'],
  ['cut short', (file: string) => truncateSync(file, 1000), 'MODEL_TRUNCATED', '1,000 bytes instead of 200,000'],
  ['another', (file: string) => writeFileSync(file, randomBytes(200_000)), 'MODEL_CHECKSUM', 'not the publisher'],
])('a chosen model whose file is %s is not opened, and the sentence has no path', async (_, harm, expected, words) => {
  const app = await start();
  await fetched(app);
  await useModel(app, 'small');
  await stop(app);
  harm(join(dir, 'data', 'models', 'small.gguf'));
  const before = opened()?.length;
  const again = await start();
  const { state, failure, modelFile } = again.supervisor.state;
  expect({ state, code: failure?.code }).toEqual({ state: 'failed', code: expected });
  expect(failure?.message).toContain(words);
  expect(failure?.message).not.toContain(dir);
  expect(modelFile).toMatchObject({ id: 'small', title: 'Small' });
  expect(opened()).toHaveLength(before ?? 0);
  // The button of the window does this one call.
  await useModel(again, embeddedModelId);
  expect(again.supervisor.state.state).toBe('ready');
});

it('shows no path of a model that the engine cannot open', async () => {
  script.failOpen = new AppError('MODEL_MISSING', `There is no model file at ${join(dir, 'assets', 'embedded.gguf')}.`);
  const app = await start();
  expect(app.supervisor.state).toMatchObject({
    state: 'failed',
    failure: { code: 'MODEL_MISSING', message: 'There is no model file at embedded.gguf.' },
  });
});

it('opens a file in place by its grant, remembers it, and forgets it without touching it', async () => {
  const file = join(elsewhere, 'mine.gguf');
  writeFileSync(file, bytes);
  const app = await start();
  const grant = app.grants.give(file);
  const { modelId } = await openModelInPlace(app, grant.id);
  expect(modelId).toMatch(/^file-[0-9a-f]{24}$/);
  expect(await openModelInPlace(app, grant.id)).toEqual({ modelId });
  expect((await listed(app))[modelId]).toMatchObject({ title: 'Header Name', removal: 'forget', licence: null });
  await useModel(app, modelId);
  expect(opened()?.at(-1)?.path).toBe(file);
  expect(existsSync(join(dir, 'data', 'models', 'mine.gguf'))).toBe(false);
  expect(await code(removeModel(app, modelId))).toBe('BUSY');
  await stop(app);
  const again = await start();
  expect(again.supervisor.state.modelFile.id).toBe(modelId);
  await useModel(again, embeddedModelId);
  await removeModel(again, modelId);
  expect((await listed(again))[modelId]).toBeUndefined();
  expect(existsSync(file)).toBe(true);
  expect(await code(openModelInPlace(again, 'nobody-gave-this'))).toBe('DOC_MISSING');
});

it('opens no file that is no model', async () => {
  const app = await start();
  const give = (name: string) => {
    writeFileSync(join(elsewhere, name), 'x');
    return app.grants.give(join(elsewhere, name)).id;
  };
  expect(await code(openModelInPlace(app, give('letter.pdf')))).toBe('MODEL_FORMAT');
  script.inspect = (path) => {
    throw new AppError('MODEL_FORMAT', `${path} is not a GGUF model (it begins with "x").`);
  };
  await expect(openModelInPlace(app, give('fake.gguf'))).rejects.toMatchObject({
    message: 'fake.gguf is not a GGUF model (it begins with "x").',
  });
});

it('remembers a model of a named folder that was used, when the folder is not named again', async () => {
  writeFileSync(join(elsewhere, 'one.gguf'), bytes);
  const app = await start([elsewhere]);
  const id = Object.values(await listed(app)).at(-1)?.id ?? '';
  await useModel(app, id);
  await stop(app);
  const again = await start();
  expect(again.supervisor.state).toMatchObject({ state: 'ready', modelFile: { id } });
});

it('deletes a downloaded file', async () => {
  const app = await start();
  await fetched(app);
  const { revision } = app.models;
  await removeModel(app, 'small');
  expect(app.models.revision).toBeGreaterThan(revision);
  expect(existsSync(join(dir, 'data', 'models', 'small.gguf'))).toBe(false);
  expect((await listed(app)).small).toMatchObject({ state: 'absent', removal: null });
});

it('knows after a restart what was half fetched', async () => {
  server.script.pauseMs = 30;
  const app = await start();
  await downloadModel(app, 'small');
  await waitFor(() => expect(app.downloads.list[0]?.done).toBeGreaterThan(60_000));
  await stop(app);
  const again = await start();
  expect(snapshot(again).models.downloads).toMatchObject([{ modelId: 'small', phase: 'paused' }]);
});

it.each(['nobody-knows', 'file-0123'])('knows nothing of a model %s', async (id) => {
  const app = await start();
  expect(await code(useModel(app, id))).toBe('MODEL_MISSING');
  expect(await code(downloadModel(app, id))).toBe('MODEL_MISSING');
  expect(app.supervisor.state).toMatchObject({ state: 'ready', modelFile: { id: 'embedded' } });
});
