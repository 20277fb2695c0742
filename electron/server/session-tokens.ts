/**
 * Who may ask: whoever holds the session token, 256 random bits for this run. It is got once with a launch code that travels in
 * the fragment of a link (fragments are never sent), so neither appears in a request line, a log or a Referer.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const fresh = () => randomBytes(32).toString('base64url');
const digest = (text: string) => createHash('sha256').update(text).digest();
/** Of hashes, so that lengths are equal and time tells nothing. */
const same = (a: string, b: string) => timingSafeEqual(digest(a), digest(b));

export class SessionTokens {
  readonly #token = fresh();
  #launchCode: string | undefined;

  /** A code for one window; the code before it is void. */
  newLaunchCode(): string {
    this.#launchCode = fresh();
    return this.#launchCode;
  }

  /** The session token, once for each code. */
  exchange(code: string): string | undefined {
    if (this.#launchCode === undefined || !same(code, this.#launchCode)) return undefined;
    this.#launchCode = undefined;
    return this.#token;
  }

  accepts(token: unknown): boolean {
    return typeof token === 'string' && same(token, this.#token);
  }
}
