// Runs a long step with its output in a log file, shown only when it fails. And the lock that keeps two commands from
// building at once.
// @ts-check
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root } from './paths.mjs';

/** A failed step, with what the person should read. */
export class StepError extends Error {}

/** Every line goes to stderr: stdout belongs to the command that follows. @param {string} line */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** @param {string} file @param {number} count */
export function lastLines(file, count) {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '';
  }
}

/**
 * @param {string} what shown on failure, e.g. "The native build"
 * @param {string} logFile
 * @param {string} command
 * @param {string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, append?: boolean }} [options]
 * @returns {Promise<void>}
 */
export function runLogged(what, logFile, command, args, options = {}) {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, options.append ? 'a' : 'w');
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', log, log],
      env: options.env ?? process.env,
      shell: process.platform === 'win32',
    });
    /** @param {string} why */
    const fail = (why) =>
      reject(
        new StepError(
          `${what} failed (${why}). The last lines of ${relative(root, logFile)}:\n\n${lastLines(logFile, 40)}\n`,
        ),
      );
    closeSync(log); // the child has its own
    child.on('error', (error) => fail(error.message));
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else fail(signal ? `stopped by ${signal}` : `exit code ${code}`);
    });
  });
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

const lockMaxAgeMs = 60 * 60 * 1000;
/** The folder exists for a moment before its owner's number is in it. */
const lockGraceMs = 5000;

/** A lock whose owner is gone, or that nobody can still be holding. @param {string} lockDir */
export function lockIsStale(lockDir) {
  let ageMs = 0;
  try {
    ageMs = Date.now() - statSync(lockDir).mtimeMs;
  } catch {
    return false; // gone meanwhile: not stale, free
  }
  if (ageMs > lockMaxAgeMs) return true;
  let owner = Number.NaN;
  try {
    owner = Number.parseInt(readFileSync(join(lockDir, 'pid'), 'utf8'), 10);
  } catch {}
  return Number.isNaN(owner) ? ageMs > lockGraceMs : !isAlive(owner);
}

/**
 * Runs `work` while holding `lockDir`; waits for another holder, and removes the lock of one that died.
 * @template T
 * @param {string} lockDir
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(lockDir, work) {
  mkdirSync(dirname(lockDir), { recursive: true });
  let told = false;
  for (;;) {
    try {
      mkdirSync(lockDir); // atomic: exactly one process makes it
      break;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    if (lockIsStale(lockDir)) {
      rmSync(lockDir, { recursive: true, force: true });
      continue;
    }
    if (!told) say('Another command is setting RocketDoc up; waiting for it.');
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const release = () => rmSync(lockDir, { recursive: true, force: true });
  process.once('exit', release);
  try {
    writeFileSync(join(lockDir, 'pid'), `${process.pid}\n`);
    return await work();
  } finally {
    release();
    process.removeListener('exit', release);
  }
}
