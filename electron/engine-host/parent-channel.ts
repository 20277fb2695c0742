/** The host's line to its parent: a forked child's message channel, or the parent port of Electron's utility process. */

export interface ParentChannel {
  send(message: unknown, callback: (error: Error | null) => void): unknown;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  /** The parent is gone. A utility process is ended by Electron itself then. */
  onGone(listener: () => void): void;
}

/** process.parentPort of an Electron utility process. */
interface ElectronParentPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): void;
}

/** undefined: nobody started this process as a host. */
export function parentChannel(): ParentChannel | undefined {
  const electronPort = (process as unknown as { parentPort?: ElectronParentPort }).parentPort;
  if (electronPort) {
    return {
      send(message, callback) {
        electronPort.postMessage(message);
        callback(null);
      },
      on: (event, listener) => electronPort.on(event, ({ data }) => listener(data)),
      onGone: () => {},
    };
  }
  const send = process.send?.bind(process);
  if (!send) return undefined;
  return {
    send: (message, callback) => send(message, callback),
    on: (event, listener) => process.on(event, listener),
    onGone: (listener) => void process.on('disconnect', listener),
  };
}
