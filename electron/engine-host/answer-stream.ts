/**
 * Tokens of an answer as text deltas, at most one every 16 ms: a screen shows no more, and each delta crosses a process
 * border. Nothing is dropped, and what waits is sent after 16 ms even when no further token comes.
 */
import { StreamingDetokenizer } from './detokenizer.ts';
import type { Vocabulary } from './vocabulary.ts';

export const minDeltaMs = 16;

export class AnswerStream {
  readonly #decoder: StreamingDetokenizer;
  readonly #send: (text: string) => void;
  #waiting = '';
  #lastSent = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #text = '';

  constructor(vocabulary: Vocabulary, send: (text: string) => void) {
    this.#decoder = new StreamingDetokenizer(vocabulary);
    this.#send = send;
  }

  /** Everything said so far, sent or waiting. */
  get text(): string {
    return this.#text;
  }

  /** Text that is part of the answer without having been generated. */
  say(text: string): void {
    this.#text += text;
    this.#waiting += text;
    this.#sendSoon();
  }

  push(tokens: Iterable<number>): void {
    let text = '';
    for (const token of tokens) text += this.#decoder.push(token);
    if (text !== '') this.say(text);
  }

  /** The end: whatever was held back or waiting goes out now. */
  finish(): void {
    const rest = this.#decoder.flush();
    this.#text += rest;
    this.#waiting += rest;
    this.#sendNow();
  }

  #sendSoon(): void {
    if (this.#timer) return;
    const waitMs = this.#lastSent + minDeltaMs - performance.now();
    if (waitMs <= 0) this.#sendNow();
    else this.#timer = setTimeout(() => this.#sendNow(), waitMs);
  }

  #sendNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting === '') return;
    const text = this.#waiting;
    this.#waiting = '';
    this.#lastSent = performance.now();
    this.#send(text);
  }
}
