/**
 * The log file in the data folder: versions and device at start, unforeseen errors with their stack, hosts that ended with the end of their
 * output. It never has a document's text, a question or an answer: quoted parts of an unforeseen message may be such text and are left out.
 */
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { cpus, homedir, release, totalmem } from 'node:os';
import { join } from 'node:path';
import electronLog from 'electron-log/node.js';
import type { Note } from '../contract/app-host.ts';
import { toAppError } from '../contract/errors.ts';
import { bytesText } from '../contract/number-words.ts';
import { describedError } from '../hosts/described-error.ts';

const maxBytes = 1_000_000; // a larger log is renamed to rocketdoc.old.log
const reportBytes = 48_000; // how much of the log's end a report has

const logger = electronLog.create({ logId: 'rocketdoc' });
logger.transports.console.level = false;
logger.transports.file.level = false;

const fileOf = (dataDir: string) => join(dataDir, 'rocketdoc.log');
const noted = new WeakSet<object>();

/** Nothing is written before this is called. */
export function openLog(dataDir: string, version: string): void {
  const { file } = logger.transports;
  file.resolvePathFn = () => fileOf(dataDir);
  file.maxSize = maxBytes;
  file.level = 'info';
  logger.info(`RocketDoc ${version} starts. ${machine()}`);
}

export function closeLog(): void {
  logger.transports.file.level = false;
}

function machine(): string {
  const runtime = process.versions.electron ? `Electron ${process.versions.electron}` : `Node ${process.versions.node}`;
  const cores = cpus();
  return `${process.platform} ${release()} ${process.arch}, ${runtime}, ${cores.length} cores (${cores[0]?.model.trim() ?? 'unknown'}), ${bytesText(totalmem())} of memory.`;
}

export function logInfo(sentence: string): void {
  logger.info(withoutHome(sentence));
}

/** Logs a sentence that a person was told too, such as that a host ended, with its last output. */
export function logWarning(sentence: string): void {
  logger.warn(withoutHome(sentence));
}

/** Logs an unforeseen error once, with stack and causes. `where`: what failed, such as a process or a verb. */
export function logUnforeseen(where: string, error: unknown): void {
  if (typeof error === 'object' && error !== null) {
    if (noted.has(error)) return;
    noted.add(error);
  }
  logger.error(withoutHome(`${where}: ${describedError(error)}`));
}

/** For work that goes on after a failure: only an unforeseen error is logged. */
export function logIfUnforeseen(where: string, error: unknown): void {
  if (toAppError(error).code === 'INTERNAL') logUnforeseen(where, error);
}

/** Logs an entry of another process of ours, which has described the error already. */
export function logNoted({ level, text }: Note): void {
  logger[level](withoutHome(text));
}

/** For the whole process: logs unhandled rejections, and work goes on; uncaught exceptions are logged before they end the process. */
export function watchProcess(): void {
  process.on('unhandledRejection', (error) => logUnforeseen('Nobody waited for a failed promise', error));
  process.on('uncaughtExceptionMonitor', (error) => logUnforeseen('The process ends', error));
}

/** A text for a report of a fault: this machine and the end of the log. */
export function logReport(dataDir: string, version: string): string {
  return `RocketDoc ${version}. ${machine()}\n\n${endOf(fileOf(dataDir))}`;
}

function endOf(file: string): string {
  if (!existsSync(file)) return 'The log is empty.';
  const size = statSync(file).size;
  const bytes = Buffer.alloc(Math.min(size, reportBytes));
  const handle = openSync(file, 'r');
  try {
    readSync(handle, bytes, 0, bytes.length, size - bytes.length);
  } finally {
    closeSync(handle);
  }
  const text = bytes.toString('utf8');
  return size > bytes.length ? text.slice(text.indexOf('\n') + 1) : text;
}

function withoutHome(text: string): string {
  return text.replaceAll(homedir(), '~');
}
