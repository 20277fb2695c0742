/**
 * Starts our processes as utility processes of Electron: a packed RocketDoc cannot run node (its fuses forbid it), so child_process.fork
 * does not work there.
 */
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { MessageChannelMain, type MessagePortMain, type UtilityProcess, utilityProcess } from 'electron';
import type { HostKind } from '../contract/app-host.ts';
import { documentHostOptions } from '../document-host/start-document-host.ts';
import type { PortMessage } from '../hosts/handed-port.ts';
import { type HostExit, type HostOptions, type HostProcess, lastOutput } from '../hosts/host-process.ts';

export interface HostFiles {
  appHost: string;
  engineHost: string;
  documentHost: string;
}

export interface UtilityHost extends HostProcess {
  /** Hands a port over; calls name it by its id. */
  hand(id: string, port: MessagePortMain): void;
  onStarted(listener: (pid: number) => void): void;
}

export const utilityAppHost = ({ appHost }: HostFiles): UtilityHost => utilityHost(appHost, 'RocketDoc app host');

/** Starts a host and returns the port to it too, which goes to whoever asked for the host. */
export function utilityHostOf(
  { engineHost, documentHost }: HostFiles,
  kind: HostKind,
): { host: UtilityHost; line: MessagePortMain } {
  const host =
    kind.kind === 'engine'
      ? utilityHost(engineHost, 'RocketDoc engine')
      : utilityHost(documentHost, 'RocketDoc document reader', documentHostOptions(kind));
  const { port1, port2 } = new MessageChannelMain();
  host.hand('parent', port1);
  return { host, line: port2 };
}

function utilityHost(file: string, serviceName: string, { execArgv = [], env }: HostOptions = {}): UtilityHost {
  const child = utilityProcess.fork(file, [], {
    serviceName,
    stdio: ['ignore', 'pipe', 'pipe'],
    execArgv,
    ...(env ? { env } : {}),
  });
  const output = lastOutput([child.stdout as Readable | null, child.stderr as Readable | null]);
  const onExit: ((exit: HostExit) => void)[] = [];
  const onStarted: ((pid: number) => void)[] = [];
  let isOver = false;
  let endsOnceStarted = false;
  child.on('spawn', () => {
    if (endsOnceStarted) endNow(child);
    for (const listener of onStarted) if (child.pid !== undefined) listener(child.pid);
  });
  child.on('exit', (code) => {
    isOver = true;
    void afterOutput(child).then(() => {
      for (const listener of onExit) listener({ ...ending(code), error: undefined, output: output() });
    });
  });
  return {
    get pid() {
      return child.pid;
    },
    post(message) {
      if (!isOver) child.postMessage(message);
    },
    hand(id, port) {
      if (isOver) port.close();
      else child.postMessage({ port: id } satisfies PortMessage, [port]);
    },
    onMessage: (listener) => void child.on('message', listener),
    onExit: (listener) => void onExit.push(listener),
    onStarted: (listener) => void onStarted.push(listener),
    kill() {
      endsOnceStarted = true;
      if (!isOver) endNow(child);
    },
  };
}

/** UtilityProcess.kill sends SIGTERM, to which a stopped or hung process does not react. */
function endNow(child: UtilityProcess): void {
  if (child.pid === undefined) return; // it has not started yet; the listener of 'spawn' calls this again
  try {
    process.kill(child.pid, 'SIGKILL');
  } catch {
    child.kill();
  }
}

const outputMs = 500;

/** Waits until the output is read to its end, for a limited time. */
async function afterOutput({ stdout, stderr }: UtilityProcess): Promise<void> {
  const ended = [stdout, stderr].map((stream) => {
    const readable = stream as Readable | null;
    if (!readable || readable.readableEnded || readable.destroyed) return undefined;
    return new Promise<void>((resolve) => readable.once('close', resolve).once('end', resolve));
  });
  await Promise.race([Promise.all(ended), new Promise((resolve) => setTimeout(resolve, outputMs))]);
}

/** On POSIX the number is waitpid's: a signal in its low bits (with 128 where a core was written), else the exit code. */
function ending(code: number): Pick<HostExit, 'code' | 'signal'> {
  if (process.platform === 'win32') return { code, signal: null };
  const fatal: NodeJS.Signals[] = ['SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGKILL', 'SIGSEGV', 'SIGTERM', 'SIGTRAP'];
  const signal = fatal.find((name) => constants.signals[name] === (code & 0x7f));
  return signal === undefined ? { code, signal: null } : { code: null, signal };
}
