/**
 * Electron's window: the contract over a message port that main hands in, and files by their grant instead of their bytes. A port
 * that closed is asked for again, with pauses that grow to five seconds.
 */
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import type { Grant } from '../../electron/contract/app-types.ts';
import type { DesktopBridge } from '../../electron/contract/shell.ts';
import type { ConnectionEvents } from './connection.ts';

declare global {
  interface Window {
    /** Put there by the preload; a browser has none. */
    rocketdoc?: DesktopBridge;
  }
}

const portMessage = 'rocketdoc:port';
const longestPauseMs = 5000;

let isConnected = () => {};
const connected = new Promise<void>((resolve) => {
  isConnected = resolve;
});

export function connectPort(bridge: DesktopBridge, { onState, onClient }: ConnectionEvents): void {
  let pauseMs = 250;
  const page = window; // a port may close when the page is gone
  const open = async () => {
    if (await bridge.connect()) return;
    lost();
  };
  const lost = () => {
    onState('lost');
    page.setTimeout(() => void open(), pauseMs);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  };
  page.addEventListener('message', ({ data, source, ports }) => {
    const [port] = ports;
    if (source !== page || data !== portMessage || !port) return;
    pauseMs = 250;
    port.addEventListener('close', lost, { once: true });
    const client = createORPCClient<Parameters<typeof onClient>[0]>(new RPCLink({ port }));
    port.start();
    onClient(client);
    onState('open');
    isConnected();
  });
  onState('connecting');
  void open();
}

/** Files that were opened with RocketDoc outside of the window. */
export function watchOpenedFiles(listener: (grant: Grant) => void): void {
  window.rocketdoc?.onFiles(async (grants) => {
    await connected; // they may come before the port
    for (const grant of grants) listener(grant);
  });
}
