/** The engine's client with the lab's verbs: what other rooms import of this folder. */
import type { ContractRouterClient } from '@orpc/contract';
import type { labContract } from '../contract/lab.ts';
import { type EngineClient, startEngine } from '../engine-host/engine-client.ts';
import { builtFile } from '../hosts/built-files.ts';
import { forkHost } from '../hosts/fork-host.ts';

export type LabVerbs = ContractRouterClient<typeof labContract>;

export interface LabClient extends Pick<EngineClient, 'close'> {
  readonly verbs: LabVerbs;
}

export function startLab(): LabClient {
  const { verbs, close } = startEngine({ startHost: () => forkHost(builtFile('lab-host')) });
  // The client can call all verbs of its host; the engine's type only lists fewer.
  return { verbs: verbs as LabVerbs, close };
}
