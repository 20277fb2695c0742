/**
 * A host's connection to its parent: the message channel of a forked child, or in Electron a port that the main process hands over. In
 * Electron main starts every process, but the app host is the parent that talks to an engine or document host.
 */
import type { HandedPort, PortMessage } from './handed-port.ts';
import { isPortMessage } from './handed-port.ts';
import type { MessageConnection } from './message-port.ts';

export interface ParentPort extends MessageConnection {
  /** The parent is gone. */
  onGone(listener: () => void): void;
}

/** The app host's connection to Electron's main process, over which ports arrive too, each with an id. */
export interface MainConnection extends ParentPort {
  onPort(listener: (id: string, port: HandedPort) => void): void;
}

/** process.parentPort of an Electron utility process. */
interface ElectronParentPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { data: unknown; ports: HandedPort[] }) => void): void;
}

const electronParentPort = () => (process as unknown as { parentPort?: ElectronParentPort }).parentPort;

/** undefined: this process was not started as a host. */
export function parentPort(): ParentPort | undefined {
  const electronPort = electronParentPort();
  if (electronPort) return handedConnection(electronPort);
  const send = process.send?.bind(process);
  if (!send) return undefined;
  return {
    // A failed send means that the parent is gone; `onGone` says so.
    post: (message) => void send(message, () => {}),
    onMessage: (listener) => void process.on('message', listener),
    onGone: (listener) => void process.on('disconnect', listener),
  };
}

/** Messages that are posted before the port arrives wait for it. */
function handedConnection(electronPort: ElectronParentPort): ParentPort {
  const handed = new Promise<HandedPort>((resolve) =>
    electronPort.on('message', ({ ports }) => {
      if (ports[0]) resolve(ports[0]);
    }),
  );
  return {
    post: (message) => void handed.then((port) => port.postMessage(message)),
    onMessage: (listener) =>
      void handed.then((port) => {
        port.on('message', ({ data }) => listener(data));
        port.start();
      }),
    onGone: (listener) => void handed.then((port) => port.on('close', listener)),
  };
}

/** For the entry of a host; ends the process when a person started it by hand. */
export function requireParentPort(name: string): ParentPort {
  return parentPort() ?? refuse(name);
}

/** For the entry of the app host as a process of its own. Electron ends it when main ends. */
export function requireMainConnection(name: string): MainConnection {
  const electronPort = electronParentPort();
  if (!electronPort) return refuse(name);
  return {
    post: (message) => electronPort.postMessage(message),
    onMessage: (listener) => electronPort.on('message', ({ data }) => listener(data)),
    onPort: (listener) =>
      electronPort.on('message', ({ data, ports }) => {
        if (isPortMessage(data) && ports[0]) listener((data satisfies PortMessage).port, ports[0]);
      }),
    onGone: () => {},
  };
}

function refuse(name: string): never {
  process.stderr.write(`${name} is started by RocketDoc itself; see README.md for the commands.\n`);
  process.exit(2);
}
