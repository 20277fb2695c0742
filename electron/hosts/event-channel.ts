/** Turns events from callbacks into an async iterator for one reader. No event is dropped. */
export class EventChannel<T> {
  #events: T[] = [];
  #ended = false;
  #error: unknown;
  #wake: (() => void) | undefined;

  push(event: T): void {
    if (this.#ended) return;
    this.#events.push(event);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** The reader gets the events that came before, then the error. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#error = error;
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) {
        yield event;
        continue;
      }
      if (this.#ended) {
        if (this.#error !== undefined) throw this.#error;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
