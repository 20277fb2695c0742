/**
 * A child process's message channel in the shape of a message port, so that oRPC speaks over it. Requests and answers are
 * strings or bytes; everything else on the channel is the host's own (the heartbeat, see below).
 */

/** What both `process` (in the child) and a ChildProcess (in the parent) offer. */
interface MessageChannelLike {
  send?(message: unknown, callback: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
}

type PortListener = (event?: { data: unknown }) => void;

export interface ProcessPort {
  on(event: string, listener: PortListener): void;
  postMessage(data: unknown): void;
}

/** Parent to child: ping, and end when it is no longer needed; child to parent: pong, and ready once after the start. */
export type HeartbeatMessage = { beat: 'ping' | 'pong' | 'ready' | 'end' };

export function isHeartbeat(message: unknown): message is HeartbeatMessage {
  return typeof message === 'object' && message !== null && 'beat' in message;
}

/** `onClosed` calls its listener once when no message can arrive any more. */
export function processPort(channel: MessageChannelLike, onClosed: (listener: () => void) => void): ProcessPort {
  return {
    on(event, listener) {
      if (event === 'close') onClosed(() => listener());
      if (event !== 'message') return;
      channel.on('message', (data) => {
        if (typeof data === 'string' || data instanceof Uint8Array) listener({ data });
      });
    },
    postMessage(data) {
      // A failed send means the other side is gone; its exit is reported by the one who watches it.
      channel.send?.(data, () => {});
    },
  };
}
