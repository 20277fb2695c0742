// What the build changes in libraries. Each change saves time at the start of a process. Of node-llama-cpp only the vocabulary is used, so
// that most of it is left out. The build ends where node-llama-cpp is no longer as a change expects it. Uses node built-ins only.
// @ts-check
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { modulesDir } from './paths.mjs';

/** @typedef {import('vite').Plugin} Plugin */

/** @param {string} path below the library's dist folder */
const isModule = (path) => (/** @type {string} */ id) =>
  id.replaceAll('\\', '/').includes(`/node_modules/node-llama-cpp/dist/${path}`);

/**
 * Puts `code` in the place of a module.
 * @param {string} path
 * @param {string} code
 * @returns {Plugin}
 */
function replaced(path, code) {
  const isIt = isModule(path);
  return {
    name: `without ${path}`,
    enforce: 'pre',
    buildStart() {
      if (!existsSync(join(modulesDir, 'node-llama-cpp', 'dist', path)))
        throw new Error(`node-llama-cpp has no ${path} now.`);
    },
    load: (id) => (isIt(id) ? code : null),
  };
}

/**
 * Puts `after` in the place of `before`, which must be there.
 * @param {string} path
 * @param {string} before
 * @param {string} after
 * @returns {Plugin}
 */
function changed(path, before, after) {
  const isIt = isModule(path);
  return {
    name: `change of ${path}`,
    enforce: 'pre',
    transform(code, id) {
      if (!isIt(id)) return null;
      if (!code.includes(before)) throw new Error(`${path} of node-llama-cpp has no "${before}" now.`);
      return { code: code.replaceAll(before, () => after), map: null };
    },
  };
}

/**
 * Before it loads its library, node-llama-cpp tries it in a child process. That costs every start half a second, and in a utility process
 * of Electron the child would be a second RocketDoc. Without the trial, a library that cannot be loaded is an error when it is loaded.
 */
const trialProcess = replaced(
  'bindings/utils/testBindingBinary.js',
  'export const testBindingBinary = async () => true;',
);

/** The library looks through the system's folders for glibc, for the same purpose. */
const searchForGlibc = replaced('bindings/utils/detectGlibc.js', 'export const detectGlibc = async () => true;');

/**
 * To learn how much memory a model would take, node-llama-cpp loads it once more. The engine plans memory itself and loads only the
 * vocabulary, and the library's fallback, an estimate, takes no time.
 */
const simulation = changed('gguf/insights/GgufInsights.js', 'await this._resolveSimulatorSource()', 'null');

/** Chats and completions with all templates that the library knows: a third of its code. The engine makes its prompts and answers itself. */
const chats = replaced('utils/getLlamaClasses.js', 'export const getLlamaClasses = () => ({});');

/** The copy of llama.cpp's repository from which the library could be compiled, with git. Only prebuilt libraries are used. */
const repository = replaced(
  'bindings/utils/cloneLlamaCppRepo.js',
  `export const isLlamaCppRepoCloned = async () => false;
  export const getClonedLlamaCppRepoReleaseInfo = async () => null;
  export const ensureLlamaCppRepoIsCloned = async () => { throw new Error('RocketDoc does not compile llama.cpp.'); };`,
);

/**
 * The words of the vocabulary as strings and numbers of JavaScript: their compiled reader reads them too, and of these only their number is
 * used. What is skipped becomes an array of the same length without elements.
 */
const wordLists = [
  changed(
    'gguf/parser/GgufV2Parser.js',
    'transformPromisable(this._readGgufValue(valueType, readOffset), ',
    `transformPromisable(valueType === GgufValueType.Array && keyResult.startsWith('tokenizer.ggml.')
      ? this._skipArray(readOffset)
      : this._readGgufValue(valueType, readOffset), `,
  ),
  changed(
    'gguf/parser/GgufV2Parser.js',
    '_readStringValue(offset) {',
    `async _skipArray(readOffset) {
      const type = await this._fileReader.readUint32(readOffset);
      const length = Number(await this._fileReader.readUint64(readOffset));
      const bytes = {
        [GgufValueType.Uint8]: 1,
        [GgufValueType.Int8]: 1,
        [GgufValueType.Uint16]: 2,
        [GgufValueType.Int16]: 2,
        [GgufValueType.Uint32]: 4,
        [GgufValueType.Int32]: 4,
        [GgufValueType.Float32]: 4,
        [GgufValueType.Bool]: 1,
        [GgufValueType.Uint64]: 8,
        [GgufValueType.Int64]: 8,
        [GgufValueType.Float64]: 8,
      }[type];
      if (bytes !== undefined) readOffset.moveBy(bytes * length);
      else if (type === GgufValueType.String)
        for (let i = 0; i < length; i++) {
          const reading = this._fileReader.ensureHasByteRange(readOffset, 8);
          if (reading !== undefined) await reading;
          readOffset.moveBy(8 + Number(this._fileReader._buffer.readBigUInt64LE(readOffset.offset)));
        }
      else throw new UnsupportedGgufValueTypeError(type);
      return new Array(length);
    }
    _readStringValue(offset) {`,
  ),
];

/**
 * oRPC asks of every message whether it is a form, by the class of that name. Node loads all of its fetch for that class, which costs every
 * process some 30 ms at its first call. This asks the object for its name instead.
 * @type {Plugin}
 */
const formsByName = {
  name: 'forms by name',
  transform(code, id) {
    if (!/[\\/]node_modules[\\/]@orpc[\\/]/.test(id) || !code.includes(' instanceof FormData')) return null;
    const byName = "Object.prototype.toString.call($1) === '[object FormData]'";
    return { code: code.replace(/\b(\w+) instanceof FormData\b/g, byName), map: null };
  },
};

/**
 * The library does not say that its modules do nothing when they are only imported, so that those of which nothing is used would stay.
 * @type {Plugin}
 */
const unusedModules = {
  name: 'unused modules of node-llama-cpp',
  transform: (code, id) => (isModule('')(id) ? { code, map: null, moduleSideEffects: false } : null),
};

export const libraryChanges = [
  trialProcess,
  searchForGlibc,
  simulation,
  chats,
  repository,
  ...wordLists,
  unusedModules,
  formsByName,
];
