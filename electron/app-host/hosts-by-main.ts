/**
 * Hosts of an app host that cannot start processes itself, since a packed app cannot run node: main starts them and hands over a port to
 * each. Messages between host and app host do not go through main; main reports that a host started or ended.
 */
import { randomUUID } from 'node:crypto';
import type { AppHostAsk, HostKind } from '../contract/app-host.ts';
import type { HandedPort } from '../hosts/handed-port.ts';
import type { HostExit, HostProcess } from '../hosts/host-process.ts';

interface Started {
  takePort(port: HandedPort): void;
  started(pid: number): void;
  ended(exit: HostExit): void;
}

/** How long to wait for the last messages of a host that ended. */
const lastMessagesMs = 500;

export class HostsByMain {
  readonly #ask: (ask: AppHostAsk) => void;
  readonly #hosts = new Map<string, Started>();

  constructor(ask: (ask: AppHostAsk) => void) {
    this.#ask = ask;
  }

  /** Returns false if the port belongs to no host. */
  takePort(id: string, port: HandedPort): boolean {
    const host = this.#hosts.get(id);
    host?.takePort(port);
    return host !== undefined;
  }

  started(id: string, pid: number): void {
    this.#hosts.get(id)?.started(pid);
  }

  ended(id: string, exit: HostExit): void {
    this.#hosts.get(id)?.ended(exit);
    this.#hosts.delete(id);
  }

  start(host: HostKind): HostProcess {
    const id = randomUUID();
    let pid: number | undefined;
    let isOver = false;
    let givePort = (_: HandedPort) => {};
    const port = new Promise<HandedPort>((resolve) => {
      givePort = resolve;
    });
    const portClosed = port.then((given) => new Promise<void>((resolve) => given.on('close', resolve)));
    const onExit: ((exit: HostExit) => void)[] = [];
    this.#hosts.set(id, {
      takePort: givePort,
      started(number) {
        pid = number;
      },
      ended(exit) {
        isOver = true;
        // The exit comes from main and messages over the port: the host's last messages may arrive after its exit.
        const late = new Promise<void>((resolve) => setTimeout(resolve, lastMessagesMs));
        void Promise.race([portClosed, late]).then(() => {
          for (const listener of onExit) listener(exit);
        });
      },
    });
    this.#ask({ ask: 'start-host', id, host });
    return {
      get pid() {
        return pid;
      },
      post: (message) => void port.then((given) => isOver || given.postMessage(message)),
      onMessage: (listener) =>
        void port.then((given) => {
          given.on('message', ({ data }) => listener(data));
          given.start();
        }),
      onExit: (listener) => void onExit.push(listener),
      kill: () => {
        if (!isOver) this.#ask({ ask: 'kill-host', id });
      },
    };
  }
}
