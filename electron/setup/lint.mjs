// npm run lint: format and style, types, import rules (TypeScript and C++), unused code. Every check runs; the exit code is 0 if all
// passed. `--write`: formats the C++ and CUDA files instead.
// @ts-check
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkOpens } from './file-opening.mjs';
import { checkIncludes } from './include-rules.mjs';
import { modulesDir, root } from './paths.mjs';
import { filesBelow } from './staleness.mjs';

/** Fewer modules mean that dependency-cruiser did not find the project's files, which happens with a TypeScript that is too new for it. */
const leastModules = 60;

/** @param {string} script @param {string[]} args */
function runModule(script, args) {
  return spawnSync(process.execPath, [join(modulesDir, script), ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024, // every import of the project, as JSON
  });
}

/** @param {import('node:child_process').SpawnSyncReturns<string>} result */
const outputOf = (result) => `${result.stdout}${result.stderr}`.trim();

/** @param {string} script @param {string[]} args @returns {() => string} empty: passed */
const tool = (script, args) => () => {
  const result = runModule(script, args);
  return result.status === 0 ? '' : outputOf(result) || `ended with exit code ${result.status}`;
};

function cruise() {
  const args = [
    '--output-type',
    'json',
    '--config',
    '.dependency-cruiser.cjs',
    'electron',
    'native',
    'renderer',
    'test',
  ];
  const result = runModule('dependency-cruiser/bin/dependency-cruise.mjs', args);
  /** @type {{ summary: { violations: { rule: { name: string }, from: string, to: string }[], totalCruised: number } }} */
  let report;
  try {
    report = JSON.parse(result.stdout);
  } catch {
    return outputOf(result) || 'dependency-cruiser said nothing';
  }
  const { violations, totalCruised } = report.summary;
  if (totalCruised < leastModules)
    return `only ${totalCruised} modules were looked at, at least ${leastModules} are expected`;
  return violations.map(({ rule, from, to }) => `${rule.name}: ${from} imports ${to}`).join('\n');
}

function includes() {
  const { wrong, count } = checkIncludes();
  return count === 0 ? 'no C++ file was found' : wrong.join('\n');
}

function opens() {
  const { wrong, count } = checkOpens();
  return count === 0 ? 'no C++ file was found' : wrong.join('\n');
}

/** Runs clang-format on every C++ and CUDA file. @param {string[]} args */
function clangFormat(args) {
  const isSource = (/** @type {string} */ name) =>
    name.endsWith('/') ? !name.startsWith('build') : /\.(cc|cpp|cu|cuh|h)$/.test(name);
  const files = [join(root, 'native'), join(root, 'test', 'native')].flatMap((dir) => filesBelow(dir, isSource));
  const result = runModule('clang-format-node/build/cli.js', ['--style=file', ...args, ...files]);
  return result.status === 0 ? '' : outputOf(result) || `ended with exit code ${result.status}`;
}

/** @type {[name: string, check: () => string][]} */
const checks = [
  ['format and style (biome)', tool('@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.'])],
  ['types (tsc)', tool('typescript/bin/tsc', ['--noEmit', '-p', '.'])],
  ['imports (dependency-cruiser)', cruise],
  ['C++ format (clang-format)', () => clangFormat(['--dry-run', '--Werror'])],
  ['C++ includes', includes],
  ['C++ files are opened by Unicode paths', opens],
  ['unused code (knip)', tool('knip/bin/knip.js', ['--no-progress'])],
];

/** Runs every check; returns how many passed and failed. */
export function lint() {
  let failed = 0;
  for (const [name, check] of checks) {
    const problem = check();
    if (problem !== '') failed++;
    process.stdout.write(problem === '' ? `ok      ${name}\n` : `FAILED  ${name}\n${problem}\n`);
  }
  return { passed: checks.length - failed, failed, skipped: 0 };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (process.argv[2] === '--write') process.stdout.write(clangFormat(['-i']));
  else process.exitCode = lint().failed > 0 ? 1 : 0;
}
