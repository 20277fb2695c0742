/** What the build changes in libraries: the changed code does the same for what is used, and a library that is no longer as expected is noticed. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { libraryChanges } from '../../../electron/setup/library-changes.mjs';
import { modulesDir, root } from '../../../electron/setup/paths.mjs';
import { filesBelow } from '../../../electron/setup/staleness.mjs';

const library = join(modulesDir, 'node-llama-cpp', 'dist');

/** The code of a module after all changes. */
function changed(file: string, code = readFileSync(file, 'utf8')): string {
  let now = code;
  for (const { transform } of libraryChanges) {
    const result = typeof transform === 'function' ? Reflect.apply(transform, undefined, [now, file]) : null;
    if (result) now = (result as { code: string }).code;
  }
  return now;
}

interface Parsed {
  metadata: { tokenizer: { ggml: Record<string, unknown> } };
}

async function parsed(parser: string, model: string): Promise<Parsed> {
  const load = async (path: string) =>
    (await import(pathToFileURL(path).href)) as Record<string, new (...args: unknown[]) => object>;
  const { GgufV2Parser } = await load(parser);
  const { GgufFsFileReader } = await load(join(library, 'gguf', 'fileReaders', 'GgufFsFileReader.js'));
  const { GgufReadOffset } = await load(join(library, 'gguf', 'utils', 'GgufReadOffset.js'));
  if (!GgufV2Parser || !GgufFsFileReader || !GgufReadOffset) throw new Error('node-llama-cpp has other classes now.');
  const fileReader = new GgufFsFileReader({ filePath: join(root, 'assets', 'models', model) });
  const afterVersion = 8; // bytes
  const readOffset = new GgufReadOffset(afterVersion);
  return (new GgufV2Parser({ fileReader, readOffset }) as { parse(): Promise<Parsed> }).parse();
}

it.each(['SmolLM2-135M-Instruct.Q4_1.gguf', 'Qwen2.5-Coder-0.5B-Instruct.Q4_0-00001-of-00003.gguf'])(
  'reads the header of %s as before, but for the words of the vocabulary, of which it knows the number',
  async (model) => {
    const original = join(library, 'gguf', 'parser', 'GgufV2Parser.js');
    const file = join(mkdtempSync(join(tmpdir(), 'rocketdoc-')), 'parser.mjs');
    const address = (_: string, path: string) => `from "${new URL(path, pathToFileURL(original)).href}"`;
    writeFileSync(
      file,
      changed(original)
        .replace(/from "(\.[^"]+)"/g, address)
        .replace(/\/\/# source.*/, ''),
    );
    const [before, after] = await Promise.all([parsed(original, model), parsed(file, model)]);
    const { tokens } = after.metadata.tokenizer.ggml as { tokens: unknown[] };
    expect(Object.keys(tokens)).toEqual([]); // an array without elements
    expect(tokens.length).toBeGreaterThan(10_000);
    const withoutElements = (value: unknown) => (Array.isArray(value) ? { length: value.length } : value);
    for (const { metadata } of [before, after]) {
      const { ggml } = metadata.tokenizer;
      for (const name of Object.keys(ggml)) ggml[name] = withoutElements(ggml[name]);
    }
    expect(after).toEqual(before);
  },
);

it('says which module of node-llama-cpp is no longer as expected', () => {
  expect(() => changed(join(library, 'gguf', 'parser', 'GgufV2Parser.js'), 'export class GgufV2Parser {}')).toThrow(
    'gguf/parser/GgufV2Parser.js of node-llama-cpp has no',
  );
});

it('leaves no question of oRPC for the class FormData, and its answer is the same', () => {
  const files = filesBelow(join(modulesDir, '@orpc'), (name) => /(\/|\.mjs)$/.test(name));
  const asking = files.filter((file) => readFileSync(file, 'utf8').includes('instanceof FormData'));
  expect(asking.length).toBeGreaterThan(0);
  for (const file of asking) expect(changed(file)).not.toContain('instanceof FormData');
  const code = changed(join(dirname(asking[0] ?? ''), 'x.mjs'), 'return value instanceof FormData');
  const isForm = new Function('value', code) as (value: unknown) => boolean;
  expect([new FormData(), new URLSearchParams(), {}, null, undefined, 'FormData'].map(isForm)).toEqual([
    true,
    ...Array(5).fill(false),
  ]);
});
