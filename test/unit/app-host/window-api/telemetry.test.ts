/** When the telemetry goes out: at changes, five times a second while a job runs, and never while nothing happens. */
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { WindowApiNeeds } from '../../../../electron/app-host/window-api/needs.ts';
import { telemetry } from '../../../../electron/app-host/window-api/telemetry.ts';

const changes = new EventEmitter<{ change: [] }>();
let jobs: { phase: string }[] = [];
const rooms = {
  changes,
  jobs: {
    get list() {
      return jobs;
    },
  },
  downloads: { isRunning: false, list: [] },
  revisions: { counts: {} },
  supervisor: { state: {}, pid: undefined },
  models: { revision: 0 },
  session: () => ({ documents: [] }),
  saving: { failure: null },
  live: new Map(),
} as unknown as WindowApiNeeds;

vi.mock('../../../../electron/app-host/planning/saved-caches.ts', () => ({ keptDocuments: () => [] }));

let sent: number[] = [];
let end = new AbortController();

beforeEach(async () => {
  vi.useFakeTimers();
  sent = [];
  end = new AbortController();
  const start = performance.now();
  void (async () => {
    for await (const _ of telemetry(rooms, end.signal)) sent.push(performance.now() - start);
  })();
  await vi.advanceTimersByTimeAsync(0);
});
afterEach(async () => {
  end.abort();
  await vi.runAllTimersAsync();
  vi.useRealTimers();
});

it('goes out once, and never again while nothing happens', async () => {
  jobs = [];
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toEqual([0]);
});

it('goes out five times a second while a document is read', async () => {
  jobs = [{ phase: 'reading' }];
  changes.emit('change');
  await vi.advanceTimersByTimeAsync(1060);
  expect(sent).toEqual([0, 50, 250, 450, 650, 850, 1050]);
});

it('goes out at a change', async () => {
  jobs = [{ phase: 'answer' }];
  await vi.advanceTimersByTimeAsync(120);
  changes.emit('change');
  await vi.advanceTimersByTimeAsync(0);
  expect(sent).toEqual([0, 120]);
});
