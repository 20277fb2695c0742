/**
 * Electron's window: the contract over a message port that main hands in, and files by their grant instead of their bytes. A port
 * that closed is asked for again, with pauses that grow to five seconds.
 */
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import type { Grant } from '../../electron/contract/app-types.ts';
import type { DesktopBridge, Draggable, MenuCommand, StartWait } from '../../electron/contract/shell.ts';
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

export const isDesktop = globalThis.window?.rocketdoc !== undefined;

let isOwnDrag = false;

/** Whether the running drag began in this window: then its file is not to be added. */
export const isDraggingOut = (): boolean => isOwnDrag;

/** Replaces the page's drag by a drag of the system, with a file. Only Electron has it. */
export const dragOut: ((what: Draggable) => Promise<void>) | undefined = globalThis.window?.rocketdoc && begin;

function begin(what: Draggable): Promise<void> {
  isOwnDrag = true;
  // The page gets no mouse events while the system drags, and no event at the drag's end: the next mouse event without the button tells.
  const isOver = ({ buttons }: MouseEvent) => {
    if ((buttons & 1) !== 0) return;
    isOwnDrag = false;
    window.removeEventListener('mousemove', isOver);
  };
  window.addEventListener('mousemove', isOver);
  return window.rocketdoc?.dragOut(what) ?? Promise.resolve();
}

/** An item of Electron's menu was clicked. */
export function watchMenu(listener: (command: MenuCommand) => void): void {
  window.rocketdoc?.onMenu(listener);
}

/** Sentences of main for the person, such as that the app host was started again. */
export function watchNotices(listener: (sentence: string) => void): void {
  window.rocketdoc?.onNotice(listener);
}

/** What start-up waits for, before there is a connection. */
export function watchWait(listener: (wait: StartWait) => void): void {
  window.rocketdoc?.onWait(listener);
}

/** Files that were opened with RocketDoc outside of the window. */
export function watchOpenedFiles(listener: (grant: Grant) => void): void {
  window.rocketdoc?.onFiles(async (grants) => {
    await connected; // they may come before the port
    for (const grant of grants) listener(grant);
  });
}
