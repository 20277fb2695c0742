/** The adapter between utility processes and the hosts' clients, with the clients themselves on it. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { parseDocument } from '../../../electron/document-host/document-client.ts';
import { startEngine } from '../../../electron/engine-host/engine-client.ts';
import { utilityDocumentHosts, utilityEngineHost } from '../../../electron/main/utility-hosts.ts';
import { type FakeUtility, forks } from './fake-electron.ts';

vi.mock('electron', () => import('./fake-electron.ts'));

const files = { engineHost: '/app/engine-host.js', documentHost: '/app/document-host.js' };
const posix = process.platform !== 'win32';
beforeEach(() => void forks.splice(0));

function engine() {
  const client = startEngine({ startHost: () => utilityEngineHost(files) });
  const host = forks[0]?.process as FakeUtility;
  host.pid = 4_000_000; // nobody's
  host.emit('spawn');
  host.emit('message', { beat: 'ready' });
  return { client, host };
}

describe('the engine', () => {
  it('is started from its file and known by its process', () => {
    const { client, host } = engine();
    expect(forks[0]).toMatchObject({ file: files.engineHost, options: { stdio: ['ignore', 'pipe', 'pipe'] } });
    expect(client.pid).toBe(host.pid);
    host.exit(0);
  });

  it('is asked in messages and answers in messages', async () => {
    const { client, host } = engine();
    const answer = client.verbs.cancel({ target: 'none' });
    await vi.waitFor(() => expect(host.heard.some((message) => typeof message === 'string')).toBe(true));
    const { i } = JSON.parse(host.heard.find((message) => typeof message === 'string') as string) as { i: string };
    host.emit('message', JSON.stringify({ i, p: { b: {} } }));
    await expect(answer).resolves.toBeUndefined();
    host.exit(0);
  });

  it.runIf(posix).each([
    [9, /ended by SIGKILL/],
    [139, /ended by SIGSEGV/],
    [6, /ended by SIGABRT/],
    [134, /ended by SIGABRT/],
    [2, /exit code 2/],
  ])('that ends with %i is a crash that says how', async (code, how) => {
    const { client, host } = engine();
    const answer = client.verbs.cancel({ target: 'none' });
    host.stderr.push('GGML_ASSERT(x) failed\n');
    host.exit(code);
    await expect(answer).rejects.toMatchObject({ code: 'ENGINE_CRASH', message: expect.stringMatching(how) });
    await expect(answer).rejects.toMatchObject({ message: expect.stringContaining('GGML_ASSERT(x) failed') });
  });

  it('is asked to end and then is closed', async () => {
    const { client, host } = engine();
    const closed = client.close();
    await vi.waitFor(() => expect(host.heard).toContainEqual({ beat: 'end' }));
    host.exit(0);
    await closed;
    await expect(client.verbs.cancel({ target: 'none' })).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('that does not hear is killed', async () => {
    const { client, host } = engine();
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
  const startHost = utilityDocumentHosts(files);

  it('gets one process for each file, with a limit and without the environment', async () => {
    vi.stubEnv('SECRET_TOKEN', 'secret');
    const parsed = parseDocument('/tmp/a.txt', { startHost });
    const [fork] = forks;
    expect(fork).toMatchObject({
      file: files.documentHost,
      options: { execArgv: [expect.stringMatching(/^--max-old-space-size=\d+$/)] },
    });
    expect(JSON.stringify(fork?.options)).not.toContain('secret');
    expect(fork?.process.heard).toMatchObject([{ type: 'parse', path: '/tmp/a.txt' }]);
    fork?.process.exit(1);
    await expect(parsed).rejects.toMatchObject({ code: 'INTERNAL' }); // it never said that it hears
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
