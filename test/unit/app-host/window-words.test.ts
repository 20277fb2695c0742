/** No sentence of the engine's sends somebody who sits at the window to a command line. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { failureForWindow, windowWords } from '../../../electron/app-host/window-words.ts';
import { AppError } from '../../../electron/contract/errors.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Rooms whose sentences can reach the window. */
const rooms = [
  'electron/engine-host',
  'electron/document-host',
  'electron/library',
  'electron/workspace',
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

/** Whole literals, also those that a sentence is put together from. */
const literals = sources.flatMap((file) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => !/^\s*(\/\/|\*|\/\*)/.test(line))
    .flatMap((line) => [...line.matchAll(/"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|`((?:[^`\\]|\\.)*)`/g)])
    .map(([, double, single, back]) => double ?? single ?? back ?? ''),
);
const namesFlag = (text: string) => /(?<![\w-])--[a-z]/.test(text);
/** Arguments for a process of our own are no sentences. */
const isSentence = (text: string) => / /.test(text.trim()) && !text.trim().startsWith('--');

it('finds the sentences that name flags or npm', () => {
  expect(literals.filter((text) => namesFlag(text) && isSentence(text)).length).toBeGreaterThan(2);
  expect(literals.filter((text) => /Run: npm/.test(text)).length).toBeGreaterThan(3);
});

it('has other words for each of them', () => {
  const left = literals.filter((text) => namesFlag(text) && isSentence(text) && namesFlag(windowWords(text, false)));
  expect(left).toEqual([]);
  const told = literals.filter((text) => isSentence(text) && /\bnp[mx]\b/.test(windowWords(text, true)));
  expect(told).toEqual([]);
});

it.each([
  ['Choose a model with a longer context (--model).', 'Choose a model with a longer context.'],
  [
    'Mode exact-topk measures on the CPU: use --device cpu.',
    'Mode exact-topk measures on the CPU: choose the CPU in the settings.',
  ],
  ['It needs 9 (CUDA 12). Use the CPU (--device cpu).', 'It needs 9 (CUDA 12). Use the CPU.'],
  ['Raise --token-budget 512 first.', 'Raise the setting token-budget first.'],
  ['A range 3--5 and a -- b stay.', 'A range 3--5 and a -- b stay.'],
])('%s', (from, to) => {
  expect(windowWords(from, false)).toBe(to);
});

it('sends nobody who has a package to npm, and everybody else as before', () => {
  const message = 'The engine cannot find libggml.so. Run: npm ci && npm run build:native';
  expect(windowWords(message, true)).toBe('The engine cannot find libggml.so. Install RocketDoc again.');
  expect(windowWords(message, false)).toBe(message);
});

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
  expect(failureForWindow(new AppError('MODEL_FORMAT', 'x (--y z).'))).toEqual({ code: 'MODEL_FORMAT', message: 'x.' });
});
