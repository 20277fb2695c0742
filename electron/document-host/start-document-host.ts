/** Starts a document host with a memory limit and a minimal environment. */
import { builtFile } from '../hosts/built-files.ts';
import { forkHost } from '../hosts/fork-host.ts';
import type { HostOptions, HostProcess } from '../hosts/host-process.ts';

export type StartHost = (options: { maxHeapBytes: number }) => HostProcess;

export const forkDocumentHost: StartHost = (limits) =>
  forkHost(builtFile('document-host'), documentHostOptions(limits));

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
