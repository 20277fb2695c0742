/**
 * Gives the connection to a process the interface of a message port, so that oRPC can use it. Requests and answers are strings of JSON; the
 * heartbeat uses the same channel.
 */

/** What both a ParentPort (in the child) and a HostProcess (in the parent) offer. */
export interface MessageConnection {
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
}

type PortListener = (event?: { data: unknown }) => void;

export interface RpcPort {
  on(event: string, listener: PortListener): void;
  postMessage(data: unknown): void;
}

/** Parent to child: ping, and end when the child is no longer needed; child to parent: pong, and ready once after the start. */
export type HeartbeatMessage = { beat: 'ping' | 'pong' | 'ready' | 'end' };

export function isHeartbeat(message: unknown): message is HeartbeatMessage {
  return typeof message === 'object' && message !== null && 'beat' in message;
}

/**
 * An oRPC message as its adapter expects it: i is the id of the call, t the type, p the payload. undefined: the text is no such message.
 */
function parseMessage(text: string): { i: unknown; t?: unknown; p?: object } | undefined {
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message !== 'object' || message === null || !('i' in message)) return undefined;
    const payload = 'p' in message ? message.p : undefined;
    if (payload !== undefined && (typeof payload !== 'object' || payload === null)) return undefined;
    return message as { i: unknown };
  } catch {
    return undefined;
  }
}

/**
 * `onClosed` calls its listener once when no message can arrive any more. `onGarbage` is called for input that is not a message, of which
 * oRPC's own adapter would make an unhandled rejection.
 */
export function rpcPort(
  connection: MessageConnection,
  onClosed: (listener: () => void) => void,
  onGarbage: () => void = () => {},
): RpcPort {
  return {
    on(event, listener) {
      if (event === 'close') onClosed(() => listener());
      if (event !== 'message') return;
      connection.onMessage((data) => {
        if (isHeartbeat(data)) return;
        const message = typeof data === 'string' ? parseMessage(data) : undefined;
        if (message) listener({ data: message });
        else onGarbage();
      });
    },
    postMessage: (data) => connection.post(data),
  };
}
