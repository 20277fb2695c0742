import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkModel, embeddedModels } from '../../../electron/engine-host/model-check.ts';

let dir: string;
let file: string;
let options: NonNullable<Parameters<typeof checkModel>[1]>;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rocketdoc-'));
  file = join(dir, 'small.gguf');
  const bytes = Buffer.from('GGUF and so on');
  writeFileSync(file, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const model = {
    file: 'small.gguf',
    name: 'Small',
    size: bytes.length,
    sha256,
    licence: 'MIT',
    context: 10,
    family: 'x',
  };
  options = { dir, catalogue: [model], cacheFile: join(dir, 'cache', 'checked.json') };
});

describe('the embedded model', () => {
  it('is described by the catalogue', () => {
    for (const model of embeddedModels()) {
      const header = readFileSync(new URL(`../../../assets/models/${model.file}`, import.meta.url)).subarray(0, 4);
      expect(header.toString()).toBe('GGUF');
    }
  });

  it('passes when it is whole, and is hashed once', async () => {
    await checkModel(file, options);
    const cache = readFileSync(options.cacheFile ?? '', 'utf8');
    expect(cache).toContain('small.gguf');
    // The same time and size again: the verdict is believed without reading.
    const { atime, mtime } = { atime: new Date(), mtime: new Date(1_700_000_000_000) };
    utimesSync(file, atime, mtime);
    await checkModel(file, options);
    writeFileSync(file, 'GGUF And so on');
    utimesSync(file, atime, mtime);
    await checkModel(file, options);
    utimesSync(file, atime, new Date(1_700_000_001_000));
    await expect(checkModel(file, options)).rejects.toMatchObject({ code: 'MODEL_CHECKSUM' });
  });

  it('is refused with a byte flipped', async () => {
    writeFileSync(file, 'GGUF And so on');
    await expect(checkModel(file, options)).rejects.toMatchObject({ code: 'MODEL_CHECKSUM' });
  });

  it('is refused when it was cut', async () => {
    truncateSync(file, 8);
    await expect(checkModel(file, options)).rejects.toMatchObject({
      code: 'MODEL_TRUNCATED',
      message: expect.stringContaining('8 bytes instead of 14'),
    });
  });

  it('lives with a broken cache', async () => {
    writeFileSync(join(dir, 'broken.json'), '{"x": 1');
    await checkModel(file, { ...options, cacheFile: join(dir, 'broken.json') });
  });
});

describe('any model', () => {
  it('must be there, and be a file', async () => {
    await expect(checkModel(join(dir, 'none.gguf'))).rejects.toMatchObject({ code: 'MODEL_MISSING' });
    await expect(checkModel(dir)).rejects.toMatchObject({ code: 'MODEL_MISSING' });
  });

  it('of a person is not compared with anything', async () => {
    const other = join(dir, 'other.gguf');
    writeFileSync(other, 'x');
    await checkModel(other, options);
  });
});
