/** No sentence that the window can show tells the person to use a command line. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { adviceInWindow, failureForWindow } from '../../../electron/app-host/window-words.ts';
import { commandWords } from '../../../electron/cli/advice-words.ts';
import { AppError, advices } from '../../../electron/contract/errors.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Rooms whose sentences can reach the window. */
const rooms = [
  'electron/engine-host',
  'electron/document-host',
  'electron/hosts',
  'electron/app-host',
  'electron/contract',
];
const native = [
  'native/arch',
  'native/device',
  'native/graph',
  'native/engine',
  'native/rocketkv',
  'native/binding',
  'native/kernels',
];

const sources = [...rooms, ...native].flatMap((room) =>
  readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|cpp|cc|cu|h|cuh)$/.test(name) && name !== 'window-words.ts')
    .map((name) => join(root, room, name)),
);
sources.push(join(root, 'native', 'index.ts'));

/** All string literals, also parts that sentences are put together from. */
const literals = sources.flatMap((file) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => !/^\s*(\/\/|\*|\/\*)/.test(line))
    .flatMap((line) => [...line.matchAll(/"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|`((?:[^`\\]|\\.)*)`/g)])
    .map(([, double, single, back]) => double ?? single ?? back ?? ''),
);
const namesFlag = (text: string) => /(?<![\w-])--[a-z]/.test(text);
/** Arguments for child processes are no sentences. */
const isSentence = (text: string) => / /.test(text.trim()) && !text.trim().startsWith('--');

it('names no flag and no command of a checkout in a sentence: what to do is said where it is known who reads', () => {
  expect(literals.filter((text) => isSentence(text) && (namesFlag(text) || /\bnp[mx] /.test(text)))).toEqual([]);
  expect(literals.length).toBeGreaterThan(3000);
});

it.each(advices)('has words for %s: none with a flag, and no npm in a package', (advice) => {
  expect(adviceInWindow(advice, true)).toMatch(/^[A-Z][^-]*\.$/);
  expect(adviceInWindow(advice, true)).not.toContain('npm');
  expect(adviceInWindow(advice, false)).not.toMatch(/(?<![\w-])--[a-z]/);
  const error = new AppError('IO', 'It failed.', { advice });
  expect(failureForWindow(error).message).toBe(`It failed. ${adviceInWindow(advice)}`);
  expect(commandWords(error)).toMatch(/^It failed\. [A-Z]/);
});

it.each(['minutes --final.pdf', 'Plan (v2 --draft).pdf', 'use --device cpu.txt', 'Run: npm ci.md'])(
  'leaves the name of a file as it is: %s',
  (name) => {
    const message = `${name} holds no text.`;
    expect(failureForWindow(new AppError('DOC_EMPTY', message)).message).toBe(message);
  },
);

it('says what is foreseen and keeps what is not', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write /home/person/x'), { code: 'ENOSPC' });
  expect(failureForWindow(full)).toMatchObject({
    code: 'DISK_FULL',
    message: expect.stringContaining('The disk is full'),
  });
  expect(failureForWindow(full).message).not.toContain('/home');
  expect(failureForWindow(new Error('/home/person/secret'))).toEqual({
    code: 'INTERNAL',
    message: 'Something failed inside. The log says what: About RocketDoc shows it.',
  });
});
