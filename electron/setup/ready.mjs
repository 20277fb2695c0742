// Makes a fresh clone ready for a command: `node electron/setup/ready.mjs modules|program|app|lab|build|window|gpu|test`. Says
// one line for each step that has work to do, on stderr, and is silent and quick when there is none. Node built-ins only.
// `node electron/setup/ready.mjs app ask <arguments>` then runs out/main/ask.js in this process, which saves the start of another one.
// @ts-check
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cudaCompiler, ensureCudaCompiler, forgetFailure, missKernels } from './cuda-compiler.mjs';
import {
  addonFile,
  buildDir,
  cacheDir,
  labAddonFile,
  mainDir,
  modulesDir,
  nativeDir,
  preloadDir,
  rendererDir,
  root,
  sanitizerBuildDir,
  threadBuildDir,
  windowDir,
} from './paths.mjs';
import { print, runLogged, StepError, withLock } from './run-step.mjs';
import { filesBelow, hashOf, isFresh, lockIsInstalled, readText, writeStamp } from './staleness.mjs';
import { ensureBrowser, ensureToolchain, hasBrowser } from './toolchain.mjs';

/** @typedef {{ name: string, isReady: () => boolean, make: () => Promise<void> }} Step */

const jobs = String(availableParallelism());

/** Written after the packages of package-lock.json were installed. */
const modulesStamp = join(modulesDir, '.rocketdoc-ready');
const lockFile = join(root, 'package-lock.json');
const modulesHash = () => hashOf(root, [lockFile]);

/** @type {Step} */
const modules = {
  name: 'modules',
  isReady() {
    if (isFresh(modulesStamp, modulesHash())) return true;
    // Somebody ran npm ci or npm install by hand: that is accepted if it matches package-lock.json.
    if (!lockIsInstalled(readText(lockFile), readText(join(modulesDir, '.package-lock.json')))) return false;
    writeStamp(modulesStamp, modulesHash());
    return true;
  },
  async make() {
    print('Installing the npm packages (npm ci; a minute or two).');
    const log = join(cacheDir, 'npm-ci.log');
    await runLogged('npm ci', log, 'npm', ['ci', '--no-audit', '--no-fund']);
    writeStamp(modulesStamp, modulesHash());
  },
};

/** A hash of sources, build files and the versions that they are compiled against. @param {boolean} withTests */
function nativeHash(withTests) {
  const isSource = (/** @type {string} */ name) =>
    name.endsWith('/') ? !/^build/.test(name) : /(\.(c|cc|cpp|cu|cuh|h|def|cmake)|CMakeLists\.txt)$/.test(name);
  const files = filesBelow(nativeDir, isSource);
  const testDir = join(root, 'test', 'native');
  if (withTests && existsSync(testDir)) files.push(...filesBelow(testDir, () => true));
  const versions = ['node-llama-cpp', 'node-addon-api', 'node-api-headers', 'cmake-js'].map(
    (name) => `${name} ${/"version": *"([^"]+)"/.exec(readText(join(modulesDir, name, 'package.json')) ?? '')?.[1]}`,
  );
  return hashOf(root, files, [...versions, process.platform, process.arch]);
}

/**
 * Includes the kernels' compiler, so that a build is stale when one appears.
 * @param {import('./cuda-compiler.mjs').Purpose} purpose
 */
function buildHash(purpose) {
  const compiler = cudaCompiler(purpose);
  return `${nativeHash(purpose !== 'app')} ${compiler.kind === 'found' ? compiler.nvcc : compiler.kind}`;
}

const kernelsFile = join(
  dirname(addonFile),
  process.platform === 'win32' ? 'rocketdoc_kernels.dll' : 'librocketdoc_kernels.so',
);

/**
 * The parts of a build, each of which includes those before it, and their flags: the addon and, if there is a compiler for them, the GPU
 * kernels; the lab's addon; everything that ctest runs.
 * @type {[part: 'app' | 'lab' | 'tests', flags: string[]][]}
 */
const parts = [
  ['app', []],
  ['lab', ['--CDROCKETDOC_LAB=ON']],
  ['tests', ['--CDROCKETDOC_TESTS=ON']],
];

