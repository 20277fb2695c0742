/** Bytes per second over the last seconds. */
const spanMs = 4000;
const stepMs = 200;

export class TransferRate {
  #samples: { at: number; done: number }[] = [];
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** `done`: bytes so far. If it is less than before, the measurement begins anew. */
  add(done: number): number {
    const at = this.#now();
    const last = this.#samples.at(-1);
    if (last && done < last.done) this.#samples = [];
    if (!last || at - last.at >= stepMs || this.#samples.length === 0) this.#samples.push({ at, done });
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) > spanMs) this.#samples.shift();
    const first = this.#samples[0];
    const seconds = first ? (at - first.at) / 1000 : 0;
    return first && seconds > 0 ? (done - first.done) / seconds : 0;
  }
}
