/** One end of a channel that Electron's main process made and handed over: the part of MessagePortMain that is used. */
export interface HandedPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  /** Messages that arrive earlier wait until this is called. */
  start(): void;
  close(): void;
}

/** The message that comes with a port; calls name the port by this id. */
export interface PortMessage {
  port: string;
}

export function isPortMessage(message: unknown): message is PortMessage {
  return typeof message === 'object' && message !== null && 'port' in message && typeof message.port === 'string';
}

/** Ports that have arrived and are not taken yet. */
export class HandedPorts {
  readonly #ports = new Map<string, HandedPort>();

  put(id: string, port: HandedPort): void {
    this.#ports.set(id, port);
  }

  /** undefined: no port has this id, or it was taken already. */
  take(id: string): HandedPort | undefined {
    const port = this.#ports.get(id);
    this.#ports.delete(id);
    return port;
  }
}
