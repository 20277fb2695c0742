/**
 * One piece of work for the engine, independent of who watches: events are kept, so that a window loaded anew sees the same
 * stream from its beginning. Ends once, with a last event or an error.
 */
import type { Job } from '../../contract/app-types.ts';
import type { Progress } from '../../contract/engine-reports.ts';

export class RunningJob<Event> {
  readonly #abort = new AbortController();
  readonly #events: Event[] = [];
  #waiting: (() => void)[] = [];
  #ended = false;
  #resolveOver = () => {};
  /** Resolves when it has ended, whichever way. */
  readonly over = new Promise<void>((resolve) => {
    this.#resolveOver = resolve;
  });
  #error: unknown;
  status: Job;

  constructor(status: Job) {
    this.status = status;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  cancel(): void {
    this.#abort.abort();
  }

  emit(event: Event): void {
    this.#events.push(event);
    this.#wake();
  }

  progress({ phase, done, total, tokensPerSecond, secondsLeft }: Progress): void {
    // Reports that were under way when it was paused.
    if (this.status.phase === 'paused') return;
    this.status = { ...this.status, phase, done, total, tokensPerSecond, secondsLeft };
  }

  end(error?: unknown): void {
    this.#ended = true;
    this.#error = error;
    this.#resolveOver();
    this.#wake();
  }

  /** From the first event; leaving does not stop the work. */
  async *watch(signal?: AbortSignal): AsyncGenerator<Event, void, void> {
    const wake = () => this.#wake();
    signal?.addEventListener('abort', wake);
    try {
      for (let at = 0; ; ) {
        if (signal?.aborted) return;
        const event = this.#events[at];
        if (event !== undefined) {
          at++;
          yield event;
        } else if (this.#ended) {
          if (this.#error !== undefined) throw this.#error;
          return;
        } else await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    } finally {
      signal?.removeEventListener('abort', wake);
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