/**
 * Builds everything up to `part`, in one folder.
 * @param {'app' | 'lab' | 'tests'} part
 * @param {import('./cuda-compiler.mjs').Purpose} purpose
 * @returns {Step}
 */
function native(part, purpose) {
  const withTests = part === 'tests';
  const made = parts.slice(0, parts.findIndex(([name]) => name === part) + 1);
  const stampOf = (/** @type {string} */ name) => join(buildDir, `.ready-${name}`);
  const addons = part === 'app' ? [addonFile] : [addonFile, labAddonFile];
  return {
    name: part === 'app' ? 'native' : `native ${part}`,
    isReady: () =>
      addons.every((file) => existsSync(file)) &&
      cudaCompiler(purpose).kind !== 'install' &&
      isFresh(stampOf(part), buildHash(purpose)),
    async make() {
      await ensureToolchain();
      const nvcc = await ensureCudaCompiler(purpose);
      print(
        withTests
          ? 'Building the engine and its tests (C++; a few minutes the first time).'
          : 'Building the engine (C++; a few minutes the first time).',
      );
      // computed before the build, so that an edit during it counts as a change
      const [hash, appHash] = [buildHash(purpose), buildHash('app')];
      const log = join(buildDir, 'build.log');
      const cmakeJs = join(modulesDir, 'cmake-js', 'bin', 'cmake-js');
      const where = ['-d', nativeDir, '-O', buildDir];
      const flags = made.flatMap(([, its]) => its);
      flags.push(`--CDROCKETDOC_CUDA=${withTests || nvcc ? 'AUTO' : 'OFF'}`);
      // Visual Studio's Clang, because its other compiler does not support the vector extensions of the CPU kernels.
      if (process.platform === 'win32') flags.push('-t', 'ClangCL');
      const env = nvcc === undefined ? process.env : { ...process.env, CUDACXX: nvcc };
      // configure and build, not compile, which deletes everything on any error
      const configure = [cmakeJs, 'configure', ...where, ...flags];
      await runLogged('Configuring the native build', log, process.execPath, configure, { env });
      const build = [cmakeJs, 'build', ...where, '-p', jobs];
      await runLogged('The native build', log, process.execPath, build, { append: true, env });
      for (const file of addons)
        if (!existsSync(file)) throw new StepError(`The native build ended without making ${file}.`);
      if (nvcc !== undefined && !existsSync(kernelsFile)) missKernels(purpose, nvcc, log);
      for (const [name] of made) writeStamp(stampOf(name), name === part ? hash : appHash);
    },
  };
}

/**
 * Builds native tests with a sanitizer, without the addon, because node is not instrumented.
 * @param {string} sanitizer as ROCKETDOC_SANITIZE says it
 * @param {string} dir
 * @param {string[]} targets none: all tests
 * @returns {Step}
 */
const sanitized = (sanitizer, dir, targets) => ({
  name: `${sanitizer} sanitizer tests`,
  isReady: () => isFresh(join(dir, '.ready'), nativeHash(true)),
  async make() {
    if (process.platform === 'win32') return;
    await ensureToolchain();
    print(`Building native tests with the ${sanitizer} sanitizer (a few minutes the first time).`);
    const hash = nativeHash(true);
    const log = join(dir, 'build.log');
    const flags = ['-DROCKETDOC_TESTS=ON', `-DROCKETDOC_SANITIZE=${sanitizer}`, '-DROCKETDOC_CUDA=OFF'];
    const configure = ['-S', nativeDir, '-B', dir, '-DCMAKE_BUILD_TYPE=RelWithDebInfo', ...flags];
    await runLogged(`Configuring the ${sanitizer} sanitizer build`, log, 'cmake', configure);
    const chosen = targets.length > 0 ? ['--target', ...targets] : [];
    const build = ['--build', dir, '--parallel', jobs, ...chosen];
    await runLogged(`The ${sanitizer} sanitizer build`, log, 'cmake', build, { append: true });
    writeStamp(join(dir, '.ready'), hash);
  },
});
const addressSanitizer = sanitized('address', sanitizerBuildDir, []);
/** Only these have several threads of ours at work at the same time. */
const threadSanitizer = sanitized('thread', threadBuildDir, ['engine_races_test', 'engine_threads_test']);

