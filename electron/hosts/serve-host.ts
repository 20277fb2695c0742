/** The host's side of the connection: serves a router over it, answers the heartbeat, and ends when its parent does. */
import type { AnyRouter } from '@orpc/server';
import { RPCHandler } from '@orpc/server/message-port';
import { type HeartbeatMessage, isHeartbeat, rpcPort } from './message-port.ts';
import type { ParentPort } from './parent-port.ts';

/**
 * `end` is called when the host is no longer needed or its parent is gone. The default exits at once, which suits hosts that store nothing.
 */
export function serveHost(parent: ParentPort, router: AnyRouter, end: () => void = () => process.exit(0)): void {
  new RPCHandler(router).upgrade(rpcPort(parent, parent.onGone));

  const beat = (message: HeartbeatMessage) => parent.post(message);
  parent.onMessage((message) => {
    if (!isHeartbeat(message)) return;
    if (message.beat === 'ping') beat({ beat: 'pong' });
    if (message.beat === 'end') end();
  });
  parent.onGone(end);
  // Ctrl+C reaches the whole process group; the parent decides what to do about it.
  process.on('SIGINT', () => {});

  beat({ beat: 'ready' });
}
