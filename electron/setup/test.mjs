// npm test: lint and types, unit and command-line tests, native tests without and with sanitizers. `gpu`: only tests that need a GPU. It
// ends with one line that sums all parts; the exit code is not 0 if anything failed. Skipped tests say why.
// @ts-check
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { lint } from './lint.mjs';
import { buildDir, cacheDir, modulesDir, root, sanitizerBuildDir, threadBuildDir } from './paths.mjs';
import { readText } from './staleness.mjs';
import { ctestCounts, sum, vitestCounts } from './test-counts.mjs';

/** @typedef {import('./test-counts.mjs').Counts} Counts */

/** @param {string} title */
function heading(title) {
  process.stdout.write(`\n== ${title}\n`);
}

/** @returns {Counts} */
function vitest() {
  heading('unit and command-line tests');
  mkdirSync(cacheDir, { recursive: true });
  const report = join(cacheDir, 'vitest.json');
  rmSync(report, { force: true });
  const args = [
    join(modulesDir, 'vitest', 'vitest.mjs'),
    'run',
    '--config=test/vitest.config.ts',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  return vitestCounts(readText(report), status);
}

/** @param {string} title @param {string} dir @param {string[]} [choice] of tests @returns {Counts} */
function native(title, dir, choice = []) {
  heading(title);
  const args = ['--test-dir', dir, '--output-on-failure', '--no-tests=error', ...choice];
  const { status, stdout, stderr } = spawnSync('ctest', args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  process.stdout.write(`${stdout ?? ''}${stderr ?? ''}`);
  return ctestCounts(stdout ?? '', status);
}

/** @returns {Counts[]} */
function everything() {
  heading('lint');
  const parts = [lint(), native('native tests', buildDir)];
  if (process.platform !== 'win32') {
    parts.push(native('native tests with address and undefined-behaviour sanitizers', sanitizerBuildDir));
    parts.push(
      native('native tests with the thread sanitizer', threadBuildDir, ['-R', '^engine_(races|threads)_test$']),
    );
  }
  parts.push(vitest());
  return parts;
}

const parts = process.argv[2] === 'gpu' ? [native('GPU tests', buildDir, ['-L', '^gpu$'])] : everything();
const { passed, failed, skipped } = sum(parts);
process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = failed > 0 ? 1 : 0;
