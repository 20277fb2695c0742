/** The engine's client with the lab's verbs: what other rooms import of this folder. */
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
  // The client can call all verbs of its host; the engine's type only lists fewer.
  return { verbs: verbs as LabVerbs, close };
}
