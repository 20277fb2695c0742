/**
 * Ends this process when its resident memory passes the limit or its parent is gone. A thread of its own, because a
 * parser that runs away never comes back to the event loop. --max-old-space-size alone bounds neither wasm nor buffers.
 */
import { Worker } from 'node:worker_threads';

/** Written to stderr before the end; the parent tells memory from other deaths by it. */
export const memoryMark = 'DOCUMENT-HOST-MEMORY';

const pollMs = 40;

// Plain JavaScript in a string: it must start in a packaged app and in development alike, without a loader.
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
