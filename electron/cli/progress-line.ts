/**
 * Progress on stderr: on a terminal one line that is rewritten; elsewhere (a log, a pipe) a line at the start and at the end of a phase,
 * and one every ten seconds in between.
 */
import { count, secondsText } from '../contract/number-words.ts';

export interface ProgressState {
  done: number;
  total: number;
  /** What is counted: tokens, pages. */
  unit: string;
  tokensPerSecond?: number;
  secondsLeft?: number | null;
}

interface OutputStream {
  isTTY?: boolean;
  write(text: string): unknown;
}

const terminalMs = 100;
const logMs = 10_000;

export function progressText(label: string, state: ProgressState): string {
  const percent = state.total > 0 ? Math.floor((100 * state.done) / state.total) : 100;
  const parts = [`${label}: ${percent} %`, `${count(state.done)} of ${count(state.total)} ${state.unit}`];
  if (state.tokensPerSecond) parts.push(`${count(state.tokensPerSecond)} tok/s`);
  if (state.secondsLeft != null && state.done < state.total) parts.push(`${secondsText(state.secondsLeft)} left`);
  return parts.join(', ');
}

export class ProgressLine {
  readonly #out: OutputStream;
  readonly #now: () => number;
  #label = '';
  #last = Number.NEGATIVE_INFINITY;
  #shown = false;

  constructor(out: OutputStream = process.stderr, now: () => number = () => performance.now()) {
    this.#out = out;
    this.#now = now;
  }

  show(label: string, state: ProgressState): void {
    const starts = label !== this.#label;
    const ends = state.done >= state.total;
    const due = this.#now() - this.#last >= (this.#out.isTTY ? terminalMs : logMs);
    if (!starts && !ends && !due) return;
    if (starts) this.clear();
    this.#label = label;
    this.#last = this.#now();
    const text = progressText(label, state);
    this.#out.write(this.#out.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
    this.#shown = true;
  }

  /** Prints a line that stays. */
  print(text: string): void {
    this.clear();
    this.#out.write(`${text}\n`);
  }

  /** Prints text without adding a line break. */
  write(text: string): void {
    this.clear();
    this.#out.write(text);
  }

  /** Removes the progress line, so that other text begins at the left. */
  clear(): void {
    if (this.#shown && this.#out.isTTY) this.#out.write('\r\x1b[K');
    this.#shown = false;
    this.#label = '';
    this.#last = Number.NEGATIVE_INFINITY;
  }
}
