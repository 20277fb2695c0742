/**
 * The engine from outside: starts the engine host, speaks its contract, and turns a dead or silent host into an AppError.
 * The public face of this folder.
 */
import { fileURLToPath } from 'node:url';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import type { ContractRouterClient } from '@orpc/contract';
import type { engineContract } from '../contract/engine.ts';
import { AppError } from '../contract/errors.ts';
import { forkHost } from '../hosts/fork-host.ts';
import { Heartbeat } from '../hosts/heartbeat.ts';
import type { HostExit, HostProcess } from '../hosts/host-process.ts';
import { type HeartbeatMessage, rpcPort } from '../hosts/message-port.ts';
import { fromRpcError } from '../hosts/rpc-errors.ts';

export type EngineVerbs = ContractRouterClient<typeof engineContract>;

export interface EngineClient {
  readonly verbs: EngineVerbs;
  readonly pid: number | undefined;
  /** Ends the host, politely first. Twice is fine. */
  close(): Promise<void>;
}

export interface EngineClientOptions {
  /** How to start the host; default: fork of the built one. Electron's main process starts a utility process. */
  startHost?: (() => HostProcess) | undefined;
  startMs?: number;
  pingMs?: number;
  missedPings?: number;
}

const shownLines = 12;
const closeMs = 3000;

export function startEngine(options: EngineClientOptions = {}): EngineClient {
  const host = options.startHost?.() ?? forkHost(builtHost);
  let closing = false;
  let failure: AppError | undefined;
  const onEnd: (() => void)[] = [];
  const end = (error: AppError) => {
    if (failure) return;
    failure = error;
    for (const listener of onEnd.splice(0)) listener();
  };

  const heartbeat = new Heartbeat(host, options, (why) => {
    end(new AppError('ENGINE_HUNG', why));
    host.kill();
  });
  const exited = new Promise<void>((resolve) =>
    host.onExit((exit) => {
      heartbeat.stop();
      end(closing ? new AppError('CLOSED', 'The engine was closed.') : crash(exit));
      resolve();
    }),
  );

  const onClosed = (listener: () => void) => (failure ? listener() : onEnd.push(listener));
  const port = rpcPort(host, onClosed, () => {
    end(new AppError('ENGINE_CRASH', 'The engine said something that is not an answer, and was ended.'));
    host.kill();
  });
  const link = new RPCLink({ port });
  const guarded = {
    async call(...request: Parameters<typeof link.call>): Promise<unknown> {
      if (failure) throw failure;
      const { signal } = request[2];
      return guard(await orEnded(link.call(...request), signal), signal);
    },
  };

  /** Rejects as soon as the host ends, whatever oRPC makes of it. */
  async function orEnded<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    let listener = () => {};
    const ended = new Promise<never>((_, reject) => {
      listener = () => reject(failure);
      if (failure) listener();
      else onEnd.push(listener);
    });
    try {
      return await Promise.race([work, ended]);
    } catch (error) {
      // After an abort oRPC closes its own side first, and says so in its own words.
      throw failure ?? (signal?.aborted ? new AppError('CANCELLED', 'Stopped.') : fromRpcError(error));
    } finally {
      const at = onEnd.indexOf(listener);
      if (at >= 0) onEnd.splice(at, 1);
    }
  }

  /** An event stream whose errors are AppErrors; anything else as it is. */
  function guard(output: unknown, signal: AbortSignal | undefined): unknown {
    if (!isEventStream(output)) return output;
    const stream = output;
    return (async function* () {
      try {
        for (;;) {
          const event = await orEnded(stream.next(), signal);
          if (event.done) return;
          yield event.value;
        }
      } finally {
        if (!failure) await stream.return?.().catch(() => {});
      }
    })();
  }

  return {
    verbs: createORPCClient(guarded),
    get pid() {
      return host.pid;
    },
    async close() {
      if (closing || failure) return;
      closing = true;
      heartbeat.stop();
      // The line stays open: the host may be in the middle of a message.
      host.post({ beat: 'end' } satisfies HeartbeatMessage);
      const timer = setTimeout(() => host.kill(), closeMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

const builtHost = fileURLToPath(new URL('../../out/main/engine-host.js', import.meta.url));

function isEventStream(value: unknown): value is AsyncIterator<unknown, unknown, void> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** What it said last, for a person: frames of a stack say nothing to one and push out the line that does. */
function lastWords(output: string): string {
  const isFrame = (line: string) =>
    /^\s*(#?\d+:?\s+(0x|in\b|\S+ \[)|at\s|-{3,}|\[0x|\[New |\S+\(.*\)\s*\[0x)/.test(line);
  return output
    .split('\n')
    .filter((line) => line.trim() !== '' && !isFrame(line))
    .slice(-shownLines)
    .join('\n');
}

function crash({ code, signal, error, output }: HostExit): AppError {
  if (error !== undefined) return new AppError('ENGINE_CRASH', `The engine could not be started: ${error}`);
  const words = lastWords(output);
  if (signal === 'SIGBUS')
    return new AppError('ENGINE_CRASH', 'The model file vanished or changed while it was in use. Ask again.');
  // ggml prints what the GPU said, then ends the process.
  const gpu = /CUDA error: (.+)/.exec(words)?.[1]?.trim();
  if (gpu !== undefined)
    return new AppError('ENGINE_CRASH', `The engine ended with a GPU error (${gpu}).\nIt last said:\n${words}`);
  const how = signal ? `ended by ${signal}` : `ended with exit code ${code}`;
  const hint = signal === 'SIGKILL' ? ' Often the system does that when memory runs out.' : '';
  return new AppError('ENGINE_CRASH', `The engine ${how}.${hint}${words === '' ? '' : `\nIt last said:\n${words}`}`);
}
