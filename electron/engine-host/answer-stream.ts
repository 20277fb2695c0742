/**
 * Turns an answer's tokens into text deltas, at most one every 100 ms. Each one crosses process borders
 * and is drawn by every watching window, on the cores that compute the next token. Nothing is dropped: text that waits is sent after 100 ms
 * even if no further token comes. Thinking is sent separately.
 */
import type { AnswerText } from '../contract/engine-reports.ts';
import { splitChannels, withoutGuards } from './channels.ts';
import { StreamingDetokenizer } from './detokenizer.ts';
import { type Split, splitThinking, type ThinkingShape } from './thinking.ts';
import type { Vocabulary } from './vocabulary.ts';

export const minDeltaMs = 100;

export class AnswerStream {
  readonly #vocabulary: Vocabulary;
  readonly #decoder: StreamingDetokenizer;
  readonly #send: (event: AnswerText) => void;
  readonly #shape: ThinkingShape;
  #isWaiting = false;
  #lastSent = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #text = '';
  /** The length of the text after each token. */
  readonly #ends: number[] = [];
  #split: Split = { thinking: '', answer: '', answerAt: 0 };
  #ended = false;

  constructor(vocabulary: Vocabulary, send: (event: AnswerText) => void, shape: ThinkingShape) {
    this.#vocabulary = vocabulary;
    this.#decoder = new StreamingDetokenizer(vocabulary);
    this.#send = send;
    this.#shape = shape;
  }

  /** The text as it was sent so far. */
  get split(): Split {
    return this.#split;
  }

  /** How many tokens came before the answer, once the text has ended; 0: there was no thinking. */
  get thinkingTokens(): number {
    if (this.#split.thinking === '') return 0;
    return this.#ends.filter((end) => end <= this.#split.answerAt).length;
  }

  /** Adds text that belongs to the answer and was not generated. */
  pushText(text: string): void {
    this.#text += text;
    this.#isWaiting = true;
    this.#sendSoon();
  }

  push(tokens: Iterable<number>): void {
    let text = '';
    for (const token of tokens) {
      const mark = this.#vocabulary.thinkingMarks.get(token);
      text += withoutGuards(mark === undefined ? this.#decoder.push(token) : this.#decoder.flush()) + (mark ?? '');
      this.#ends.push(this.#text.length + text.length);
    }
    if (text !== '') this.pushText(text);
  }

  /** The answer ended: sends everything that was held back or waiting. */
  finish(): void {
    this.#ended = true;
    this.stop();
  }

  /** The answer was cut off: sends the text there is, and an open block of thinking stays thinking. */
  stop(): void {
    this.#text += withoutGuards(this.#decoder.flush());
    this.#isWaiting = true;
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
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    const before = this.#split;
    this.#split = this.#shape.channels
      ? splitChannels(this.#text, this.#ended)
      : splitThinking(this.#text, this.#shape, this.#ended);
    const events = [...changes(before, this.#split)];
    if (events.length > 0) this.#lastSent = performance.now();
    for (const event of events) this.#send(event);
  }
}

/** The events that lead from one state to the other: deltas where the text grew, else all of it again. */
export function* changes(before: Split, after: Split): Generator<AnswerText, void, void> {
  const { thinking, answer } = after;
  if (!thinking.startsWith(before.thinking) || !answer.startsWith(before.answer)) {
    yield { type: 'restated', thinking, answer };
    return;
  }
  const [thought, delta] = [thinking.slice(before.thinking.length), answer.slice(before.answer.length)];
  if (thought !== '') yield { type: 'thinking', text: thought };
  if (delta !== '') yield { type: 'delta', text: delta };
}
