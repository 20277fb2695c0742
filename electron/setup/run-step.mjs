// Runs a long step with its output in a log file, of which the end is shown if it fails. Also has the lock that keeps two commands from
// building at the same time.
// @ts-check
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root } from './paths.mjs';

/** A failed step; the message is for the person. */
export class StepError extends Error {}

/** Writes to stderr: stdout is for the output of the command that follows. @param {string} line */
export function print(line) {
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
    closeSync(log); // the child has its own descriptor
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
/** A lock without a process id is stale only after this time: its folder exists for a moment before the id is written into it. */
const lockGraceMs = 5000;

/** Whether the lock's owner has ended, or the lock is too old to be held still. @param {string} lockDir */
export function lockIsStale(lockDir) {
  let ageMs = 0;
  try {
    ageMs = Date.now() - statSync(lockDir).mtimeMs;
  } catch {
    return false; // the lock was released meanwhile
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
  let printed = false;
  for (;;) {
    try {
      mkdirSync(lockDir); // atomic: exactly one process can create it
      break;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    if (lockIsStale(lockDir)) {
      rmSync(lockDir, { recursive: true, force: true });
      continue;
    }
    if (!printed) print('Another command is setting RocketDoc up; waiting for it.');
    printed = true;
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