/** Builds the window's files. @type {Step} */
const window = {
  name: 'window',
  isReady: () => existsSync(join(windowDir, 'index.html')) && isFresh(join(windowDir, '.ready'), windowHash()),
  async make() {
    print('Building the window (a few seconds).');
    const hash = windowHash();
    const vite = join(modulesDir, 'vite', 'bin', 'vite.js');
    const args = [vite, 'build', '--config', join(rendererDir, 'vite.config.ts')];
    await runLogged('The build of the window', join(cacheDir, 'window.log'), process.execPath, args);
    writeStamp(join(windowDir, '.ready'), hash);
  },
};
/** Files whose change makes a build's list of licences stale. */
const notices = [
  join(root, 'electron', 'setup', 'licence-notices.mjs'),
  join(root, 'assets', 'licences', 'llama.cpp.txt'),
  ...['LICENSE', 'NOTICE'].map((name) => join(root, 'assets', 'models', name)),
];
const windowHash = () =>
  hashOf(root, [
    lockFile,
    ...notices,
    ...filesBelow(rendererDir, () => true),
    ...filesBelow(join(root, 'electron', 'contract'), () => true),
  ]);

/** Builds what node and Electron run. @type {Step} */
const program = {
  name: 'program',
  isReady: () => existsSync(join(preloadDir, 'preload.cjs')) && isFresh(join(mainDir, '.ready'), programHash()),
  async make() {
    print('Building the program (a few seconds).');
    const hash = programHash();
    /** @param {string} what @param {string} config */
    const build = (what, config) =>
      runLogged('The build of the program', join(cacheDir, `${what}.log`), process.execPath, [
        join(modulesDir, 'vite', 'bin', 'vite.js'),
        ...['build', '--config', join(root, 'electron', config)],
      ]);
    await build('preload', join('preload', 'vite.config.ts'));
    await build('program', 'vite.config.ts');
    writeStamp(join(mainDir, '.ready'), hash);
  },
};
const programHash = () =>
  hashOf(root, [
    lockFile,
    ...notices,
    ...['index.ts', 'native-files.ts', 'list-native-files.mjs', 'lab/index.ts'].map((name) => join(nativeDir, name)),
    ...filesBelow(join(root, 'electron'), () => true),
  ]);

/** Installs a browser for the tests of the window; if that is not possible, these tests are skipped and say so. @type {Step} */
const browser = { name: 'browser', isReady: hasBrowser, make: ensureBrowser };

const app = native('app', 'app');

/** The steps that each kind of command needs, in order. @type {Record<string, Step[]>} */
const goals = {
  modules: [modules],
  program: [modules, program],
  app: [modules, app, program],
  lab: [modules, native('lab', 'app'), program],
  build: [modules, app],
  window: [modules, app, program, window],
  gpu: [modules, native('tests', 'gpu')],
  test: [modules, native('tests', 'test'), addressSanitizer, threadSanitizer, program, window, browser],
};

const [goal = '', command] = process.argv.slice(2);
const steps = goals[goal];
if (!steps) {
  print(`Usage: node electron/setup/ready.mjs ${Object.keys(goals).join('|')} [command [arguments]]`);
  process.exit(2);
}
if (goal === 'build') forgetFailure(); // a build that is asked for by name tries everything again
try {
  // The lock is only taken when there is work, so that checking stays quick. Inside it each step is checked again.
  if (!steps.every((step) => step.isReady())) {
    await withLock(join(cacheDir, 'ready.lock'), async () => {
      for (const step of steps) if (!step.isReady()) await step.make();
    });
  }
} catch (error) {
  if (!(error instanceof StepError)) throw error;
  print(error.message);
  process.exit(1);
}
if (command !== undefined) {
  const file = join(mainDir, `${command}.js`);
  process.argv.splice(1, 3, file); // as if node had been started with it
  await import(pathToFileURL(file).href);
}
