/** Models added by their address, and downloads whose size and SHA-256 only the server knows, against a server on this machine. */
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Grants } from '../../../../electron/app-host/granted-files.ts';
import { browseFolder } from '../../../../electron/app-host/models/browse-folder.ts';
import {
  catalogueEntry,
  lookUp,
  quantisationOf,
  repositoryAddress,
} from '../../../../electron/app-host/models/hugging-face.ts';
import { addOwnEntry, readCatalogue } from '../../../../electron/app-host/models/model-catalogue.ts';
import { ModelDownloads } from '../../../../electron/app-host/models/model-downloads.ts';
import type { CatalogueModel, Download } from '../../../../electron/contract/models.ts';
import { type Hub, startHub } from '../../../fixtures/hugging-face.ts';

const revision = 'a'.repeat(40);
const signal = new AbortController().signal;
const part = (n: number) => `big/M-Q8_0-0000${n}-of-00003.gguf`;
let dir: string;
let hub: Hub;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'rocketdoc-hub-'));
  const small = { path: 'M-Q4_K_M.gguf', bytes: randomBytes(20_000) };
  const parts = [2, 1, 3].map((n) => ({ path: part(n), bytes: randomBytes(30_000 + n) }));
  const others = ['README.md', 'mmproj-M-F16.gguf', 'M-Q2_K-00001-of-00002.gguf'].map((path) => ({
    path,
    bytes: randomBytes(2000),
  }));
  hub = await startHub({
    repository: 'owner/M-GGUF',
    revision,
    files: [...parts, small, ...others],
    facts: { gguf: { architecture: 'qwen3', context_length: 40_960 }, cardData: { license: 'apache-2.0' } },
  });
});
afterEach(async () => {
  await hub.close();
  rmSync(dir, { recursive: true, force: true });
});

describe('an address', () => {
  it.each([
    ['owner/name', 'owner/name', 'main', null, null],
    [' https://huggingface.co/owner/name ', 'owner/name', 'main', null, null],
    ['hf.co/owner/name:Q4_K_M', 'owner/name', 'main', null, 'Q4_K_M'],
    ['https://huggingface.co/owner/name/tree/dev', 'owner/name', 'dev', null, null],
    ['https://huggingface.co/o/n/blob/main/sub/m%20x.gguf?download=true#x', 'o/n', 'main', 'sub/m x.gguf', null],
    ['https://huggingface.co/o/n/resolve/main/m.gguf', 'o/n', 'main', 'm.gguf', null],
  ])('%s', (text, repository, at, path, quantisation) => {
    expect(repositoryAddress(text)).toEqual({ repository, revision: at, path, quantisation });
  });

  it.each([
    '',
    'name',
    'https://example.org/o/n',
    'file:///etc/passwd',
    'o/..',
    'o/n/raw/main/../../x',
    'o/n/settings',
    '-o/n',
    'o/n o',
  ])('%j is refused with what is expected', (text) =>
    expect(() => repositoryAddress(text)).toThrow(/Paste owner\/name/),
  );
});

it.each([
  ['a-Q4_K_M.gguf', 'Q4_K_M'],
  ['x/a.i1-IQ3_XXS.gguf', 'IQ3_XXS'],
  ['a-UD-Q4_K_XL-00001-of-00002.gguf', 'UD-Q4_K_XL'],
  ['a_BF16.gguf', 'BF16'],
  ['a-q8_0.gguf', 'Q8_0'],
  ['a-final.gguf', 'a-final'],
])('%s is %s', (path, quantisation) => expect(quantisationOf(path)).toBe(quantisation));

