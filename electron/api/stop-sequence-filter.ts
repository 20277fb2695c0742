/**
 * Sends an answer up to the stop sequence that is complete first; of two that end together the longer one counts. So the answer ends at
 * the same place however it comes in pieces. Text that may be the beginning of one is held back until that is clear.
 */
export class StopSequenceFilter {
  readonly #stops: readonly string[];
  readonly #send: (text: string) => void;
  #held = '';
  #text = '';
  #isStopped = false;

  constructor(stops: readonly string[], send: (text: string) => void) {
    this.#stops = stops;
    this.#send = send;
  }

  get text(): string {
    return this.#text.trimEnd();
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Returns false when the answer is over. */
  push(piece: string): boolean {
    if (this.#isStopped) return false;
    // White space at the beginning is dropped: many models begin with line breaks.
    this.#held += this.#text === '' && this.#held === '' ? piece.trimStart() : piece;
    const stopAt = this.#stopAt();
    if (stopAt !== null) {
      this.#take(stopAt);
      this.#held = '';
      this.#isStopped = true;
      return false;
    }
    this.#take(this.#held.length - this.#heldBack());
    return true;
  }

  /**
   * Takes the whole answer so far again, when earlier text turned out to be thinking, or not to be. Text that was sent cannot be taken
   * back.
   */
  restate(answer: string): boolean {
    const sent = answer.startsWith(this.#text) ? this.#text : '';
    this.#text = sent;
    this.#held = '';
    this.#isStopped = false;
    return this.push(answer.slice(sent.length));
  }

  end(): void {
    if (!this.#isStopped) this.#take(this.#held.length);
  }

  /** Where in the held text the answer ends, or null while no stop sequence is complete. */
  #stopAt(): number | null {
    let first: { at: number; end: number } | null = null;
    for (const stop of this.#stops) {
      const at = this.#held.indexOf(stop);
      if (at < 0) continue;
      const end = at + stop.length;
      if (first === null || end < first.end || (end === first.end && at < first.at)) first = { at, end };
    }
    return first?.at ?? null;
  }

  /** How many characters at the end may be the beginning of a stop sequence. */
  #heldBack(): number {
    let most = 0;
    for (const stop of this.#stops)
      for (let length = Math.min(stop.length - 1, this.#held.length); length > most; length--)
        if (this.#held.endsWith(stop.slice(0, length))) most = length;
    return most;
  }

  #take(length: number): void {
    const text = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    if (text === '') return;
    this.#text += text;
    this.#send(text);
  }
}
