// Rules on which C++ headers each native room may include, and their check. A room is a folder of native/.
// @ts-check
import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { root } from './paths.mjs';
import { filesBelow } from './staleness.mjs';

/** `room`: one folder, or all but some. @typedef {{ room: string | { not: string[] }, never: RegExp, why: string }} Rule */

const ggml = /^(ggml|gguf)[\w-]*\.h$|^ggml\//;
const napi = /(^|\/)(napi|node_api|js_native_api)[\w-]*\.h$/;
const cuda =
  /^cuda\.h$|(^|\/)cuda_(runtime|fp16|bf16|fp8|profiler)\w*\.h$|(^|\/)(cublas|curand|nvrtc)[\w-]*\.h$|\.cuh$/;

/** @type {Rule[]} */
export const includeRules = [
  { room: { not: ['binding', 'lab'] }, never: napi, why: 'only native/binding and native/lab include napi.h' },
  { room: { not: ['lab'] }, never: /(^|\/)lab\//, why: 'the product does without the lab' },
  { room: 'engine', never: cuda, why: 'the engine compiles without CUDA headers' },
  { room: 'engine', never: /(^|\/)binding\//, why: 'the engine does not know the binding' },
  { room: 'engine', never: /(^|\/)device\/(?!device\.h$)/, why: 'the engine knows devices by device/device.h alone' },
  { room: 'engine', never: /(^|\/)kernels\//, why: 'kernels belong to a device' },
  {
    room: 'arch',
    never: /(^|\/)(device|binding|kernels|rocketkv)\//,
    why: 'a family knows graphs, not what computes them',
  },
  { room: 'graph', never: /(^|\/)device\/(cpu|cuda)\/|(^|\/)kernels\//, why: 'graphs are the same on every device' },
  { room: 'device', never: /(^|\/)binding\//, why: 'a device does not know the binding' },
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
  {
    room: 'binding',
    never: /^\.\.\/(?!engine\/engine\.h$|error_codes\.def$)|^(arch|device|engine|graph|kernels|rocketkv)\/|\/\.\.\//,
    why: 'the binding knows engine/engine.h alone',
  },
  { room: 'lab', never: cuda, why: 'the addon loads without CUDA' },
];

/** Words that must not occur in a room: in no name, include, text or comment. @type {Rule[]} */
const wordRules = [
  { room: 'engine', never: /cuda/i, why: 'a device is opened by name and known by its traits' },
  { room: 'arch', never: /cuda/i, why: 'a family knows graphs, not what computes them' },
];

/** @param {Rule} rule @param {string} room */
const isFor = (rule, room) => (typeof rule.room === 'string' ? rule.room === room : !rule.room.not.includes(room));

/** @param {string} file */
const roomOf = (file) => (file.includes('/') ? (file.split('/')[0] ?? '') : '');

/**
 * @param {string} file path below native/, with slashes
 * @param {string} text
 * @returns {string[]} one sentence for each line that says what its room never says
 */
export function wrongWords(file, text) {
  const rules = wordRules.filter((rule) => isFor(rule, roomOf(file)));
  return text.split('\n').flatMap((line, i) =>
    rules.flatMap((rule) => {
      const found = rule.never.exec(line);
      return found ? [`native/${file}:${i + 1} says ${found[0]}: ${rule.why}`] : [];
    }),
  );
}

/**
 * @param {string} file path below native/, with slashes
 * @param {string} text
 * @returns {string[]} one sentence for each include that its room may not have
 */
export function wrongIncludes(file, text) {
  const room = roomOf(file);
  const includes = [...text.matchAll(/^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]/gm)].map((match) => match[1] ?? '');
  return includes.flatMap((include) =>
    includeRules
      .filter((rule) => isFor(rule, room) && rule.never.test(include))
      .map((rule) => `native/${file} includes ${include}: ${rule.why}`),
  );
}

/** Returns every wrong include and word of native/, and how many files were checked. */
export function checkIncludes(nativeDir = join(root, 'native')) {
  const isSource = (/** @type {string} */ name) =>
    name.endsWith('/') ? !name.startsWith('build') : /\.(c|cc|cpp|cu|cuh|h)$/.test(name);
  const files = filesBelow(nativeDir, isSource);
  const wrong = files.flatMap((path) => {
    const file = relative(nativeDir, path).split(sep).join('/');
    const text = readFileSync(path, 'utf8');
    return [...wrongIncludes(file, text), ...wrongWords(file, text)];
  });
  return { wrong, count: files.length };
}
