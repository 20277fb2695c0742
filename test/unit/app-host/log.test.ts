import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { countIfPossible } from '../../../electron/app-host/documents/add-document.ts';
import type { DocumentsNeeds } from '../../../electron/app-host/documents/needs.ts';
import {
  closeLog,
  logInfo,
  logReport,
  logUnforeseen,
  logWarning,
  openLog,
  watchProcess,
} from '../../../electron/app-host/log.ts';
import { failureForWindow } from '../../../electron/app-host/window-words.ts';
import { AppError } from '../../../electron/contract/errors.ts';

let dir: string;
const text = () => readFileSync(join(dir, 'rocketdoc.log'), 'utf8');

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rocketdoc-log-'));
  openLog(dir, '1.2.3');
});

afterEach(() => {
  closeLog();
  rmSync(dir, { recursive: true, force: true });
});

it('begins with the version, the system and the memory', () => {
  expect(text()).toMatch(/\[info\]\s+RocketDoc 1\.2\.3 starts\. \S+ .* Node \d+.*cores .*of memory\./);
});

it('keeps the stack and the causes of a failure that the window is told of in general words only', () => {
  const error = new TypeError('x is not a function', { cause: new RangeError('Invalid array length') });
  expect(failureForWindow(error).message).toBe('Something failed inside. The log says what: About RocketDoc shows it.');
  expect(text()).toContain('TypeError: x is not a function');
  expect(text()).toContain('caused by RangeError: Invalid array length');
  expect(text()).toMatch(/at .*log\.test\.ts:\d+/);
});

it('has what nobody waited for, and what ends the process', () => {
  const names = ['unhandledRejection', 'uncaughtExceptionMonitor'] as const;
  const before = names.map((name) => process.listeners(name as 'uncaughtExceptionMonitor'));
  watchProcess();
  const added = names.map((name, i) =>
    process.listeners(name as 'uncaughtExceptionMonitor').filter((listener) => !before[i]?.includes(listener)),
  );
  for (const [i, name] of names.entries())
    for (const listener of added[i] ?? []) {
      process.off(name, listener);
      listener(new Error(`as ${name}`), name as 'unhandledRejection');
    }
  expect(text()).toMatch(/\[error\] Nobody waited for a failed promise: Error: as unhandledRejection\n\s+at /);
  expect(text()).toMatch(/\[error\] The process ends: Error: as uncaughtExceptionMonitor\n\s+at /);
});

it('has what nobody foresaw also where work goes on without it, and not what was foreseen', async () => {
  const parsed = { text: '', pages: [] };
  const failing = (error: Error) => ({ counter: { count: () => Promise.reject(error) } }) as unknown as DocumentsNeeds;
  expect(await countIfPossible(failing(new AppError('MODEL_MISSING', 'There is no model.')), parsed)).toBeUndefined();
  expect(text()).not.toContain('There is no model.');
  expect(await countIfPossible(failing(new TypeError('x is undefined')), parsed)).toBeUndefined();
  expect(text()).toMatch(/Counting tokens: TypeError: x is undefined\n\s+at /);
});

it('says a failure once, however many rooms it passes', () => {
  const error = new Error('one');
  failureForWindow(error);
  failureForWindow(error);
  logUnforeseen('elsewhere', error);
  expect(text().match(/Error: one/g)).toHaveLength(1);
});

it('says what a host of documents said last', () => {
  failureForWindow(
    new AppError('INTERNAL', 'Reading a.pdf failed: the document reader ended.', {
      cause: new Error('RuntimeError: out of bounds'),
    }),
  );
  expect(text()).toContain('Reading a.pdf failed: the document reader ended.');
  expect(text()).toContain('caused by Error: RuntimeError: out of bounds');
});

it('holds nothing that V8 quotes of a document, in message or stack', () => {
  let thrown: unknown;
  try {
    JSON.parse('The patient, Ada Lark, was admitted on 3 May.');
  } catch (error) {
    thrown = error;
  }
  expect(String(thrown)).toContain('patien');
  failureForWindow(thrown);
  expect(text()).toContain('SyntaxError');
  expect(text()).not.toContain('patien');
});

it('names no home folder', () => {
  logWarning(`The engine ended: ${join(homedir(), 'models', 'a.gguf')}`);
  expect(text()).toContain(join('~', 'models', 'a.gguf'));
  expect(text()).not.toContain(homedir());
});

it('is cut at a megabyte, the older half beside it, and a report has its end', () => {
  for (let i = 0; i < 300; i++) logInfo(`${i} ${'x'.repeat(5000)}`);
  expect(statSync(join(dir, 'rocketdoc.log')).size).toBeLessThan(1_100_000);
  expect(statSync(join(dir, 'rocketdoc.old.log')).size).toBeGreaterThan(900_000);
  const report = logReport(dir, '1.2.3');
  expect(report.length).toBeLessThan(50_000);
  expect(report).toContain('299 x');
  expect(report).toMatch(/^RocketDoc 1\.2\.3\. /);
});
