/**
 * One file in the data folder that tells what went wrong: versions and device at start, failures that nobody foresaw with their stack,
 * hosts that ended with their last words. Never a document's text, a question or an answer: what stands in quotes in an unforeseen
 * message may be such text and is left out.
 */
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { cpus, homedir, release, totalmem } from 'node:os';
import { join } from 'node:path';
import electronLog from 'electron-log/node.js';
import type { Note } from '../contract/app-host.ts';
import { toAppError } from '../contract/errors.ts';
import { bytesText } from '../contract/number-words.ts';
import { describedError } from '../hosts/described-error.ts';

const maxBytes = 1_000_000; // then it becomes rocketdoc.old.log
const reportBytes = 48_000; // of the log's end

const logger = electronLog.create({ logId: 'rocketdoc' });
logger.transports.console.level = false;
logger.transports.file.level = false;

const fileOf = (dataDir: string) => join(dataDir, 'rocketdoc.log');
const noted = new WeakSet<object>();

/** Nothing is written before. */
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

/** A sentence that a person was told too, such as a host's end with its last words. */
export function logWarning(sentence: string): void {
  logger.warn(withoutHome(sentence));
}

/** What nobody foresaw, once, with stack and causes. `where`: what failed, such as a process or a verb. */
export function logUnforeseen(where: string, error: unknown): void {
  if (typeof error === 'object' && error !== null) {
    if (noted.has(error)) return;
    noted.add(error);
  }
  logger.error(withoutHome(`${where}: ${describedError(error)}`));
}

/** Of work that goes on without what failed: only what nobody foresaw is noted. */
export function logIfUnforeseen(where: string, error: unknown): void {
  if (toAppError(error).code === 'INTERNAL') logUnforeseen(where, error);
}

/** What another process of ours noted, described there already. */
export function logNoted({ level, text }: Note): void {
  logger[level](withoutHome(text));
}

/** Process-wide: a rejection that nobody handles is noted and work goes on; what else would end the process is noted first. */
export function watchProcess(): void {
  process.on('unhandledRejection', (error) => logUnforeseen('Nobody waited for a failed promise', error));
  process.on('uncaughtExceptionMonitor', (error) => logUnforeseen('The process ends', error));
}

/** For whoever helps: this machine and the end of the log. */
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
