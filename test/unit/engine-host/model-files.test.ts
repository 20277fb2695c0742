/** Models in several files, models behind links, and files that only have the name of a model. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { wrongKind } from '../../../electron/engine-host/file-kind.ts';
import { findModel } from '../../../electron/engine-host/model-check.ts';
import { modelFileTitle, partPaths } from '../../../electron/engine-host/model-files.ts';

let dir: string;
const at = (name: string) => join(dir, name);
const part = (n: number, of = 3) => `m.Q4-${String(n).padStart(5, '0')}-of-${String(of).padStart(5, '0')}.gguf`;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rocketdoc-'));
  for (const n of [1, 2, 3]) writeFileSync(at(part(n)), 'GGUF');
});

describe('a model in three files', () => {
  it.each([1, 2, 3])('is found by part %i', async (n) => {
    const found = await findModel(at(part(n)));
    expect(found.map(({ path }) => basename(path))).toEqual([part(1), part(2), part(3)]);
  });

  it.each([1, 2, 3])('without part %i names it', async (n) => {
    rmSync(at(part(n)));
    const message = `This model is in 3 files, and part ${n} is not there: ${part(n)} is missing in ${dir}. Put it beside the others.`;
    for (const asked of [1, 2, 3])
      await expect(findModel(at(part(asked)))).rejects.toMatchObject({ code: 'MODEL_MISSING', message });
  });

  it('is found by a link of another name, and by links as the Hugging Face cache makes them', async () => {
    symlinkSync(at(part(2)), at('mine.gguf'));
    expect((await findModel(at('mine.gguf'))).map(({ path }) => basename(path))).toEqual([part(1), part(2), part(3)]);
    const cache = at('snapshot');
    mkdirSync(cache);
    for (const n of [1, 2, 3]) {
      writeFileSync(at(`blob${n}`), 'GGUF');
      symlinkSync(at(`blob${n}`), join(cache, part(n)));
    }
    const found = await findModel(join(cache, part(3)));
    expect(found.map(({ path }) => path)).toEqual([1, 2, 3].map((n) => join(cache, part(n))));
    rmSync(at('blob2'));
    await expect(findModel(join(cache, part(1)))).rejects.toMatchObject({
      code: 'MODEL_MISSING',
      message: `${join(cache, part(2))} is a link to ${at('blob2')}, and no file is there.`,
    });
  });

  it('has a title without numbers', () => {
    expect(modelFileTitle(at(part(2)))).toBe('m.Q4');
    expect(modelFileTitle('/x/other.GGUF')).toBe('other');
  });

  it.each([
    'm-00000-of-00003.gguf',
    'm-00004-of-00003.gguf',
    'm-1-of-3.gguf',
    'm-00001-of-00000.gguf',
    'm-00001-of-99999.gguf',
  ])('is not what %s names', (name) => expect(partPaths(at(name))).toEqual([at(name)]));
});

describe('links', () => {
  it('that lead nowhere or in a circle are called so', async () => {
    symlinkSync(at('gone'), at('broken.gguf'));
    await expect(findModel(at('broken.gguf'))).rejects.toThrow(`is a link to ${at('gone')}, and no file is there.`);
    symlinkSync(at('b.gguf'), at('a.gguf'));
    symlinkSync(at('a.gguf'), at('b.gguf'));
    await expect(findModel(at('a.gguf'))).rejects.toThrow('is a link that leads back to itself.');
  });
});

const pointer =
  'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 4920739232\n';

describe('what is no model', () => {
  it.each([
    ['a pointer', pointer, /Git LFS pointer to a file of 4,920,739,232 bytes/],
    ['a page', '\n<!DOCTYPE html>\n<html class="">', /web page/],
    ['a page with a comment', '<!-- x --> <HTML>', /web page/],
    ['an answer', '{"error":"Repository not found"}', /a server's answer .*Repository not found/],
    ['an error of a bucket', '<?xml version="1.0"?><Error><Code>AccessDenied', /storage server/],
    ['nothing', '', /empty/],
    ['an archive', 'PK\u0003\u0004', /ZIP/],
    ['safetensors', '\u0010\u0001\0\0\0\0\0\0{"x":', /safetensors/],
    ['old GGML', 'tjgg\u0001\0\0\0', /before GGUF/],
  ])('%s is called what it is', async (_, content, message) => {
    writeFileSync(at('x.gguf'), content);
    await expect(findModel(at('x.gguf'))).rejects.toMatchObject({
      code: 'MODEL_FORMAT',
      message: expect.stringMatching(message),
    });
  });

  it('is for the engine to say where it is something else', () => {
    expect(wrongKind(Buffer.from('GGUF\u0003'))).toBeUndefined();
    expect(wrongKind(Buffer.from('Some text <html>'))).toBeUndefined();
  });

  it('is seen in a further part as well', async () => {
    writeFileSync(at(part(2)), pointer);
    await expect(findModel(at(part(1)))).rejects.toThrow(`${part(2)} is not a model: it is a Git LFS pointer`);
  });
});
