/** How the parent starts and ends a document host. Electron's main process supplies its own StartHost (utilityProcess). */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ParseRequest } from '../contract/documents.ts';

export interface HostExit {
  code: number | null;
  signal: string | null;
  stderr: string; // its last few KB
}

export interface HostProcess {
  readonly pid: number | undefined;
  post(request: ParseRequest): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Called once, after the last message, also when the process could not be started. */
  onExit(listener: (exit: HostExit) => void): void;
  /** At once and for certain; more than once does nothing. */
  kill(): void;
}

export type StartHost = (options: { maxHeapBytes: number }) => HostProcess;

const stderrKept = 8192; // characters

const builtHost = fileURLToPath(new URL('../../out/main/document-host.js', import.meta.url));

/** child_process.fork of the built host. */
export const forkDocumentHost: StartHost = (options) => forkHost(builtHost, options);

export function forkHost(entry: string, { maxHeapBytes }: { maxHeapBytes: number }): HostProcess {
  const child = fork(entry, [], {
    execArgv: [`--max-old-space-size=${Math.ceil(maxHeapBytes / 2 ** 20)}`],
    env: hostEnvironment(),
    serialization: 'advanced', // text keeps every UTF-16 unit, and no JSON is made of it
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    windowsHide: true,
  } as Parameters<typeof fork>[2]);
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (data: string) => {
    stderr = (stderr + data).slice(-stderrKept);
  });
  child.on('error', (error) => {
    stderr += error.message;
  });
  return {
    pid: child.pid,
    post: (request) => void child.send(request, () => {}), // a dead child is reported by its exit, not here
    onMessage: (listener) => void child.on('message', listener),
    onExit: (listener) => {
      let told = false;
      const tell = (code: number | null, signal: string | null): void => {
        if (told) return;
        told = true;
        listener({ code, signal, stderr });
      };
      child.on('close', tell); // not 'exit': stderr has been read to its end by then
      child.on('error', () => child.pid === undefined && tell(null, null));
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

/** Only what Node itself needs: no token or proxy of the person's environment is in the parser's memory. */
export function hostEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'LANG']) {
    if (process.env[name] !== undefined) env[name] = process.env[name];
  }
  return env;
}
