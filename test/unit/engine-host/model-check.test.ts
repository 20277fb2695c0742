import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { embeddedHash, embeddedModels, modelsDir } from '../../../electron/engine-host/embedded-models.ts';
import { checkModel } from '../../../electron/engine-host/model-check.ts';

let dir: string;
let file: string;
let options: NonNullable<Parameters<typeof checkModel>[1]>;
const sha256 = (bytes: string) => createHash('sha256').update(bytes).digest('hex');
const content = 'GGUF and so on';

function model(names: string[]) {
  const files = names.map((name) => ({ file: name, size: content.length, sha256: sha256(content) }));
  return { id: 'small', name: 'Small', note: '', publisher: 'X', licence: 'MIT', made: null, context: 10, files };
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rocketdoc-'));
  file = join(dir, 'small.gguf');
  writeFileSync(file, content);
  options = { dir, embedded: [model(['small.gguf'])], cacheFiles: [join(dir, 'cache', 'checked.json')] };
});

/** Every file gets this time, and the texts have one size, so that neither tells that a file changed. */
const time = new Date(1_700_000_000_000);
function write(text: string): void {
  writeFileSync(file, text);
  utimesSync(file, time, time);
}

describe('the embedded models', () => {
  it('are there, below 100 MB a file', () => {
    for (const { files } of embeddedModels())
      for (const { file: name, size } of files) {
        const bytes = readFileSync(join(modelsDir, name));
        expect(bytes.subarray(0, 4).toString()).toBe('GGUF');
        expect(bytes.length).toBe(size);
        expect(size).toBeLessThan(100_000_000);
      }
  });

  it('have a hash of all their files', () => {
    const [first, second] = [model(['a']), model(['a', 'b'])];
    expect(embeddedHash(first)).toBe(sha256(content));
    expect(embeddedHash(second)).toMatch(/^[0-9a-f]{64}$/);
    expect(embeddedHash(second)).not.toBe(embeddedHash(first));
  });

  it('pass when they are whole, and are hashed once for a state of the file', async () => {
    write(content);
    await checkModel(file, options);
    expect(readFileSync(options.cacheFiles?.[0] ?? '', 'utf8')).toContain('small.gguf');
    // Inode, size and time are the same, so the earlier result is taken without reading the file.
    write('GGUF And so on');
    await checkModel(file, options);
    utimesSync(file, time, new Date(1_700_000_001_000));
    await expect(checkModel(file, options)).rejects.toMatchObject({ code: 'MODEL_CHECKSUM' });
  });

  it('are hashed again when another file takes the place, with the same size and time', async () => {
    write(content);
    await checkModel(file, options);
    const kept = join(dir, 'kept');
    renameSync(file, kept); // so that the new file gets another inode
    write('GGUF And so on');
    await expect(checkModel(file, options)).rejects.toMatchObject({ code: 'MODEL_CHECKSUM' });
  });

  it('are refused with a byte flipped, in whichever part', async () => {
    const names = ['p-00001-of-00002.gguf', 'p-00002-of-00002.gguf'];
    for (const name of names) copyFileSync(file, join(dir, name));
    options = { ...options, embedded: [model(names)] };
    const first = join(dir, names[0] ?? '');
    expect((await checkModel(first, options)).map(({ stats }) => stats.size)).toEqual([14, 14]);
    writeFileSync(join(dir, names[1] ?? ''), 'GGUF And so on');
    await expect(checkModel(first, options)).rejects.toMatchObject({
      code: 'MODEL_CHECKSUM',
      message: expect.stringContaining('p-00002-of-00002.gguf is damaged'),
    });
  });

  it('are refused when they were cut', async () => {
    truncateSync(file, 8);
    await expect(checkModel(file, options)).rejects.toMatchObject({
      code: 'MODEL_TRUNCATED',
      message: expect.stringContaining('8 bytes instead of 14'),
    });
  });

  it('live with a broken cache, and with a folder that cannot be written', async () => {
    const broken = join(dir, 'broken.json');
    writeFileSync(broken, '{"x": 1');
    await checkModel(file, { ...options, cacheFiles: [broken] });
    const second = join(dir, 'second.json');
    await checkModel(file, { ...options, cacheFiles: [join(file, 'x.json'), second] });
    expect(existsSync(second)).toBe(true);
  });
});

describe('any model', () => {
  it('must be there, and be a file', async () => {
    await expect(checkModel(join(dir, 'none.gguf'))).rejects.toMatchObject({ code: 'MODEL_MISSING' });
    await expect(checkModel(dir)).rejects.toMatchObject({ code: 'MODEL_MISSING' });
  });

  it('of a person is not compared with anything', async () => {
    const other = join(dir, 'other.gguf');
    writeFileSync(other, 'GGUFx');
    await checkModel(other, options);
  });
});
