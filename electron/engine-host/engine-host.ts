/**
 * The engine's own process: the only owner of the addon. Speaks the contract over its message channel, answers the
 * heartbeat, and ends when its parent does. When ggml aborts, only this process dies.
 */
import { RPCHandler } from '@orpc/server/message-port';
import type { NativeAddon } from '../../native/binding.ts';
import { loadAddon } from '../../native/index.ts';
import { Engine } from './engine.ts';
import { parentChannel } from './parent-channel.ts';
import { type HeartbeatMessage, isHeartbeat, processPort } from './process-port.ts';
import { engineRouter } from './router.ts';

/** The addon is loaded at the first call that needs it, so that a missing one is that call's error. */
const addon = new Proxy({} as NativeAddon, {
  get: (_, name) => Reflect.get(loadAddon(), name) as unknown,
});

const parent = parentChannel();
if (!parent) {
  process.stderr.write('engine-host is started by RocketDoc itself; see README.md for the commands.\n');
  process.exit(2);
}

const engine = new Engine(addon);
const port = processPort(parent, parent.onGone);
new RPCHandler(engineRouter(engine)).upgrade(port);

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
