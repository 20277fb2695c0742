/**
 * Runs work one after another, in the order of the calls; with too many waiting, a call is refused. A caller that goes away while waiting
 * is skipped.
 */
import { AppError } from '../contract/errors.ts';

export class BoundedQueue {
  readonly #most: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(most: number) {
    this.#most = most;
  }

  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#most)
      throw new AppError('BUSY', `${this.#most} questions of programs are waiting already. Ask again in a moment.`);
    this.#waiting++;
    const before = this.#last;
    const mine = (async () => {
      await before.catch(() => {});
      if (signal.aborted) throw new AppError('CANCELLED', 'The client went away.');
      return work();
    })();
    this.#last = mine.catch(() => {});
    try {
      return await mine;
    } finally {
      this.#waiting--;
    }
  }
}
