/** Starts a host as a child process of node. */
import { fork } from 'node:child_process';
import { type HostExit, type HostOptions, type HostProcess, lastOutput } from './host-process.ts';

export function forkHost(file: string, { execArgv = [], env }: HostOptions = {}): HostProcess {
  const child = fork(file, [], {
    execArgv,
    env: env ?? process.env,
    serialization: 'advanced', // keeps every UTF-16 unit of a text, and does not convert messages to JSON
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    windowsHide: true,
  } as Parameters<typeof fork>[2]);
  const output = lastOutput([child.stdout, child.stderr]);
  let error: string | undefined;
  let over: HostExit | undefined;
  const listeners: ((exit: HostExit) => void)[] = [];
  const end = (code: number | null, signal: string | null) => {
    if (over) return;
    over = { code, signal, error, output: output() };
    for (const listener of listeners.splice(0)) listener(over);
  };
  child.on('error', ({ message }) => {
    error = message;
    if (child.pid === undefined) end(null, null);
  });
  child.on('close', end); // not 'exit': at 'close' all its output has been read
  return {
    pid: child.pid,
    post: (message) => void child.send(message as string, () => {}),
    onMessage: (listener) => void child.on('message', listener),
    onExit: (listener) => void (over ? listener(over) : listeners.push(listener)),
    kill: () => void child.kill('SIGKILL'),
  };
}
