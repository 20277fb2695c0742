/**
 * Entry of the MCP server in a package, where there is no node: an agent starts RocketDoc's own program with `--mcp [--folder
 * <folder>]...`. It opens no library and no window; if no RocketDoc is open, it starts one as a person would.
 */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultDataDir } from '../app-host/data-dir.ts';
import { type Opened, openedAlready, optionsOf, refuse, serveTools } from './serve-tools.ts';

/** Agents wait about a minute for a server. */
const timeoutMs = 45_000;
const stepMs = 250;

async function started(program: string): Promise<Opened> {
  spawn(program, [], { detached: true, stdio: 'ignore' })
    .on('error', ({ message }) => refuse(`RocketDoc cannot be started: ${message}.`))
    .unref();
  for (const end = Date.now() + timeoutMs; Date.now() < end; await sleep(stepMs)) {
    const opened = await openedAlready(defaultDataDir());
    if (opened) return opened;
  }
  return refuse('RocketDoc was started and does not answer. Is its window open, and what does it say?');
}

/** `program`: the path of RocketDoc's program. */
export async function servePackagedTools(program: string): Promise<void> {
  const { folder } = optionsOf({
    mcp: { type: 'boolean' },
    folder: { type: 'string', multiple: true, default: [] },
  });
  await serveTools((await openedAlready(defaultDataDir())) ?? (await started(program)), folder);
}
