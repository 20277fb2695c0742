/**
 * The parent's view of a host: it calls the contract's verbs, keeps a heartbeat, and fails every call with an AppError when the host dies.
 */
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import { AppError } from '../contract/errors.ts';
import { Heartbeat, type HeartbeatTimes } from './heartbeat.ts';
import type { HostExit, HostProcess } from './host-process.ts';
import { type HeartbeatMessage, rpcPort } from './message-port.ts';
import { fromRpcError } from './rpc-errors.ts';

export interface HostSentences {
  /** The host's name as a sentence begins with it: 'The engine'. */
  name: string;
  crash(exit: HostExit): AppError;
  hung(why: string): AppError;
  /** For a message from the host that is not an answer. */
  garbage: AppError;
}

export interface HostClient {
  /** The verbs of the host's contract; the caller knows the type. */
  readonly verbs: unknown;
  /** Called once when the host has ended, for any reason; with CLOSED when it was asked to end. */
  onEnd(listener: (error: AppError) => void): void;
  /** Asks the host to end, and kills it after `timeoutMs`. May be called twice. */
  close(timeoutMs?: number): Promise<void>;
}

const closeMs = 3000;

export function hostClient(host: HostProcess, words: HostSentences, times: HeartbeatTimes = {}): HostClient {
  let closing = false;
  let failure: AppError | undefined;
  const onEnd: ((error: AppError) => void)[] = [];
  const end = (error: AppError) => {
    if (failure) return;
    failure = error;
    for (const listener of onEnd.splice(0)) listener(error);
  };

  const heartbeat = new Heartbeat(host, words.name, times, (why) => {
    end(words.hung(why));
    host.kill();
  });
  const exited = new Promise<void>((resolve) =>
    host.onExit((exit) => {
      heartbeat.stop();
      end(closing ? new AppError('CLOSED', `${words.name} was closed.`) : words.crash(exit));
      resolve();
    }),
  );

  const whenEnded = (listener: (error: AppError) => void) => (failure ? listener(failure) : onEnd.push(listener));
  const port = rpcPort(
    host,
    (listener) => whenEnded(() => listener()),
    () => {
      end(words.garbage);
      host.kill();
    },
  );
  const link = new RPCLink({ port });
  const guarded = {
    async call(...request: Parameters<typeof link.call>): Promise<unknown> {
      if (failure) throw failure;
      const { signal } = request[2];
      return guard(await orEnded(link.call(...request), signal), signal);
    },
  };

  /** Rejects as soon as the host ends, also where oRPC does not. */
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
      // After an abort oRPC closes its own side first and throws its own error, which is replaced here.
      throw failure ?? (signal?.aborted ? new AppError('CANCELLED', 'Stopped.') : fromRpcError(error, words.name));
    } finally {
      const at = onEnd.indexOf(listener);
      if (at >= 0) onEnd.splice(at, 1);
    }
  }

  /** Wraps an event stream so that its errors are AppErrors; any other output is returned unchanged. */
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
    onEnd: (listener) => void whenEnded(listener),
    async close(timeoutMs = closeMs) {
      if (closing || failure) return;
      closing = true;
      heartbeat.stop();
      // The connection stays open: the host may be in the middle of a message.
      host.post({ beat: 'end' } satisfies HeartbeatMessage);
      const timer = setTimeout(() => host.kill(), timeoutMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

function isEventStream(value: unknown): value is AsyncIterator<unknown, unknown, void> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** How a host ended by itself, in a sentence for a person; `hint`: a frequent cause. */
export function endSentence(name: string, { code, signal, error, output }: HostExit, hint = ''): string {
  if (error !== undefined) return `${name} could not be started: ${error}`;
  const words = endOfOutput(output);
  const how = signal ? `by ${signal}` : `with exit code ${code}`;
  return `${name} ended ${how}.${hint}${words === '' ? '' : `\nIt last said:\n${words}`}`;
}

const shownLines = 12;

/**
 * The last lines of a host's output, for a person. Stack frames are left out: they do not help a person and would push out the line that
 * does.
 */
export function endOfOutput(output: string): string {
  const isFrame = (line: string) =>
    /^\s*(#?\d+:?\s+(0x|in\b|\S+ \[)|at\s|-{3,}|\[0x|\[New |\S+\(.*\)\s*\[0x)/.test(line);
  return output
    .split('\n')
    .filter((line) => line.trim() !== '' && !isFrame(line))
    .slice(-shownLines)
    .join('\n');
}
