/**
 * Entry in a package, where there is no node: RocketDoc's own program, started by an agent with `--mcp [--folder <folder>]...`. It opens
 * no library and shows nothing itself; a RocketDoc that is closed is started as a person would start it.
 */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultDataDir } from '../app-host/data-dir.ts';
import { type Opened, openedAlready, optionsOf, refuse, serveTools } from './serve-tools.ts';

/** Agents wait about a minute for a server. */
const patienceMs = 45_000;
const stepMs = 250;

async function started(program: string): Promise<Opened> {
  spawn(program, [], { detached: true, stdio: 'ignore' })
    .on('error', ({ message }) => refuse(`RocketDoc cannot be started: ${message}.`))
    .unref();
  for (const end = Date.now() + patienceMs; Date.now() < end; await sleep(stepMs)) {
    const opened = await openedAlready(defaultDataDir());
    if (opened) return opened;
  }
  return refuse('RocketDoc was started and does not answer. Is its window open, and what does it say?');
}

/** `program`: the path of RocketDoc's own. */
export async function servePackagedTools(program: string): Promise<void> {
  const { folder } = optionsOf({
    mcp: { type: 'boolean' },
    folder: { type: 'string', multiple: true, default: [] },
  });
  await serveTools((await openedAlready(defaultDataDir())) ?? (await started(program)), folder);
}
