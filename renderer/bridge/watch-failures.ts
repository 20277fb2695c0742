/** Takes errors that nothing else handled: a refused call becomes a notice, a fault of the window goes to the log. */
import { ORPCError } from '@orpc/client';
import type { WindowFailure } from '../../electron/contract/app-types.ts';
import { callFailure } from './connection.ts';

export interface FailureListener {
  /** Without a connection every call fails; the window says so already. */
  isConnected: () => boolean;
  /** Takes the server's sentence. */
  onRefusal: (sentence: string) => void;
  onFault: (fault: WindowFailure) => void;
}

/** No more faults than this are reported: a fault that repeats says nothing new. */
const mostFaults = 20;

export function watchFailures({ isConnected, onRefusal, onFault }: FailureListener): void {
  let left = mostFaults;
  const report = (thrown: unknown) => {
    if (left-- <= 0) return;
    const { name, message, stack = '' } = thrown instanceof Error ? thrown : new Error(String(thrown));
    onFault({ name: name.slice(0, 200), message: message.slice(0, 2000), stack: stack.slice(0, 20_000) });
  };
  window.addEventListener('error', ({ error, message }) => report(error ?? message));
  window.addEventListener('unhandledrejection', (event) => {
    const { reason } = event;
    if (reason instanceof ORPCError) onRefusal(callFailure(reason).message);
    else if (isConnected()) return report(reason);
    event.preventDefault();
  });
}
