/** Runs one piece of work at a time, in the order of the calls. */
import { AppError } from '../contract/errors.ts';

export class Queue {
  #last: Promise<unknown> = Promise.resolve();

  /** `signal` cancels work that still waits; work that has begun must watch the signal itself. */
  run<T>(work: () => Promise<T> | T, signal?: AbortSignal): Promise<T> {
    const turn = this.#last.then(() => {
      if (signal?.aborted) throw new AppError('CANCELLED', 'Stopped before it began.');
      return work();
    });
    this.#last = turn.catch(() => {}); // one failure must not stop the next in line
    return turn;
  }
}
