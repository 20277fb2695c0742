/**
 * The hosts as Electron's utility processes: a packed RocketDoc cannot run node (its fuses say so), so child_process.fork is not
 * there. Both are given the shape that their clients know from a child process.
 */
import { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { type UtilityProcess, utilityProcess } from 'electron';
import { type HostProcess, hostEnvironment, type StartHost } from '../document-host/document-client.ts';
import type { HostChild } from '../engine-host/engine-client.ts';

export interface HostFiles {
  engineHost: string;
  documentHost: string;
}

export function utilityEngineHost({ engineHost }: HostFiles): HostChild {
  return utilityChild(
    utilityProcess.fork(engineHost, [], { serviceName: 'RocketDoc engine', stdio: ['ignore', 'pipe', 'pipe'] }),
  );
}

const stderrKept = 8192; // characters

export function utilityDocumentHosts({ documentHost }: HostFiles): StartHost {
  return ({ maxHeapBytes }): HostProcess => {
    const child = utilityChild(
      utilityProcess.fork(documentHost, [], {
        serviceName: 'RocketDoc document reader',
        stdio: ['ignore', 'ignore', 'pipe'],
        execArgv: [`--max-old-space-size=${Math.ceil(maxHeapBytes / 2 ** 20)}`],
        env: hostEnvironment(),
      }),
    );
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (data: string) => {
      stderr = (stderr + data).slice(-stderrKept);
    });
    return {
      get pid() {
        return child.pid;
      },
      post: (request) => void child.send(request, () => {}),
      onMessage: (listener) => void child.on('message', listener),
      onExit: (listener) => void child.on('close', (code, signal) => listener({ code, signal, stderr })),
      kill: () => void child.kill('SIGKILL'),
    };
  };
}

function utilityChild(process: UtilityProcess): HostChild {
  const events = new EventEmitter();
  let isOver = false;
  let isDoomed = false;
  process.on('message', (message) => events.emit('message', message));
  process.on('spawn', () => {
    if (isDoomed) endNow(process);
  });
  process.on('exit', (code) => {
    isOver = true;
    void afterOutput(process).then(() => events.emit('close', ...ending(code)));
  });
  return {
    get pid() {
      return process.pid;
    },
    stdout: process.stdout as Readable | null,
    stderr: process.stderr as Readable | null,
    send(message, callback) {
      if (isOver) return callback(new Error('The process has ended.'));
      process.postMessage(message);
      callback(null);
    },
    kill() {
      isDoomed = true;
      if (!isOver) endNow(process);
    },
    on: (event: string, listener: (...args: never[]) => void) => events.on(event, listener as () => void),
  };
}

/** UtilityProcess.kill asks politely, which a stopped or hung process does not hear. */
function endNow(child: UtilityProcess): void {
  if (child.pid === undefined) return; // it has not begun; 'spawn' comes back here
  try {
    process.kill(child.pid, 'SIGKILL');
  } catch {
    child.kill();
  }
}

const outputMs = 500;

/** What it said last is read to its end, unless that does not come. */
async function afterOutput({ stdout, stderr }: UtilityProcess): Promise<void> {
  const ended = [stdout, stderr].map((stream) => {
    const readable = stream as Readable | null;
    if (!readable || readable.readableEnded || readable.destroyed) return undefined;
    return new Promise<void>((resolve) => readable.once('close', resolve).once('end', resolve));
  });
  await Promise.race([Promise.all(ended), new Promise((resolve) => setTimeout(resolve, outputMs))]);
}

/** On POSIX the number is waitpid's: a signal in its low bits (with 128 where a core was written), else the exit code. */
function ending(code: number): [number | null, NodeJS.Signals | null] {
  if (process.platform === 'win32') return [code, null];
  const fatal: NodeJS.Signals[] = ['SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGKILL', 'SIGSEGV', 'SIGTERM', 'SIGTRAP'];
  const signal = fatal.find((name) => constants.signals[name] === (code & 0x7f));
  return signal === undefined ? [code, null] : [null, signal];
}
