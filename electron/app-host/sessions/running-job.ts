/**
 * One piece of work for the engine, which goes on without watchers: its events are kept, so that a window that was loaded anew gets the
 * same stream from its beginning. It ends once, with a last event or an error.
 */
import type { Job } from '../../contract/app-types.ts';
import type { Progress } from '../../contract/engine-reports.ts';

export class RunningJob<Event> {
  readonly #abort = new AbortController();
  readonly #events: Event[] = [];
  #waiting: (() => void)[] = [];
  #ended = false;
  #resolveOver = () => {};
  /** Resolves when the job has ended in any way. */
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
    // Ignores reports that were sent before it was paused.
    if (this.status.phase === 'paused') return;
    this.status = { ...this.status, phase, done, total, tokensPerSecond, secondsLeft };
  }

  end(error?: unknown): void {
    this.#ended = true;
    this.#error = error;
    this.#resolveOver();
    this.#wake();
  }

  /** Yields all events from the first one; leaving the stream does not stop the work. */
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
