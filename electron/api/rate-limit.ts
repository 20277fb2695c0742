/** Limits the requests of one key in a period, which begins with its first request. */
export class RateLimit {
  readonly #most: number;
  readonly #ms: number;
  readonly #counts = new Map<string, { since: number; requests: number }>();

  constructor(most: number, ms: number) {
    this.#most = most;
    this.#ms = ms;
  }

  allows(owner: string, now = Date.now()): boolean {
    const known = this.#counts.get(owner);
    if (!known || now - known.since >= this.#ms) {
      this.#counts.set(owner, { since: now, requests: 1 });
      return true;
    }
    known.requests++;
    return known.requests <= this.#most;
  }
}
