/** The checksums of a package's native files, checked on a folder that looks like a package. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkPackedFiles } from '../../../electron/app-host/packed-files.ts';
import { dropLoaderVariables } from '../../../electron/main/loader-variables.ts';
import { isNativeFile, listNativeFiles } from '../../../native/list-native-files.mjs';
import { nativeFilesOf } from '../../../native/native-files.ts';

const files = {
  'native/build/Release/rocketdoc.node': 'addon',
  'node_modules/@node-llama-cpp/linux-x64/bins/linux-x64/libggml-base.so': 'base',
  'node_modules/@node-llama-cpp/linux-x64-cuda/bins/linux-x64-cuda/libggml-cuda.so': 'cuda',
  'node_modules/@photostructure/sqlite/prebuilds/linux-x64/x.glibc.node': 'sqlite',
};
let dir = '';
let root = '';
const at = (name: string) => join(root, name);
const write = (path: string, text: string) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
};

/** Makes a folder like a package on disk: the list is in the archive (which Electron shows as a folder), the files lie beside it. */
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rocketdoc-native-'));
  root = join(dir, 'app.asar.unpacked');
  for (const [name, text] of Object.entries(files)) write(at(name), text);
  mkdirSync(at('node_modules/node-llama-cpp'), { recursive: true });
  const sums = Object.entries(files).map(([name, text]) => [name, createHash('sha256').update(text).digest('hex')]);
  write(join(dir, 'app.asar', 'out', 'main', 'native-files.json'), JSON.stringify(Object.fromEntries(sums)));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('lets pass what was packed, file by file and by folder', () => {
  const packed = nativeFilesOf(root);
  expect(packed.isPacked).toBe(true);
  packed.check([...Object.keys(files).map(at), at('node_modules'), at('not/there'), at('native')]);
  checkPackedFiles(true, packed);
});

it('lets everything pass where nothing was packed', () => {
  const sources = nativeFilesOf(join(dir, 'elsewhere'));
  expect(sources.isPacked).toBe(false);
  sources.check([at('native')]);
});

it.each(Object.keys(files))('refuses %s with one byte flipped', (name) => {
  const bytes = readFileSync(at(name));
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  writeFileSync(at(name), bytes);
  const file = name.split('/').at(-1);
  const sentence = `RocketDoc was changed after it was packed: ${file} is not the one that was packed: its checksum differs. It is not loaded. Install RocketDoc again.`;
  expect(() => nativeFilesOf(root).check([at(name)])).toThrow(sentence);
  expect(() => nativeFilesOf(root).check([dirname(at(name))])).toThrow(sentence);
});

it('refuses a library that was added, also as a link', () => {
  const folder = at('node_modules/@node-llama-cpp/linux-x64/bins/linux-x64');
  write(join(folder, 'libggml-cpu-best.so'), 'added');
  expect(() => nativeFilesOf(root).check([folder])).toThrow('libggml-cpu-best.so did not come with it');
  rmSync(join(folder, 'libggml-cpu-best.so'));
  symlinkSync(tmpdir(), join(folder, 'more'));
  expect(() => nativeFilesOf(root).check([folder])).toThrow('more did not come with it');
});

it('the main process looks at what it loads itself, and wants the list in a package', () => {
  const bad = (name: string) => {
    write(at(name), 'other');
    expect(() => checkPackedFiles(true, nativeFilesOf(root))).toThrow('Install RocketDoc again.');
    checkPackedFiles(false, nativeFilesOf(root));
    if (name in files) write(at(name), files[name as keyof typeof files]);
    else rmSync(at(name));
    checkPackedFiles(true, nativeFilesOf(root));
  };
  bad('node_modules/@photostructure/sqlite/prebuilds/linux-x64/x.glibc.node');
  bad('node_modules/@node-llama-cpp/linux-x64/bins/linux-x64/libggml-base.so');
  bad('node_modules/node-llama-cpp/llama/localBuilds/linux-x64/llama-addon.node');
  expect(() => checkPackedFiles(true, nativeFilesOf(dir))).toThrow('list of RocketDoc’s native files is missing');
});

it('forgets the variables that would name other libraries, and keeps the rest', () => {
  const env = {
    ROCKETDOC_GGML_CUDA: '/tmp/x.so',
    '@PHOTOSTRUCTURE/SQLITE_PREBUILD': '/tmp',
    PREBUILDS_ONLY: '1',
    npm_config_platform: 'x',
    NODE_LLAMA_CPP_GPU: 'cuda',
    PATH: '/bin',
    CUDA_VISIBLE_DEVICES: '0',
  };
  dropLoaderVariables(env);
  expect(env).toEqual({ PATH: '/bin', CUDA_VISIBLE_DEVICES: '0' });
});

it('knows native files by their names', () => {
  const native = ['a.node', 'libx.so', 'libx.so.1.2', 'x.DLL', 'x.dylib', 'x.metallib', 'x.exe'];
  expect(native.filter((name) => !isNativeFile(name))).toEqual([]);
  expect(['x.js', 'x.json', 'LICENSE', 'so', 'x.sober', 'x.wasm'].filter(isNativeFile)).toEqual([]);
  // In a checkout the list has at least the packages that are installed.
  const listed = Object.entries(listNativeFiles());
  expect(listed.some(([name]) => name.includes('@photostructure/sqlite/prebuilds/'))).toBe(true);
  const built = listed.map(([name]) => name).filter((name) => name.startsWith('native/'));
  expect(
    built.filter((name) => !/\/(rocketdoc\.node|librocketdoc_kernels\.so|rocketdoc_kernels\.dll)$/.test(name)),
  ).toEqual([]);
  for (const [, sum] of listed) expect(sum).toMatch(/^[0-9a-f]{64}$/);
});
