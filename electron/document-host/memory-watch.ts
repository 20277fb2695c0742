/**
 * Ends this process when its resident memory passes the limit or its parent is gone. It runs in a thread of its own, because a parser in an
 * endless loop never returns to the event loop. --max-old-space-size alone bounds neither wasm nor buffers.
 */
import { Worker } from 'node:worker_threads';

/** Written to stderr before the process ends, so that the parent can recognise the reason. */
export const memoryMark = 'DOCUMENT-HOST-MEMORY';

const pollMs = 40;

// Plain JavaScript in a string, so that it starts in the packed app and in a clone without a loader.
const watcher = `
  const { workerData: { maxRssBytes, parentPid, mark, pollMs } } = require('node:worker_threads');
  const { writeSync } = require('node:fs');
  const end = () => process.kill(process.pid, 'SIGKILL');
  setInterval(() => {
    if (process.ppid !== parentPid) end();
    if (process.memoryUsage.rss() > maxRssBytes) {
      try { writeSync(2, mark + '\\n'); } finally { end(); }
    }
  }, pollMs);
`;

/** Resolves when the thread runs. */
export function watchMemory(maxRssBytes: number): Promise<void> {
  const workerData = { maxRssBytes, parentPid: process.ppid, mark: memoryMark, pollMs };
  const worker = new Worker(watcher, { eval: true, execArgv: [], workerData });
  worker.unref();
  return new Promise((resolve, reject) => {
    worker.once('online', resolve);
    worker.once('error', reject);
  });
}
