/** How a document host is started: with a limit on its memory, and nothing of the person's environment. */
import { fileURLToPath } from 'node:url';
import { forkHost } from '../hosts/fork-host.ts';
import type { HostOptions, HostProcess } from '../hosts/host-process.ts';

export type StartHost = (options: { maxHeapBytes: number }) => HostProcess;

const builtHost = fileURLToPath(new URL('../../out/main/document-host.js', import.meta.url));

export const forkDocumentHost: StartHost = (limits) => forkHost(builtHost, documentHostOptions(limits));

export function documentHostOptions({ maxHeapBytes }: { maxHeapBytes: number }): HostOptions {
  return { execArgv: [`--max-old-space-size=${Math.ceil(maxHeapBytes / 2 ** 20)}`], env: bareEnvironment() };
}

/** Only what Node itself needs: no token or proxy of the person's environment is in the parser's memory. */
function bareEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'LANG']) {
    if (process.env[name] !== undefined) env[name] = process.env[name];
  }
  return env;
}
