// Which C++ headers each native room may include. A room is a folder of native/.
// @ts-check
import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { root } from './paths.mjs';
import { filesBelow } from './staleness.mjs';

/** @typedef {{ room: string, never: RegExp, why: string }} IncludeRule */

const ggml = /^(ggml|gguf)[\w-]*\.h$|^ggml\//;
const napi = /(^|\/)(napi|node_api|js_native_api)[\w-]*\.h$/;
const cuda =
  /^cuda\.h$|(^|\/)cuda_(runtime|fp16|bf16|fp8|profiler)\w*\.h$|(^|\/)(cublas|curand|nvrtc)[\w-]*\.h$|\.cuh$/;

/** @type {IncludeRule[]} */
export const includeRules = [
  { room: '', never: napi, why: 'only native/binding includes napi.h' },
  { room: 'engine', never: cuda, why: 'the engine compiles without CUDA headers' },
  { room: 'engine', never: /(^|\/)binding\//, why: 'the engine does not know the binding' },
  { room: 'rocketkv', never: ggml, why: 'the method knows nothing of ggml graphs' },
  { room: 'rocketkv', never: cuda, why: 'the method compiles without CUDA headers' },
  { room: 'rocketkv', never: /(^|\/)(engine|binding)\//, why: 'the method does not know the engine' },
  { room: 'kernels', never: ggml, why: 'kernels take raw pointers' },
  {
    room: 'kernels',
    never: /^\.\.\/(?!rocketkv\/page_layout\.h$)|(^|\/)(engine|binding|device|graph|arch)\//,
    why: 'kernels include nothing of ours above them but the layout of pages',
  },
  { room: 'binding', never: cuda, why: 'the addon loads without CUDA' },
  { room: 'binding', never: /(^|\/)kernels\//, why: 'the binding speaks to the engine' },
];

/**
 * @param {string} file path below native/, with slashes
 * @param {string} text
 * @returns {string[]} one sentence for each include that its room may not have
 */
export function wrongIncludes(file, text) {
  const room = file.includes('/') ? (file.split('/')[0] ?? '') : '';
  const includes = [...text.matchAll(/^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]/gm)].map((match) => match[1] ?? '');
  return includes.flatMap((include) =>
    includeRules
      .filter((rule) => (rule.room === '' ? room !== 'binding' : rule.room === room) && rule.never.test(include))
      .map((rule) => `native/${file} includes ${include}: ${rule.why}`),
  );
}

/** Every wrong include of the project, and how many files were read. */
export function checkIncludes(nativeDir = join(root, 'native')) {
  const isSource = (/** @type {string} */ name) =>
    name.endsWith('/') ? !name.startsWith('build') : /\.(c|cc|cpp|cu|cuh|h)$/.test(name);
  const files = filesBelow(nativeDir, isSource);
  const wrong = files.flatMap((path) =>
    wrongIncludes(relative(nativeDir, path).split(sep).join('/'), readFileSync(path, 'utf8')),
  );
  return { wrong, count: files.length };
}
