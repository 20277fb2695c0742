/** A host's line to its parent: the message channel of a forked child, or the parent port of Electron's utility process. */
import type { MessageLine } from './message-port.ts';

export interface ParentPort extends MessageLine {
  /** The parent is gone. A utility process is ended by Electron itself then. */
  onGone(listener: () => void): void;
}

/** process.parentPort of an Electron utility process. */
interface ElectronParentPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): void;
}

/** undefined: nobody started this process as a host. */
export function parentPort(): ParentPort | undefined {
  const electronPort = (process as unknown as { parentPort?: ElectronParentPort }).parentPort;
  if (electronPort) {
    return {
      post: (message) => electronPort.postMessage(message),
      onMessage: (listener) => electronPort.on('message', ({ data }) => listener(data)),
      onGone: () => {},
    };
  }
  const send = process.send?.bind(process);
  if (!send) return undefined;
  return {
    // A failed send means that the parent is gone; `onGone` says so.
    post: (message) => void send(message, () => {}),
    onMessage: (listener) => void process.on('message', listener),
    onGone: (listener) => void process.on('disconnect', listener),
  };
}

/** For the entry of a host; ends the process where a person started it by hand. */
export function requireParentPort(name: string): ParentPort {
  const port = parentPort();
  if (port) return port;
  process.stderr.write(`${name} is started by RocketDoc itself; see README.md for the commands.\n`);
  process.exit(2);
}
