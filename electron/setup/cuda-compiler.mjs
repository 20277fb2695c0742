// Provides the compiler for the CUDA kernels: the installed one, or, if there is an NVIDIA driver but no nvcc, NVIDIA's own from the Python
// package index, kept in the cache folder. Without a compiler the engine is built for the CPU only. Uses node built-ins only.
// @ts-check
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import { cacheDir, root } from './paths.mjs';
import { print, runLogged, StepError } from './run-step.mjs';
import { hashOf, isFresh, writeStamp } from './staleness.mjs';
import { installDebianPackages, isDebian } from './toolchain.mjs';

/**
 * The facts on which the decisions depend, so that tests can describe a machine.
 * @typedef {object} Machine
 * @property {NodeJS.Platform} platform
 * @property {string} arch
 * @property {NodeJS.ProcessEnv} env
 * @property {(path: string) => boolean} exists
 * @property {boolean} debianRoot packages can be installed with apt-get, without asking
 * @property {(command: string, args: string[]) => string | undefined} run a program's output; undefined: not there, or it failed
 */

/**
 * What the kernels are compiled for. app: the engine, on a machine with a driver. gpu: its tests too, also without a driver if there is an
 * nvcc. test: everything that npm test needs, for which the kernels are compiled even without a GPU.
 * @typedef {'app' | 'gpu' | 'test'} Purpose
 */

/**
 * found: there is an nvcc. install: it must be fetched. none: the kernels are not needed, or fetching failed less than a day ago.
 * @typedef {{ kind: 'none' | 'install' } | { kind: 'found', nvcc: string }} Compiler
 */

/**
 * How the compiler is fetched: with the installed pip, or with the pip of a virtual environment that is made first; or why it cannot be
 * fetched.
 * @typedef {{ kind: 'pip' | 'venv', python: string } | { kind: 'cannot', why: string, remedy: string, debianPackage?: string }} Way
 */

const requirements = join(root, 'electron', 'setup', 'cuda-compiler.txt');
const compilerDir = join(cacheDir, 'cuda-compiler');
const wheelsDir = join(compilerDir, 'wheels');
/** In the wheels: bin/nvcc, include, lib, nvvm. */
const toolkitDir = join(wheelsDir, 'nvidia', 'cu13');
const installedNvcc = join(toolkitDir, 'bin', 'nvcc');
const stamp = join(compilerDir, '.ready');
const logFile = join(cacheDir, 'cuda-compiler.log');
/** Outside of compilerDir, which is deleted before each try. */
const failureNote = join(cacheDir, 'cuda-compiler.failed');
const failureMaxAgeMs = 24 * 60 * 60 * 1000;
const downloadMb = { x64: 104, arm64: 97 };
const unpackedMb = 280;
const venvPackage = 'python3-venv';

/** @returns {Machine} */
const thisMachine = () => ({
  platform: process.platform,
  arch: process.arch,
  env: process.env,
  exists: existsSync,
  debianRoot: isDebian() && process.getuid?.() === 0,
  run: (command, args) => {
    const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
    return status === 0 ? stdout : undefined;
  },
});

/** @param {Machine} machine @param {string} name @param {(string | undefined)[]} folders */
function findProgram({ platform, exists }, name, folders) {
  const file = platform === 'win32' ? `${name}.exe` : name;
  return folders.flatMap((folder) => (folder ? [join(folder, file)] : [])).find(exists);
}

/** @param {Machine} machine */
const searchPath = ({ env }) => (env.PATH ?? env.Path ?? '').split(delimiter);

/** An installed nvcc. @param {Machine} machine */
function findNvcc(machine) {
  const { CUDACXX, CUDAToolkit_ROOT, CUDA_PATH } = machine.env;
  if (CUDACXX) return CUDACXX;
  const toolkits = [CUDAToolkit_ROOT, CUDA_PATH, '/usr/local/cuda'].map((folder) => folder && join(folder, 'bin'));
  return findProgram(machine, 'nvcc', [...searchPath(machine), ...toolkits]);
}

/** @param {Machine} machine */
const hasDriver = (machine) =>
  machine.exists('/dev/nvidia0') || findProgram(machine, 'nvidia-smi', searchPath(machine)) !== undefined;

