/** The engine for other rooms: starts the engine host, speaks its contract, and turns a dead or silent host into an AppError. */
import type { ContractRouterClient } from '@orpc/contract';
import type { engineContract } from '../contract/engine.ts';
import { AppError } from '../contract/errors.ts';
import { builtFile } from '../hosts/built-files.ts';
import { forkHost } from '../hosts/fork-host.ts';
import type { HeartbeatTimes } from '../hosts/heartbeat.ts';
import { endOfOutput, endSentence, hostClient } from '../hosts/host-client.ts';
import type { HostExit, HostProcess } from '../hosts/host-process.ts';

export type EngineVerbs = ContractRouterClient<typeof engineContract>;

export interface EngineClient {
  readonly verbs: EngineVerbs;
  readonly pid: number | undefined;
  /** Asks the host to end, then kills it. May be called twice. */
  close(): Promise<void>;
}

export interface EngineClientOptions extends HeartbeatTimes {
  /** How to start the host; default: fork of the built one. In Electron the main process starts a utility process. */
  startHost?: (() => HostProcess) | undefined;
}

export function startEngine(options: EngineClientOptions = {}): EngineClient {
  const host = options.startHost?.() ?? forkHost(builtFile('engine-host'));
  const garbage = new AppError('ENGINE_CRASH', 'The engine said something that is not an answer, and was ended.');
  const hung = (why: string) => new AppError('ENGINE_HUNG', why);
  const { verbs, close } = hostClient(host, { name: 'The engine', crash, hung, garbage }, options);
  return {
    verbs: verbs as EngineVerbs,
    get pid() {
      return host.pid;
    },
    close: () => close(),
  };
}

function crash(exit: HostExit): AppError {
  if (exit.error === undefined) {
    if (exit.signal === 'SIGBUS')
      return new AppError('ENGINE_CRASH', 'The model file vanished or changed while it was in use. Ask again.');
    // ggml prints the GPU's error, then ends the process.
    const words = endOfOutput(exit.output);
    const gpu = /CUDA error: (.+)/.exec(words)?.[1]?.trim();
    if (gpu !== undefined)
      return new AppError('ENGINE_CRASH', `The engine ended with a GPU error (${gpu}).\nIt last said:\n${words}`);
  }
  const hint = exit.signal === 'SIGKILL' ? ' Often the system does that when memory runs out.' : '';
  return new AppError('ENGINE_CRASH', endSentence('The engine', exit, hint));
}
