/**
 * The window's contract over a message port. Each message is looked at before oRPC sees it: the frame that got the port must
 * still be the window, the message must be text no longer than the contract allows. Anything else closes the port, as a WebSocket would be.
 */
// This adapter takes messages one by one and gives back a promise; the one named message-port would lose a failure.
import { RPCHandler } from '@orpc/server/bun-ws';
import type { MessagePortMain, WebFrameMain } from 'electron';
import type { App } from '../app-host/app.ts';
import { appRouter } from '../app-host/window-api/router.ts';
import { maxMessageBytes } from '../contract/app.ts';
import { isAppFrame } from './origin.ts';

export type ServePort = (port: MessagePortMain, frame: WebFrameMain) => void;

export function rpcPorts(app: App): ServePort {
  const handler = new RPCHandler(appRouter(app));
  return (port, frame) => {
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
    port.on('message', ({ data }) => {
      if (!isOpen) return;
      const text: unknown = data;
      if (!isAppFrame(frame) || typeof text !== 'string' || text.length > maxMessageBytes) return close();
      handler.message(peer, text).catch(close);
    });
    port.start();
  };
}
