/** The child's one line to its parent: node:child_process (fork) or Electron's utilityProcess, whichever started it. */
import type { HostMessage } from '../contract/documents.ts';

export interface HostPort {
  post(message: HostMessage): void;
  onMessage(listener: (message: unknown) => void): void;
}

/** process.parentPort of an Electron utility process. */
interface ElectronParentPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): void;
}

export function openHostPort(): HostPort {
  const electronPort = (process as unknown as { parentPort?: ElectronParentPort }).parentPort;
  if (electronPort) {
    return {
      post: (message) => electronPort.postMessage(message),
      onMessage: (listener) => electronPort.on('message', ({ data }) => listener(data)),
    };
  }
  const send = process.send?.bind(process);
  if (!send) throw new Error('The document host only runs as a child process: start it through document-client.ts.');
  process.on('disconnect', () => process.exit(0)); // nobody is left to read for
  return {
    post: (message) => void send(message),
    onMessage: (listener) => void process.on('message', listener),
  };
}
