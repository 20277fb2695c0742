/**
 * A child process's message channel in the shape of a message port, so that oRPC speaks over it. Requests and answers are
 * strings of JSON; the heartbeat shares the channel.
 */

/** What both a ParentChannel (in the child) and a HostChild (in the parent) offer. */
interface MessageChannelLike {
  send?(message: unknown, callback: (error: Error | null) => void): unknown;
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

/** An oRPC message as its adapter takes it: i its call, t its type, p what it says. undefined: it is none. */
function parseMessage(text: string): { i: unknown; t?: unknown; p?: object } | undefined {
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message !== 'object' || message === null || !('i' in message)) return undefined;
    const says = 'p' in message ? message.p : undefined;
    if (says !== undefined && (typeof says !== 'object' || says === null)) return undefined;
    return message as { i: unknown };
  } catch {
    return undefined;
  }
}

/**
 * `onClosed` calls its listener once when no message can arrive any more. `onGarbage`: the other side said something that
 * is no message; oRPC's own adapter would make an unhandled rejection of it.
 */
export function processPort(
  channel: MessageChannelLike,
  onClosed: (listener: () => void) => void,
  onGarbage: () => void = () => {},
): ProcessPort {
  return {
    on(event, listener) {
      if (event === 'close') onClosed(() => listener());
      if (event !== 'message') return;
      channel.on('message', (data) => {
        if (isHeartbeat(data)) return;
        const message = typeof data === 'string' ? parseMessage(data) : undefined;
        if (message) listener({ data: message });
        else onGarbage();
      });
    },
    postMessage(data) {
      // A failed send means the other side is gone; its exit is reported by the one who watches it.
      channel.send?.(data, () => {});
    },
  };
}
