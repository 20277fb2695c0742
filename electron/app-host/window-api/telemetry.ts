/** The whole state, small enough to be sent whole: at each change, five times a second while a job runs, never when idle. */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import type { Telemetry } from '../../contract/app-types.ts';
import type { App } from '../app.ts';
import { keptDocuments } from '../planning/saved-caches.ts';

const whileRunningMs = 200;
/** Bursts of changes become one. */
const leastMs = 50;

export function snapshot(app: App): Telemetry {
  return {
    at: Date.now(),
    engine: app.supervisor.state,
    models: { revision: app.models.revision, downloads: app.downloads.list },
    jobs: app.jobs.list,
    held: app.session().documents,
    kept: { documents: keptDocuments(app), failure: app.saving.failure },
    live: [...app.live.values()],
    engineBytes: residentBytes(app.supervisor.pid),
    machineBytes: totalmem(),
  };
}

export async function* telemetry(app: App, signal: AbortSignal | undefined): AsyncGenerator<Telemetry, void, void> {
  let changed = true;
  let wake = () => {};
  const onChange = () => {
    changed = true;
    wake();
  };
  app.changes.on('change', onChange);
  signal?.addEventListener('abort', onChange);
  try {
    while (!signal?.aborted) {
      changed = false;
      yield snapshot(app);
      await pause(leastMs);
      if (changed || signal?.aborted) continue;
      const isRunning = app.downloads.isRunning || app.jobs.list.some(({ phase }) => phase !== 'paused');
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (isRunning) timer = setTimeout(resolve, whileRunningMs - leastMs);
      });
      clearTimeout(timer);
    }
  } finally {
    app.changes.off('change', onChange);
    signal?.removeEventListener('abort', onChange);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Linux tells of any process of ours; elsewhere nothing is shown rather than something guessed. */
function residentBytes(pid: number | undefined): number | null {
  if (pid === undefined || process.platform !== 'linux') return null;
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? null : Number(kib) * 1024;
  } catch {
    return null;
  }
}
