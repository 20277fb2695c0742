import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { readCatalogue } from '../../../../electron/app-host/models/model-catalogue.ts';
import { factsOf } from '../../../../electron/app-host/models/model-facts.ts';
import { catalogueModelSchema, catalogueSchema } from '../../../../electron/contract/models.ts';

const shipped = fileURLToPath(new URL('../../../../assets/models/catalogue.json', import.meta.url));
const families = fileURLToPath(new URL('../../../../native/arch/families.def', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'rocketdoc-catalogue-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const own = join(dir, 'catalogue.json');

const entry = {
  id: 'mine',
  title: 'Mine',
  publisher: 'Me',
  licence: 'MIT',
  url: 'https://example.org/mine.gguf',
  fileName: 'mine.gguf',
  bytes: 5000,
  sha256: 'a'.repeat(64),
  contextTokens: 4096,
  weightType: 'q8_0',
  layers: 2,
  kvHeads: 1,
  headDim: 64,
};

describe('the catalogue that travels along', () => {
  it('has entries that differ, each of a file that its address names', () => {
    const { models, problems } = readCatalogue(shipped, own);
    expect(problems).toEqual([]);
    expect(models.length).toBe(catalogueSchema.parse(JSON.parse(readFileSync(shipped, 'utf8'))).models.length);
    for (const model of models) {
      expect(model.url).toMatch(/^https:\/\/huggingface\.co\/[\w.-]+\/[\w.-]+\/resolve\/([0-9a-f]{40}|main)\//);
      expect(model.url.endsWith(`/${model.fileName}`)).toBe(true);
    }
    const known = models.flatMap(({ sha256 }) => sha256 ?? []);
    expect(new Set(known).size).toBe(known.length);
  });

  it('has models of families that the engine runs', () => {
    const runs = [...readFileSync(families, 'utf8').matchAll(/^FAMILY\("([^"]+)"/gm)].map(([, name]) => name);
    expect(runs.length).toBeGreaterThan(1);
    // The list shows each model's architecture before its file is there.
    for (const { id, family } of readCatalogue(shipped, own).models) expect(runs, id).toContain(family);
  });

  it('gives the KV of a whole context wherever a layer has a window', () => {
    const { models } = readCatalogue(shipped, own);
    for (const model of models.filter(({ windows }) => windows.length > 0)) {
      expect(factsOf(model)).toBeDefined();
      for (const { tokens } of model.windows) expect(tokens).toBeLessThan(model.contextTokens ?? 0);
    }
  });
});

describe('entries of one’s own', () => {
  it('come after those, in the same form', () => {
    writeFileSync(own, JSON.stringify({ models: [entry] }));
    const { models, problems } = readCatalogue(shipped, own);
    expect(models.at(-1)).toEqual({
      ...{ ...entry, note: '', more: [], family: null, aboutBytes: null },
      ...{ windows: [], sharingLayers: 0, stateBytes: 0 },
    });
    expect(problems).toEqual([]);
  });

  it('are left out with a sentence where they are wrong; the others stay', () => {
    const wrong = [
      { ...entry, id: 'a', fileName: '../a.gguf' },
      { ...entry, id: 'b', url: 'http://example.org/b.gguf', fileName: 'b.gguf' },
      { ...entry, id: 'embedded', fileName: 'c.gguf' },
      { ...entry, id: 'd', fileName: 'd.gguf', sha256: 'short' },
      { ...entry, title: undefined, id: 'e', fileName: 'e.gguf' },
      'no entry',
      { ...entry, id: 'llama-3.2-1b', fileName: 'f.gguf' },
      { ...entry, id: 'g', fileName: 'MINE.gguf' },
    ];
    writeFileSync(own, JSON.stringify({ models: [entry, ...wrong] }));
    const { models, problems } = readCatalogue(shipped, own);
    expect(models.filter(({ title }) => title === 'Mine')).toHaveLength(1);
    expect(problems).toHaveLength(wrong.length);
    expect(problems[0]).toMatch(/^The catalogue's entry “Mine” is left out: fileName: must be a plain file name/);
    expect(problems[1]).toContain('must begin with https://');
    expect(problems[6]).toContain('its id is there already');
    expect(problems[7]).toContain('its fileName is there already');
  });

  it.each(['{', '[]', '{"models": 7}', ''])('in a broken file %j cost nothing but a sentence', (text) => {
    writeFileSync(own, text);
    const { models, problems } = readCatalogue(shipped, own);
    expect(models.length).toBeGreaterThan(1);
    expect(problems).toHaveLength(1);
  });
});

it.each([
  '../x.gguf',
  '..\\x.gguf',
  'a/b.gguf',
  'a\\b.gguf',
  'C:x.gguf',
  'x.gguf\0',
  'a..gguf',
  'a..b.gguf',
  '.hidden.gguf',
  'con.gguf',
  'NUL.gguf',
  'com1.gguf',
  'lpt9.x.gguf',
  'x.exe',
  'x.gguf.exe',
  'x .gguf ',
  '',
  `${'x'.repeat(200)}.gguf`,
  'ｘ／..／y.gguf',
])('a file name %j is refused', (fileName) => {
  expect(catalogueModelSchema.safeParse({ ...entry, fileName }).success).toBe(false);
});

it.each([
  ['https://huggingface.co/a/b/resolve/main/c.gguf', true],
  ['http://127.0.0.1:8000/c.gguf', true],
  ['http://localhost/c.gguf', true],
  ['http://[::1]/c.gguf', true],
  ['http://example.org/c.gguf', false],
  ['http://127.0.0.1.example.org/c.gguf', false],
  ['https://user@example.org/c.gguf', false],
  ['file:///c.gguf', false],
  ['javascript:alert(1)', false],
  ['c.gguf', false],
])('an address %s counts: %s', (url, isFine) => {
  expect(catalogueModelSchema.safeParse({ ...entry, url }).success).toBe(isFine);
});
