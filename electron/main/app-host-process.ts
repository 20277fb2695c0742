/**
 * Main's side of the app host: starts it, calls it, and starts it again when it dies, at most three times in five minutes. The library is
 * on disk, so only the grants of files would be lost: main remembers those. It also starts and ends the processes that the app host asks
 * for.
 */
import { randomUUID } from 'node:crypto';
import type { ContractRouterClient } from '@orpc/contract';
import { MessageChannelMain, type MessagePortMain } from 'electron';
import type { AppHostAsk, appHostContract, GivenFile, HostKind, OpenAppHost } from '../contract/app-host.ts';
import type { Grant } from '../contract/app-types.ts';
import { AppError } from '../contract/errors.ts';
import type { Draggable, StartWait } from '../contract/shell.ts';
import { sendBytes } from '../hosts/byte-port.ts';
import { endSentence, type HostClient, hostClient } from '../hosts/host-client.ts';
import type { HostExit } from '../hosts/host-process.ts';
import { addNote, deliverNotes } from './notes.ts';
import { type HostFiles, type UtilityHost, utilityAppHost, utilityHostOf } from './utility-hosts.ts';

type Verbs = ContractRouterClient<typeof appHostContract>;

export interface AppHostEvents {
  /** The library takes a while to open. */
  onWait(wait: StartWait): void;
  /** Another RocketDoc was started with the same library. */
  onShow(files: string[]): void;
  /** The app host ended and is being started again: a sentence for the person. */
  onRestart(sentence: string): void;
  /** The app host cannot be started again. */
  onLost(error: unknown): void;
}

/** Thrown when the library is open in another RocketDoc, which has come to the front. */
export class OpenElsewhere extends Error {}

const maxRestarts = 3;
const restartWindowMs = 5 * 60_000;
/** The same limit as the app host's (app-host/granted-files.ts). */
const maxGiven = 5000;

interface Running {
  process: UtilityHost;
  client: HostClient;
  verbs: Verbs;
  /** The processes that were started for it. */
  hosts: Map<string, UtilityHost>;
  isOver: boolean;
}

export class AppHostProcess {
  readonly #files: HostFiles;
  readonly #options: Omit<OpenAppHost, 'given'>;
  readonly #events: AppHostEvents;
  readonly #given = new Map<string, GivenFile>();
  #running: Running | undefined;
  #ready: Promise<Running> = Promise.reject(new AppError('CLOSED', 'RocketDoc is starting.'));
  #restarts: number[] = [];
  #isClosing = false;

  constructor(files: HostFiles, options: Omit<OpenAppHost, 'given'>, events: AppHostEvents) {
    this.#files = files;
    this.#options = options;
    this.#events = events;
    this.#ready.catch(() => {});
  }

  /** Resolves when the library is open. Throws OpenElsewhere, or an error with a sentence. */
  async start(): Promise<void> {
    this.#ready = this.#open();
    await this.#ready;
  }

  async connectWindow(port: MessagePortMain): Promise<() => void> {
    const running = await this.#ready;
    const portId = this.#hand(running, port);
    await running.verbs.connectWindow({ portId });
    return () => void running.verbs.disconnectWindow({ portId }).catch(() => {});
  }

  async grant(path: string): Promise<Grant> {
    const { verbs } = await this.#ready;
    const grant = await verbs.grant({ path });
    this.#given.set(grant.id, { ...grant, path });
    const oldest = this.#given.keys().next().value;
    if (this.#given.size > maxGiven && oldest !== undefined) this.#given.delete(oldest);
    return grant;
  }

  async receiveUpload(name: string, pieces: AsyncIterable<Uint8Array>): Promise<string> {
    const running = await this.#ready;
    const { port1, port2 } = new MessageChannelMain();
    const portId = this.#hand(running, port1);
    void sendBytes(port2, pieces);
    try {
      return (await running.verbs.receiveUpload({ portId, name })).uploadId;
    } finally {
      port2.close();
    }
  }

  async outgoingFile(what: Draggable): Promise<string> {
    const { verbs } = await this.#ready;
    return (await verbs.outgoingFile(what)).path;
  }

  async documentFile(documentId: string): Promise<{ path: string; size: number }> {
    const { verbs } = await this.#ready;
    return verbs.documentFile({ documentId });
  }

  /** Closes the library and ends every process; what has not ended after `timeoutMs` is killed. */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosing = true;
    await this.#running?.client.close(timeoutMs);
    this.#end(this.#running);
  }

