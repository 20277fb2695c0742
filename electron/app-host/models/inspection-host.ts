/**
 * An engine host that opens no model: it reads headers and counts tokens. If a file makes it crash, documents in memory are not lost. It
 * starts when it is needed and ends after a while without work.
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

  /** If the host dies during the work, the work fails; the next work gets another host. */
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
