/**
 * The line to a process in the shape of a message port, so that oRPC speaks over it. Requests and answers are
 * strings of JSON; the heartbeat shares the channel.
 */

/** What both a ParentPort (in the child) and a HostProcess (in the parent) offer. */
export interface MessageLine {
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
}

type PortListener = (event?: { data: unknown }) => void;

export interface RpcPort {
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
export function rpcPort(
  line: MessageLine,
  onClosed: (listener: () => void) => void,
  onGarbage: () => void = () => {},
): RpcPort {
  return {
    on(event, listener) {
      if (event === 'close') onClosed(() => listener());
      if (event !== 'message') return;
      line.onMessage((data) => {
        if (isHeartbeat(data)) return;
        const message = typeof data === 'string' ? parseMessage(data) : undefined;
        if (message) listener({ data: message });
        else onGarbage();
      });
    },
    postMessage: (data) => line.post(data),
  };
}
