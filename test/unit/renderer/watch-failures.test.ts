// @vitest-environment happy-dom
/// <reference lib="dom" />
import { ORPCError } from '@orpc/client';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import type { WindowFailure } from '../../../electron/contract/app-types.ts';
import { watchFailures } from '../../../renderer/bridge/watch-failures.ts';

let isConnected = true;
let refusals: string[] = [];
let faults: WindowFailure[] = [];

beforeAll(() =>
  watchFailures({
    isConnected: () => isConnected,
    onRefusal: (sentence) => refusals.push(sentence),
    onFault: (fault) => faults.push(fault),
  }),
);
beforeEach(() => {
  isConnected = true;
  refusals = [];
  faults = [];
});

/** Rejects; returns whether the browser would still have reported it. */
function reject(reason: unknown): boolean {
  const event = Object.assign(new Event('unhandledrejection', { cancelable: true }), { reason });
  return window.dispatchEvent(event);
}

it('a refused call that no action handled is a notice with the sentence of the server', () => {
  const refusal = new ORPCError('DISK_FULL', { message: 'The disk is full: 3 MB are free, 12 MB are needed.' });
  expect(reject(refusal)).toBe(false);
  expect(refusals).toEqual(['The disk is full: 3 MB are free, 12 MB are needed.']);
  expect(faults).toEqual([]);
});

it('what fails because there is no connection is said by the window already', () => {
  isConnected = false;
  expect(reject(new Error('The socket was closed.'))).toBe(false);
  expect(refusals).toEqual([]);
  expect(faults).toEqual([]);
});

it('a fault of the window goes to the log', () => {
  expect(reject(new TypeError('x is undefined'))).toBe(true);
  expect(faults).toMatchObject([{ name: 'TypeError', message: 'x is undefined' }]);
});

it('a fault that repeats ends in silence', () => {
  for (let i = 0; i < 40; i++) reject(new Error(`again ${i}`));
  expect(faults.length).toBeLessThan(20);
});
