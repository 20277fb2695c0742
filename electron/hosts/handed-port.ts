/** One end of a channel that Electron's main process made and handed over: MessagePortMain, as far as it is used. */
export interface HandedPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  /** What was said before waits until then. */
  start(): void;
  close(): void;
}

/** Comes with the port; calls name it by this id. */
export interface PortMessage {
  port: string;
}

export function isPortMessage(message: unknown): message is PortMessage {
  return typeof message === 'object' && message !== null && 'port' in message && typeof message.port === 'string';
}

/** Ports that came and were not taken yet. */
export class HandedPorts {
  readonly #ports = new Map<string, HandedPort>();

  put(id: string, port: HandedPort): void {
    this.#ports.set(id, port);
  }

  /** undefined: there is none of this id, or it was taken. */
  take(id: string): HandedPort | undefined {
    const port = this.#ports.get(id);
    this.#ports.delete(id);
    return port;
  }
}