  async #open(): Promise<Running> {
    for (;;) {
      const running = this.#fork();
      try {
        const opened = await running.verbs.open({ ...this.#options, given: [...this.#given.values()] });
        if (opened === 'open') {
          deliverNotes((note) => void running.verbs.note(note).catch(() => {}));
          return running;
        }
        await running.client.close();
        throw new OpenElsewhere();
      } catch (error) {
        if (!running.isOver) void running.client.close();
        else if (this.#mayRestart()) continue;
        throw error;
      }
    }
  }

  #fork(): Running {
    const process = utilityAppHost(this.#files);
    const garbage = new AppError('INTERNAL', 'The app host said something that is not an answer, and was ended.');
    const hung = (why: string) => new AppError('INTERNAL', why);
    const client = hostClient(process, { name: 'The app host', crash, hung, garbage });
    const running = { process, client, verbs: client.verbs as Verbs, hosts: new Map(), isOver: false };
    this.#running = running;
    client.onEnd((error) => this.#ended(running, error));
    void this.#answerAsks(running).catch(() => {}); // the requests end with the app host
    return running;
  }

  #ended(running: Running, error: AppError): void {
    this.#end(running);
    if (this.#isClosing || error.code === 'CLOSED') return;
    addNote({ level: 'warn', text: error.message });
    void this.#ready.then(
      (ready) => {
        if (ready !== running) return; // it died while it opened the library: #open starts it again
        if (!this.#mayRestart()) return this.#events.onLost(error);
        const [first] = error.message.split('\n');
        this.#events.onRestart(
          `${first} It is started again. Everything that was saved is there; what was being read, answered or added was stopped.`,
        );
        this.#ready = this.#open();
        this.#ready.catch((failure) => this.#events.onLost(failure));
      },
      () => {},
    );
  }

  #mayRestart(): boolean {
    if (this.#isClosing) return false;
    const now = Date.now();
    this.#restarts = this.#restarts.filter((at) => now - at < restartWindowMs);
    this.#restarts.push(now);
    return this.#restarts.length <= maxRestarts;
  }

  /** Ends its hosts too: nobody could use them. */
  #end(running: Running | undefined): void {
    if (!running) return;
    running.isOver = true;
    deliverNotes(undefined);
    for (const host of running.hosts.values()) host.kill();
  }

  #hand({ process }: Running, port: MessagePortMain): string {
    const id = randomUUID();
    process.hand(id, port);
    return id;
  }

  async #answerAsks(running: Running): Promise<void> {
    for await (const ask of await running.verbs.asks()) this.#answer(running, ask);
  }

  #answer(running: Running, ask: AppHostAsk): void {
    if (ask.ask === 'wait') this.#events.onWait({ sentence: ask.sentence, percent: ask.percent });
    else if (ask.ask === 'show') this.#events.onShow(ask.files);
    else if (ask.ask === 'kill-host') running.hosts.get(ask.id)?.kill();
    else this.#startHost(running, ask.id, ask.host);
  }

  #startHost(running: Running, id: string, kind: HostKind): void {
    const { host, line } = utilityHostOf(this.#files, kind);
    running.hosts.set(id, host);
    host.onStarted((pid) => void running.verbs.hostStarted({ id, pid }).catch(() => {}));
    host.onExit(({ error, ...exit }) => {
      running.hosts.delete(id);
      void running.verbs.hostEnded({ id, ...exit, ...(error === undefined ? {} : { error }) }).catch(() => {});
    });
    running.process.hand(id, line);
    if (running.isOver) host.kill();
  }
}

function crash(exit: HostExit): AppError {
  return new AppError('INTERNAL', endSentence('The app host', exit));
}
