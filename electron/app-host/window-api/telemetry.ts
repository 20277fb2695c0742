/**
 * The whole state of engine and jobs, small enough to be sent as a whole: at each change, five times a second while a job runs, never when
 * idle.
 */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import type { Telemetry } from '../../contract/app-types.ts';
import { keptDocuments } from '../planning/saved-caches.ts';
import type { WindowApiNeeds } from './needs.ts';

const whileRunningMs = 200;
/** Changes within this time are sent together. */
const leastMs = 50;

export function snapshot(rooms: WindowApiNeeds): Telemetry {
  return {
    at: Date.now(),
    revisions: { ...rooms.revisions.counts },
    engine: rooms.supervisor.state,
    models: { revision: rooms.models.revision, downloads: rooms.downloads.list },
    jobs: rooms.jobs.list,
    held: rooms.session().documents,
    kept: { documents: keptDocuments(rooms), failure: rooms.saving.failure },
    live: [...rooms.live.values()],
    engineBytes: residentBytes(rooms.supervisor.pid),
    machineBytes: totalmem(),
  };
}

export async function* telemetry(
  rooms: WindowApiNeeds,
  signal: AbortSignal | undefined,
): AsyncGenerator<Telemetry, void, void> {
  let changed = true;
  let wake = () => {};
  const onChange = () => {
    changed = true;
    wake();
  };
  rooms.changes.on('change', onChange);
  signal?.addEventListener('abort', onChange);
  try {
    while (!signal?.aborted) {
      changed = false;
      yield snapshot(rooms);
      await pause(leastMs);
      if (changed || signal?.aborted) continue;
      const isRunning = rooms.downloads.isRunning || rooms.jobs.list.some(({ phase }) => phase !== 'paused');
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (isRunning) timer = setTimeout(resolve, whileRunningMs - leastMs);
      });
      clearTimeout(timer);
    }
  } finally {
    rooms.changes.off('change', onChange);
    signal?.removeEventListener('abort', onChange);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Linux reports this for any process of ours; on other systems nothing is shown. */
function residentBytes(pid: number | undefined): number | null {
  if (pid === undefined || process.platform !== 'linux') return null;
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? null : Number(kib) * 1024;
  } catch {
    return null;
  }
}
