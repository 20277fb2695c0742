/**
 * A host process as its parent sees it. It is started by fork (fork-host.ts) or as a utility process of Electron (main/utility-hosts.ts).
 */
import type { Readable } from 'node:stream';

export interface HostExit {
  code: number | null;
  signal: string | null;
  /** Why the process could not be started. */
  error: string | undefined;
  /** The end of its standard output and standard error. */
  output: string;
}

export interface HostProcess {
  /** A utility process has a pid only once it runs. */
  readonly pid: number | undefined;
  /** A message to a host that has ended is dropped; its exit is what the parent acts on. */
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Called once, after the last message and the last output, also when the process could not be started. */
  onExit(listener: (exit: HostExit) => void): void;
  /** Ends the process at once (SIGKILL); further calls do nothing. */
  kill(): void;
}

export interface HostOptions {
  execArgv?: string[] | undefined;
  /** Default: the parent's. */
  env?: NodeJS.ProcessEnv | undefined;
}

const keptOutput = 16_000; // characters

/** Keeps the end of a process's output, the only place where ggml says why it aborts. */
export function lastOutput(streams: readonly (Readable | null)[]): () => string {
  let text = '';
  for (const stream of streams)
    stream?.setEncoding('utf8').on('data', (data: string) => {
      text = (text + data).slice(-keptOutput);
    });
  return () => text;
}
