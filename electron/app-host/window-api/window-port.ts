/**
 * Serves the window's contract over a message port that main handed over. Each message is checked before oRPC gets it: it must be text no
 * longer than the contract allows. Anything else closes the port, as it closes a WebSocket. Main closes the port when the frame with its
 * other end is not the window any more.
 */
// This adapter handles one message at a time and returns a promise; oRPC's adapter for message ports would lose a failure.
import { RPCHandler } from '@orpc/server/bun-ws';
import { maxMessageBytes } from '../../contract/app.ts';
import type { HandedPort } from '../../hosts/handed-port.ts';
import type { WindowApiNeeds } from './needs.ts';
import { appRouter } from './router.ts';

/** Serves a port; call the returned function to close it. */
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