/**
 * @param {Machine} machine
 * @param {Purpose} purpose
 * @param {{ isInstalled: boolean, hasFailed: boolean }} cache NVIDIA's wheels are in the cache folder; fetching them failed lately
 * @returns {Compiler}
 */
export function chooseCompiler(machine, purpose, { isInstalled, hasFailed }) {
  const driver = hasDriver(machine);
  if (purpose === 'app' && !driver) return { kind: 'none' };
  const nvcc = findNvcc(machine) ?? (isInstalled ? installedNvcc : undefined);
  if (nvcc !== undefined) return { kind: 'found', nvcc };
  // The tests try each time on Linux, where the compiler can be fetched.
  const again = purpose === 'test' && machine.platform === 'linux';
  return { kind: again || ((driver || purpose === 'test') && !hasFailed) ? 'install' : 'none' };
}

/** @param {Machine} machine @returns {Way} */
export function chooseWay({ platform, arch, run }) {
  const toolkit = 'the CUDA Toolkit 13.0 from NVIDIA';
  if (platform !== 'linux' || !(arch in downloadMb)) {
    const remedy = platform === 'darwin' ? '' : `Install ${toolkit}`;
    return { kind: 'cannot', why: `there is no nvcc, and none is fetched on ${platform} ${arch}`, remedy };
  }
  const python = 'python3';
  const needed = {
    remedy: `Install Python 3 with pip (on Debian: sudo apt-get install ${venvPackage}) or ${toolkit}`,
    debianPackage: venvPackage,
  };
  if (run(python, ['--version']) === undefined)
    return { kind: 'cannot', why: 'there is neither nvcc nor Python 3 to fetch it with', ...needed };
  if (run(python, ['-m', 'pip', '--version']) !== undefined) return { kind: 'pip', python };
  // Debian's python3 has no pip, and without a further package also not the copy of pip that venv unpacks.
  if (run(python, ['-c', 'import ensurepip, venv']) !== undefined) return { kind: 'venv', python };
  return { kind: 'cannot', why: 'there is no nvcc, and Python 3 has no pip to fetch it with', ...needed };
}

/**
 * Whether CUDA 13 can compile for a card of this machine; if the driver does not say, it is assumed.
 * @param {Machine} machine
 */
function hasUsableCard({ run }) {
  const capabilities =
    run('nvidia-smi', ['--query-gpu=compute_cap', '--format=csv,noheader'])?.match(/^\d+\.\d+/gm) ?? [];
  return capabilities.length === 0 || capabilities.some((capability) => Number(capability) >= 7.5);
}

/** The message before anything is fetched. @param {string} arch @param {Purpose} purpose */
function announcement(arch, purpose) {
  const megabytes = downloadMb[/** @type {keyof typeof downloadMb} */ (arch)];
  const why =
    purpose === 'test'
      ? 'The tests compile the GPU kernels, and there is no nvcc'
      : 'There is an NVIDIA driver, but no nvcc to compile the GPU kernels with';
  return (
    `${why}: fetching NVIDIA's compiler (CUDA 13.0, ${megabytes} MB, ${unpackedMb} MB unpacked, under NVIDIA's licence) from the Python ` +
    'package index into .cache/cuda-compiler. Nothing outside that folder changes. Compiling the kernels then takes some minutes, once.'
  );
}

/** @param {{ why: string, remedy: string }} problem */
function problemMessage({ why, remedy }) {
  const then = remedy === '' ? '' : ` ${remedy}, then run: npm run build:native`;
  return `The GPU kernels are not compiled: ${why}. RocketDoc computes on the CPU.${then}`;
}

/**
 * Tells the person that there are no kernels. On CI the tests fail without them.
 * @param {Machine} machine
 * @param {Purpose} purpose
 * @param {string} message
 * @param {(line: string) => void} tell
 */
function goOnWithout(machine, purpose, message, tell) {
  if (purpose === 'test' && machine.env.CI && machine.platform === 'linux') throw new StepError(message);
  tell(message);
}

/**
 * The actions that change the machine.
 * @typedef {object} Actions
 * @property {(line: string) => void} say
 * @property {(packages: string[]) => Promise<void>} installDebianPackages
 * @property {(way: Way & { kind: 'pip' | 'venv' }) => Promise<string>} fetchCompiler resolves to nvcc
 * @property {() => void} noteFailure so that not every start tries again
 */

