/** A host as its parent holds it. Two kinds start one: fork (fork-host.ts) and Electron's utility processes (main/utility-hosts.ts). */
import type { Readable } from 'node:stream';

export interface HostExit {
  code: number | null;
  signal: string | null;
  /** Why it could not be started. */
  error: string | undefined;
  /** The end of what it wrote, errors and all. */
  output: string;
}

export interface HostProcess {
  /** Of a utility process known only once it runs. */
  readonly pid: number | undefined;
  /** A message to a host that has ended is dropped; its exit is what the parent acts on. */
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Called once, after the last message and the last output, also when the process could not be started. */
  onExit(listener: (exit: HostExit) => void): void;
  /** At once and for certain; more than once does nothing. */
  kill(): void;
}

export interface HostOptions {
  execArgv?: string[] | undefined;
  /** Default: the parent's. */
  env?: NodeJS.ProcessEnv | undefined;
}

const keptOutput = 16_000; // characters

/** Keeps the end of what a process writes: ggml says why it aborts there and nowhere else. */
export function lastOutput(streams: readonly (Readable | null)[]): () => string {
  let text = '';
  for (const stream of streams)
    stream?.setEncoding('utf8').on('data', (data: string) => {
      text = (text + data).slice(-keptOutput);
    });
  return () => text;
}
