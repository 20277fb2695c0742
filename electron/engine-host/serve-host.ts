/** A host's side of its line: speaks a router over the message channel, answers the heartbeat, and ends when its parent does. */
import { type AnyRouter, os } from '@orpc/server';
import { RPCHandler } from '@orpc/server/message-port';
import { toRpcError } from './error-hop.ts';
import { parentChannel } from './parent-channel.ts';
import { type HeartbeatMessage, isHeartbeat, processPort } from './process-port.ts';

/** Every failure leaves as an AppError's code and sentence. */
export const errorsHop = os.middleware(async ({ next }) => {
  try {
    return await next();
  } catch (error) {
    throw toRpcError(error);
  }
});

/** `name`: of the host, for a person who starts it by hand. */
export function serveHost(name: string, router: AnyRouter): void {
  const parent = parentChannel();
  if (!parent) {
    process.stderr.write(`${name} is started by RocketDoc itself; see README.md for the commands.\n`);
    process.exit(2);
  }

  const port = processPort(parent, parent.onGone);
  new RPCHandler(router).upgrade(port);

  const beat = (message: HeartbeatMessage) => parent.send(message, () => {});
  parent.on('message', (message) => {
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