/**
 * The path of nvcc, which is fetched if necessary; undefined, after a message, if there is none. On CI the tests fail without it.
 * @param {Machine} machine
 * @param {Purpose} purpose
 * @param {Compiler} compiler
 * @param {Actions} actions
 * @returns {Promise<string | undefined>}
 */
export async function provideCompiler(machine, purpose, compiler, actions) {
  if (compiler.kind === 'found') return compiler.nvcc;
  if (compiler.kind === 'none') return undefined;
  let way = chooseWay(machine);
  /** @param {{ why: string, remedy: string }} problem */
  const giveUp = (problem) => {
    actions.noteFailure();
    goOnWithout(machine, purpose, problemMessage(problem), actions.say);
    return undefined;
  };
  if (purpose !== 'test' && !hasUsableCard(machine))
    return giveUp({ why: 'they need a card of compute capability 7.5 or newer (RTX 20, GTX 16)', remedy: '' });
  try {
    if (way.kind === 'cannot' && way.debianPackage !== undefined && machine.debianRoot) {
      await actions.installDebianPackages([way.debianPackage]);
      way = chooseWay(machine);
    }
    if (way.kind === 'cannot') return giveUp(way);
    actions.say(announcement(machine.arch, purpose));
    return await actions.fetchCompiler(way);
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    if (way.kind === 'cannot') return giveUp(way);
    return giveUp({
      why: "NVIDIA's compiler could not be fetched from the Python package index (.cache/cuda-compiler.log)",
      remedy: 'Connect to the internet or install the CUDA Toolkit 13.0 from NVIDIA',
    });
  }
}

/** @type {Actions['fetchCompiler']} */
async function fetchCompiler({ kind, python }) {
  rmSync(compilerDir, { recursive: true, force: true });
  const env = { ...process.env, PIP_USER: '0', PIP_REQUIRE_VIRTUALENV: '0' }; // either could keep pip from installing into the given folder
  let pythonWithPip = python;
  if (kind === 'venv') {
    const venv = join(compilerDir, 'venv');
    await runLogged('Making a Python environment', logFile, python, ['-m', 'venv', venv], { env });
    pythonWithPip = join(venv, 'bin', 'python');
  }
  const safe = ['--require-hashes', '--no-deps', '--only-binary', ':all:'];
  const quiet = ['--no-input', '--progress-bar', 'off', '--disable-pip-version-check', '--retries', '2'];
  const args = ['-m', 'pip', 'install', ...safe, ...quiet, '--target', wheelsDir, '-r', requirements];
  await runLogged("Fetching NVIDIA's compiler", logFile, pythonWithPip, args, { env, append: kind === 'venv' });
  if (!existsSync(installedNvcc)) throw new StepError(`There is no ${installedNvcc} in NVIDIA's packages.`);
  symlinkSync('lib', join(toolkitDir, 'lib64')); // where nvcc looks for its runtime library
  writeStamp(stamp, requirementsHash());
  return installedNvcc;
}

const requirementsHash = () => hashOf(root, [requirements]);

/** The compiler that this machine has for `purpose`; a quick check. @param {Purpose} purpose */
export function cudaCompiler(purpose) {
  const failedAt = statSync(failureNote, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const isInstalled = isFresh(stamp, requirementsHash()) && existsSync(installedNvcc);
  return chooseCompiler(thisMachine(), purpose, { isInstalled, hasFailed: Date.now() - failedAt < failureMaxAgeMs });
}

/** The path of nvcc, which is fetched if necessary; undefined: there is none. @param {Purpose} purpose */
export const ensureCudaCompiler = (purpose) =>
  provideCompiler(thisMachine(), purpose, cudaCompiler(purpose), {
    say: print,
    installDebianPackages,
    fetchCompiler,
    noteFailure: () => writeStamp(failureNote, 'failed'),
  });

/** Reports that the compiler could not build the kernels. @param {Purpose} purpose @param {string} nvcc @param {string} log */
export function missKernels(purpose, nvcc, log) {
  const why = `${nvcc} does not work here (${relative(root, log)})`;
  goOnWithout(thisMachine(), purpose, problemMessage({ why, remedy: '' }), print);
}

export const forgetFailure = () => rmSync(failureNote, { force: true });
