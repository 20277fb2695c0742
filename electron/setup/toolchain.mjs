// Checks the programs that a native build needs. Missing ones are installed on Debian as root; else a message names them with the command
// to run.
// @ts-check
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from './paths.mjs';
import { print, runLogged, StepError } from './run-step.mjs';
import { readText } from './staleness.mjs';

/** @typedef {{ name: string, packages: string[], problem: string }} MissingTool */
/** @typedef {(command: string, args: string[]) => string | undefined} Probe output of a program, undefined: not there */

/** @type {Probe} */
const probeProgram = (command, args) => {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  return result.status === 0 ? result.stdout : undefined;
};

/**
 * @param {Probe} [probe]
 * @returns {MissingTool[]}
 */
export function missingTools(probe = probeProgram) {
  /** @type {MissingTool[]} */
  const missing = [];
  const cmake = probe('cmake', ['--version']);
  const version = /(\d+)\.(\d+)/.exec(cmake ?? '');
  if (!version) missing.push({ name: 'CMake', packages: ['cmake'], problem: 'CMake 3.24 or newer was not found' });
  else if (Number(version[1]) < 3 || (Number(version[1]) === 3 && Number(version[2]) < 24))
    missing.push({ name: 'CMake', packages: ['cmake'], problem: `CMake ${version[0]} is too old, 3.24 is needed` });
  if (process.platform !== 'win32') {
    if (![process.env.CXX, 'c++', 'g++', 'clang++'].some((name) => name && probe(name, ['--version'])))
      missing.push({ name: 'a C++20 compiler', packages: ['g++'], problem: 'no C++20 compiler was found' });
    if (!probe('make', ['--version']) && !probe('ninja', ['--version']))
      missing.push({ name: 'make', packages: ['make'], problem: 'neither make nor ninja was found' });
  }
  if (!probe('git', ['--version']))
    missing.push({
      name: 'git',
      packages: ['git'],
      problem: "git was not found (ggml's headers travel in a git bundle)",
    });
  return missing;
}

/** Whether this is Debian or a related system, which has apt-get. */
export function isDebian() {
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readText('/etc/os-release') ?? '');
}

/** The message for a person whose tools are missing. @param {MissingTool[]} missing @param {boolean} debian */
export function missingToolsMessage(missing, debian) {
  const packages = missing.flatMap((tool) => tool.packages).join(' ');
  const problems = missing.map((tool) => tool.problem).join('; ');
  const remedy = debian
    ? `Install with: sudo apt-get install ${packages}`
    : process.platform === 'darwin'
      ? 'Install the Xcode command line tools (xcode-select --install) and CMake.'
      : process.platform === 'win32'
        ? 'Install Visual Studio 2022 with "Desktop development with C++" and its C++ Clang tools, CMake and Git.'
        : `Install ${missing.map((tool) => tool.name).join(', ')} with your package manager.`;
  return `RocketDoc builds its engine on this machine and cannot: ${problems}.\n${remedy}`;
}

/** Makes sure that the build tools are installed, or throws with an explanation. */
export async function ensureToolchain() {
  const missing = missingTools();
  if (missing.length === 0) return;
  if (!isDebian() || process.getuid?.() !== 0) throw new StepError(missingToolsMessage(missing, isDebian()));
  await installDebianPackages(missing.flatMap((tool) => tool.packages));
  const still = missingTools();
  if (still.length > 0) throw new StepError(missingToolsMessage(still, true));
}

/** @param {string[]} packages */
export async function installDebianPackages(packages) {
  print(`Installing ${packages.join(' ')} with apt-get.`);
  const log = join(cacheDir, 'apt-get.log');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await runLogged('apt-get update', log, 'apt-get', ['update', '-q'], { env });
  const args = ['install', '-y', '-q', '--no-install-recommends', ...packages];
  await runLogged('apt-get install', log, 'apt-get', args, { env, append: true });
}

/** Where Linux systems install Chromium. */
export const browserFiles = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** False if Chromium is missing and can be installed, which is possible on Debian as root only. */
export function hasBrowser() {
  return browserFiles.some(existsSync) || !isDebian() || process.getuid?.() !== 0;
}

/** Installs Debian's Chromium for the tests of the window. */
export async function ensureBrowser() {
  await installDebianPackages(['chromium']);
}