describe('a repository', () => {
  it('lists its models, those in parts once, and what is no whole model not at all', async () => {
    const found = await lookUp('owner/M-GGUF:q8_0', signal, hub.origin);
    expect(found).toEqual({
      repository: 'owner/M-GGUF',
      revision,
      licence: 'apache-2.0',
      family: 'qwen3',
      contextTokens: 40_960,
      models: [
        { path: 'M-Q4_K_M.gguf', quantisation: 'Q4_K_M', bytes: 20_000, parts: 1 },
        { path: part(1), quantisation: 'Q8_0', bytes: 90_006, parts: 3 },
      ],
      named: part(1),
    });
  });

  it.each([
    [401, 'MODEL_MISSING', /everybody may read/],
    [404, 'MODEL_MISSING', /has no repository owner\/M-GGUF/],
    [503, 'IO', /is busy/],
  ])('that answers with %i is a sentence', async (status, code, message) => {
    hub.script.status = status;
    await expect(lookUp('owner/M-GGUF', signal, hub.origin)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('without models, or with an answer of another form, is a sentence', async () => {
    hub.script.files = [{ path: 'model.safetensors', bytes: Buffer.from('x') }];
    await expect(lookUp('owner/M-GGUF', signal, hub.origin)).rejects.toThrow(/holds no GGUF files/);
    hub.script.revision = 'x';
    await expect(lookUp('owner/M-GGUF', signal, hub.origin)).rejects.toThrow(/form that this RocketDoc does not know/);
  });
});

function downloads() {
  const done: { file: string; sha256: string }[] = [];
  const states: Download[] = [];
  const made: ModelDownloads = new ModelDownloads({
    dir,
    onChange: () => states.push(...made.list),
    onDone: (_, file, sha256) => done.push({ file, sha256 }),
    freeBytes: async () => 10 ** 12,
    times: { silenceMs: 500, retryMs: 5 },
  });
  const ended = async (id: string) => {
    for (;;) {
      const state = made.list.find(({ modelId }) => modelId === id);
      if (!state || !['downloading', 'checking'].includes(state.phase)) return state;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  return { made, states, done, ended };
}

describe('a download', () => {
  it('of a model in three files gives the first one its name last, each checked', async () => {
    const model = await catalogueEntry({ repository: 'owner/M-GGUF', revision, path: part(1) }, signal, hub.origin);
    expect(model).toMatchObject({
      id: 'hf-owner-m-q8_0',
      title: 'M Q8_0',
      fileName: 'M-Q8_0-00001-of-00003.gguf',
      licence: 'apache-2.0',
      family: 'qwen3',
    });
    expect(model.more).toHaveLength(2);
    const own = join(dir, 'catalogue.json');
    addOwnEntry(own, model);
    addOwnEntry(own, model);
    expect(readCatalogue(undefined, own)).toEqual({ models: [model], problems: [] });
    const { made, done, ended } = downloads();
    await made.start(model);
    expect(await ended(model.id)).toBeUndefined();
    expect(done).toEqual([{ file: join(dir, model.fileName), sha256: model.sha256 }]);
    for (const file of hub.script.files.filter(({ path }) => path.startsWith('big/')))
      expect(readFileSync(join(dir, file.path.slice(4))).equals(file.bytes)).toBe(true);
    expect(readdirSync(dir).filter((name) => name.includes('.part'))).toEqual([]);
  });

  it('with one wrong part leaves none of them under its name', async () => {
    const model = await catalogueEntry({ repository: 'owner/M-GGUF', revision, path: part(1) }, signal, hub.origin);
    const third = hub.script.files.find(({ path }) => path === part(3));
    if (third) third.bytes = randomBytes(third.bytes.length);
    const { made, ended } = downloads();
    await made.start(model);
    expect(await ended(model.id)).toMatchObject({ phase: 'failed', failure: { code: 'MODEL_CHECKSUM' } });
    expect(readdirSync(dir).filter((name) => name.endsWith('.gguf'))).toEqual([]);
  });

  const undeclared = (): CatalogueModel => ({
    ...{ id: 'small', title: 'Small', publisher: 'owner', licence: 'MIT', note: '', fileName: 'small.gguf', more: [] },
    ...{ url: `${hub.origin}/owner/M-GGUF/resolve/main/M-Q4_K_M.gguf`, bytes: null, sha256: null },
    ...{
      family: null,
      contextTokens: null,
      weightType: 'Q4_K_M',
      layers: null,
      kvHeads: null,
      headDim: null,
      windows: [],
      sharingLayers: 0,
      stateBytes: 0,
      aboutBytes: null,
    },
  });

  it('without size and SHA-256 takes what the server declares, and says so', async () => {
    const { made, states, done, ended } = downloads();
    await made.start(undeclared());
    expect(await ended('small')).toBeUndefined();
    const bytes = hub.script.files.find(({ path }) => path === 'M-Q4_K_M.gguf')?.bytes ?? Buffer.alloc(0);
    expect(done[0]?.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(states.length).toBeGreaterThan(0);
    expect(states.every(({ isDeclared, total }) => isDeclared && total === 20_000)).toBe(true);
    expect(hub.requests[0]).toBe('HEAD /owner/M-GGUF/resolve/main/M-Q4_K_M.gguf');
  });

  it('of other bytes than the server declares is refused', async () => {
    hub.script.declares = { sha256: 'b'.repeat(64) };
    const { made, ended } = downloads();
    await made.start(undeclared());
    expect(await ended('small')).toMatchObject({ phase: 'failed', failure: { code: 'MODEL_CHECKSUM' } });
    expect(existsSync(join(dir, 'small.gguf'))).toBe(false);
  });

  it('of which nothing is declared is not begun', async () => {
    hub.script.declares = { sha256: null };
    const { made } = downloads();
    await expect(made.start(undeclared())).rejects.toThrow(/does not declare size and SHA-256/);
    expect(made.list).toEqual([]);
  });

  it('whose catalogue says another SHA-256 than the server is not begun', async () => {
    const { made } = downloads();
    await expect(made.start({ ...undeclared(), sha256: 'c'.repeat(64) })).rejects.toMatchObject({
      code: 'MODEL_CHECKSUM',
    });
  });
});

describe('folders', () => {
  it('are looked through by ids, for folders and models alone', () => {
    mkdirSync(join(dir, 'models', '.cache'), { recursive: true });
    mkdirSync(join(dir, 'models', 'b'));
    for (const name of ['x-00001-of-00002.gguf', 'x-00002-of-00002.gguf', 'y.GGUF', 'secret.txt'])
      writeFileSync(join(dir, 'models', name), 'GGUF');
    symlinkSync(join(dir, 'gone'), join(dir, 'models', 'broken.gguf'));
    const grants = new Grants([]);
    const found = browseFolder(grants, grants.give(join(dir, 'models')).id);
    expect(found.folders.map(({ name }) => name)).toEqual(['b', '.cache']);
    expect(found.models.map(({ name, bytes }) => [name, bytes])).toEqual([
      ['x', 8],
      ['y', 4],
    ]);
    expect(JSON.stringify(found)).not.toContain(dir);
    expect(grants.pathOf(found.models[0]?.grantId ?? '')).toBe(join(dir, 'models', 'x-00001-of-00002.gguf'));
    expect(browseFolder(grants, found.parentGrantId).folders.map(({ name }) => name)).toEqual(['models']);
    rmSync(join(dir, 'models'), { recursive: true });
    expect(() => browseFolder(grants, found.grantId)).toThrow(/is not there any more/);
    expect(() => browseFolder(grants, '00000000-0000-0000-0000-000000000000')).toThrow(/was not given/);
  });
});
