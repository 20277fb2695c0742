/**
 * The host as its parent holds it: what the client uses of node's ChildProcess. Electron's main process gives a utility
 * process the same shape.
 */
import type { Readable } from 'node:stream';

export interface HostChild {
  /** Of a utility process known only once it runs. */
  readonly pid?: number | undefined;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  send(message: unknown, callback: (error: Error | null) => void): unknown;
  kill(signal: 'SIGKILL'): unknown;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Once, after the last of its output. */
  on(event: 'close', listener: (code: number | null, signal: NodeJS.Signals | null) => void): unknown;
}
