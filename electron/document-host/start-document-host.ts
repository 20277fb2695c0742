/** Starts a document host with a memory limit and a minimal environment. */
import { fileURLToPath } from 'node:url';
import { forkHost } from '../hosts/fork-host.ts';
import type { HostOptions, HostProcess } from '../hosts/host-process.ts';

export type StartHost = (options: { maxHeapBytes: number }) => HostProcess;

const builtHost = fileURLToPath(new URL('../../out/main/document-host.js', import.meta.url));

export const forkDocumentHost: StartHost = (limits) => forkHost(builtHost, documentHostOptions(limits));

export function documentHostOptions({ maxHeapBytes }: { maxHeapBytes: number }): HostOptions {
  return { execArgv: [`--max-old-space-size=${Math.ceil(maxHeapBytes / 2 ** 20)}`], env: bareEnvironment() };
}

/** Only variables that node needs, so that the parser's memory has no token or proxy of the person's environment. */
function bareEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'LANG']) {
    if (process.env[name] !== undefined) env[name] = process.env[name];
  }
  return env;
}
