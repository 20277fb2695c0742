/** A host's side of its line: speaks a router over it, answers the heartbeat, and ends when its parent does. */
import type { AnyRouter } from '@orpc/server';
import { RPCHandler } from '@orpc/server/message-port';
import { type HeartbeatMessage, isHeartbeat, rpcPort } from './message-port.ts';
import { requireParentPort } from './parent-port.ts';

/** `name`: of the host, for a person who starts it by hand. */
export function serveHost(name: string, router: AnyRouter): void {
  const parent = requireParentPort(name);
  new RPCHandler(router).upgrade(rpcPort(parent, parent.onGone));

  const beat = (message: HeartbeatMessage) => parent.post(message);
  parent.onMessage((message) => {
    if (!isHeartbeat(message)) return;
    if (message.beat === 'ping') beat({ beat: 'pong' });
    if (message.beat === 'end') process.exit(0);
  });
  // Nothing of a person's is left undone here: the parent is gone, and with it whoever wanted an answer.
  parent.onGone(() => process.exit(0));
  // Ctrl+C reaches the whole process group; the parent decides what it means.
  process.on('SIGINT', () => {});

  beat({ beat: 'ready' });
}
