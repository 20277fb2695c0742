/**
 * The window's contract over a message port that main handed over. Each message is looked at before oRPC sees it: it must be text no
 * longer than the contract allows. Anything else closes the port, as a WebSocket would be. Main closes it when the frame that has its
 * other end stops being the window.
 */
// This adapter takes messages one by one and gives back a promise; the one named message-port would lose a failure.
import { RPCHandler } from '@orpc/server/bun-ws';
import { maxMessageBytes } from '../../contract/app.ts';
import type { HandedPort } from '../../hosts/handed-port.ts';
import type { WindowApiNeeds } from './needs.ts';
import { appRouter } from './router.ts';

/** Returns what closes the port. */
export type ServePort = (port: HandedPort) => () => void;

export function windowPorts(rooms: WindowApiNeeds): ServePort {
  const handler = new RPCHandler(appRouter(rooms));
  return (port) => {
    const peer = {
      send(message: string | ArrayBufferLike | Uint8Array) {
        port.postMessage(message);
        return 0;
      },
    };
    let isOpen = true;
    const close = () => {
      if (!isOpen) return;
      isOpen = false;
      handler.close(peer);
      port.close();
    };
    port.on('close', close);
    port.on('message', ({ data: text }) => {
      if (!isOpen) return;
      if (typeof text !== 'string' || text.length > maxMessageBytes) return close();
      handler.message(peer, text).catch(close);
    });
    port.start();
    return close;
  };
}
