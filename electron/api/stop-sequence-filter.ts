/** Sends an answer up to the first stop sequence. Text that may be the beginning of one is held back until that is clear. */
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
    const found = this.#stops.map((stop) => this.#held.indexOf(stop)).filter((at) => at >= 0);
    if (found.length > 0) {
      this.#take(Math.min(...found));
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
