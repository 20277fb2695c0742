/** Reports the progress of a phase: counts, speed, and the time left at that speed. */
import type { Progress } from '../contract/engine-reports.ts';

export class ProgressMeter {
  readonly #phase: Progress['phase'];
  readonly #total: number;
  readonly #now: () => number;
  readonly #start: number;
  readonly #from: number;

  /** `from`: what was done before this meter began. It took none of the measured time, so it does not count for the speed. */
  constructor(phase: Progress['phase'], total: number, now: () => number = () => performance.now(), from = 0) {
    this.#from = from;
    this.#phase = phase;
    this.#total = total;
    this.#now = now;
    this.#start = now();
  }

  /** `total`: given where only the running work knows it. */
  at(done: number, total = this.#total): Progress {
    const seconds = (this.#now() - this.#start) / 1000;
    const rate = seconds > 0 ? (done - this.#from) / seconds : 0;
    return {
      type: 'progress',
      phase: this.#phase,
      done,
      total,
      tokensPerSecond: rate,
      secondsLeft: rate > 0 ? (total - done) / rate : null,
    };
  }
}
