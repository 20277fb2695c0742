/** Utility processes that an app host gets from main: the hosts' clients work over a port, and main tells of starts and ends beside it. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { HostsByMain } from '../../../electron/app-host/hosts-by-main.ts';
import type { HostKind } from '../../../electron/contract/app-host.ts';
import { parseDocument } from '../../../electron/document-host/document-client.ts';
import { startEngine } from '../../../electron/engine-host/engine-client.ts';
import type { UtilityHost } from '../../../electron/main/utility-hosts.ts';
import { utilityHostOf } from '../../../electron/main/utility-hosts.ts';
import { waitFor } from '../../fixtures/wait-for.ts';
import { type FakeUtility, forks } from './fake-electron.ts';

vi.mock('electron', () => import('./fake-electron.ts'));

const files = { appHost: '/app/app-host.js', engineHost: '/app/engine-host.js', documentHost: '/app/document-host.js' };
const posix = process.platform !== 'win32';
beforeEach(() => void forks.splice(0));

/** Hosts as the app host sees them; this plays main's side. */
const running = new Map<string, UtilityHost>();
const hosts: HostsByMain = new HostsByMain((ask) => {
  if (ask.ask === 'kill-host') running.get(ask.id)?.kill();
  if (ask.ask !== 'start-host') return;
  const { id } = ask;
  const { host, line } = utilityHostOf(files, ask.host);
  running.set(id, host);
  host.onStarted((pid) => hosts.started(id, pid));
  host.onExit((exit) => hosts.ended(id, exit));
  hosts.takePort(id, line);
});
const start = (kind: HostKind) => hosts.start(kind);
const lines = (host: FakeUtility) => host.received.filter((message) => typeof message === 'string') as string[];

async function engine() {
  const client = startEngine({ startHost: () => start({ kind: 'engine' }) });
  const host = forks[0]?.process as FakeUtility;
  host.pid = 4_000_000; // no process has this id
  host.emit('spawn');
  host.send({ beat: 'ready' });
  await new Promise((resolve) => setTimeout(resolve, 20));
  return { client, host };
}

describe('the engine', () => {
  it('is started from its file and known by its process', async () => {
    const { client, host } = await engine();
    expect(forks[0]).toMatchObject({ file: files.engineHost, options: { stdio: ['ignore', 'pipe', 'pipe'] } });
    expect(client.pid).toBe(host.pid);
    host.exit(0);
  });

  it('is asked in messages and answers in messages', async () => {
    const { client, host } = await engine();
    const answer = client.verbs.cancel({ target: 'none' });
    await waitFor(() => expect(lines(host)).toHaveLength(1));
    const { i } = JSON.parse(lines(host)[0] ?? '') as { i: string };
    host.send(JSON.stringify({ i, p: { b: {} } }));
    await expect(answer).resolves.toBeUndefined();
    host.exit(0);
  });

  it('has what it said last heard before its end', async () => {
    const { client, host } = await engine();
    const answer = client.verbs.cancel({ target: 'none' });
    await waitFor(() => expect(lines(host)).toHaveLength(1));
    const { i } = JSON.parse(lines(host)[0] ?? '') as { i: string };
    host.send(JSON.stringify({ i, p: { b: {} } }));
    host.exit(9);
    await expect(answer).resolves.toBeUndefined();
  });

  it.runIf(posix).each([
    [9, /ended by SIGKILL/],
    [139, /ended by SIGSEGV/],
    [6, /ended by SIGABRT/],
    [134, /ended by SIGABRT/],
    [2, /exit code 2/],
  ])('that ends with %i is a crash that says how', async (code, how) => {
    const { client, host } = await engine();
    const answer = client.verbs.cancel({ target: 'none' });
    host.stderr.push('GGML_ASSERT(x) failed\n');
    host.exit(code);
    await expect(answer).rejects.toMatchObject({ code: 'ENGINE_CRASH', message: expect.stringMatching(how) });
    await expect(answer).rejects.toMatchObject({ message: expect.stringContaining('GGML_ASSERT(x) failed') });
  });

  it('is asked to end and then is closed', async () => {
    const { client, host } = await engine();
    const closed = client.close();
    await waitFor(() => expect(host.received).toContainEqual({ beat: 'end' }));
    host.exit(0);
    await closed;
    await expect(client.verbs.cancel({ target: 'none' })).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('that does not hear is killed', async () => {
    const { client, host } = await engine();
    const kill = vi.spyOn(process, 'kill').mockImplementation(() => {
      host.exit(9);
      return true;
    });
    await client.close();
    expect(kill).toHaveBeenCalledWith(4_000_000, 'SIGKILL');
    kill.mockRestore();
  }, 10_000);
});

describe('the document reader', () => {
  const startHost = ({ maxHeapBytes }: { maxHeapBytes: number }) => start({ kind: 'document', maxHeapBytes });

  it('gets one process for each file, with a limit and without the environment', async () => {
    vi.stubEnv('SECRET_TOKEN', 'secret');
    const parsed = parseDocument('/tmp/a.txt', { startHost });
    const [fork] = forks;
    expect(fork).toMatchObject({
      file: files.documentHost,
      options: { execArgv: [expect.stringMatching(/^--max-old-space-size=\d+$/)] },
    });
    expect(JSON.stringify(fork?.options)).not.toContain('secret');
    await waitFor(() => expect(fork?.process.received).toMatchObject([{ type: 'parse', path: '/tmp/a.txt' }]));
    fork?.process.exit(1);
    await expect(parsed).rejects.toMatchObject({ code: 'INTERNAL' }); // the host never said that it is ready
  });

  it('is killed also when it is cancelled before it began', async () => {
    const stop = new AbortController();
    const parsed = parseDocument('/tmp/a.txt', { startHost, signal: stop.signal });
    const host = forks[0]?.process as FakeUtility;
    stop.abort();
    await expect(parsed).rejects.toMatchObject({ code: 'CANCELLED' });
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
    host.pid = 4_000_001;
    host.emit('spawn');
    expect(kill).toHaveBeenCalledWith(4_000_001, 'SIGKILL');
    kill.mockRestore();
    host.exit(9);
  });
});
