/**
 * An engine host that opens no model: it reads headers and counts tokens. Whatever a file does to it, documents in memory are safe. It
 * starts when it is needed and ends when there was nothing to do for a while.
 */
import { AppError } from '../../contract/errors.ts';
import { type EngineClient, type EngineVerbs, startEngine } from '../../engine-host/engine-client.ts';

const idleMs = 60_000;

export class InspectionHost {
  readonly #start: () => EngineClient;
  #client: EngineClient | undefined;
  #idle: NodeJS.Timeout | undefined;
  #working = 0;
  #isClosed = false;

  constructor(start: () => EngineClient = startEngine) {
    this.#start = start;
  }

  /** A host that died in the work is the work's error; the next work gets another one. */
  async use<T>(work: (verbs: EngineVerbs) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new AppError('CLOSED', 'RocketDoc is closing.');
    clearTimeout(this.#idle);
    this.#client ??= this.#start();
    const client = this.#client;
    this.#working++;
    try {
      return await work(client.verbs);
    } catch (error) {
      if (isDeath(error) && this.#client === client) await this.#end();
      throw error;
    } finally {
      this.#working--;
      if (this.#working === 0 && this.#client) {
        this.#idle = setTimeout(() => void this.#end(), idleMs);
        this.#idle.unref();
      }
    }
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.#end();
  }

  async #end(): Promise<void> {
    clearTimeout(this.#idle);
    const client = this.#client;
    this.#client = undefined;
    await client?.close();
  }
}

export const isDeath = (error: unknown): boolean =>
  error instanceof AppError && (error.code === 'ENGINE_CRASH' || error.code === 'ENGINE_HUNG');
