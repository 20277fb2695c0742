/** The lab from outside: the engine's client with the lab's verbs. The public face of this folder. */
import { fileURLToPath } from 'node:url';
import type { ContractRouterClient } from '@orpc/contract';
import type { labContract } from '../contract/lab.ts';
import { type EngineClient, startEngine } from '../engine-host/engine-client.ts';
import { forkHost } from '../hosts/fork-host.ts';

export type LabVerbs = ContractRouterClient<typeof labContract>;

export interface LabClient extends Pick<EngineClient, 'close'> {
  readonly verbs: LabVerbs;
}

const builtHost = fileURLToPath(new URL('../../out/main/lab-host.js', import.meta.url));

export function startLab(): LabClient {
  const { verbs, close } = startEngine({ startHost: () => forkHost(builtHost) });
  // A client has whatever verbs its host has: the engine's type names fewer.
  return { verbs: verbs as LabVerbs, close };
}
