/**
 * Session tokens: a window needs one, 256 random bits that are valid until they are revoked or this run ends. Each window gets its own in
 * exchange for a launch code, which works once. The code is in the fragment of a link, which browsers do not send, so neither appears in a
 * request line, a log or a Referer.
 */
import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { WindowSession } from '../contract/window-sessions.ts';

const fresh = () => randomBytes(32).toString('base64url');
const digest = (text: string) => createHash('sha256').update(text).digest('hex');
/** Compares hashes, so that lengths are equal and the time reveals nothing. */
const same = (a: string, b: string) => timingSafeEqual(Buffer.from(digest(a)), Buffer.from(digest(b)));

/** Most signed-in windows; the oldest is signed out for a further one. */
const mostSessions = 100;

export class SessionTokens {
  /** Keyed by the hash of the token, so that the time of a look-up reveals nothing about tokens. */
  readonly #sessions = new Map<string, WindowSession>();
  readonly #onRevoked = new Map<string, Set<() => void>>();
  #launchCode: string | undefined;

  /** Called when a window is signed in or out. */
  onChange: (() => void) | undefined;

  /** Makes a code for one window; the code before it becomes invalid. */
  newLaunchCode(): string {
    this.#launchCode = fresh();
    return this.#launchCode;
  }

  /** Exchanges a code for a new token, once. `browser`: the name that the browser gives itself. */
  exchange(code: string, browser = ''): string | undefined {
    if (this.#launchCode === undefined || !same(code, this.#launchCode)) return undefined;
    this.#launchCode = undefined;
    const [oldest] = this.#sessions.values();
    if (this.#sessions.size >= mostSessions && oldest) this.revoke(oldest.id);
    const token = fresh();
    this.#sessions.set(digest(token), { id: randomUUID(), browser: browser.slice(0, 300), since: Date.now() });
    this.onChange?.();
    return token;
  }

  /** The id of the token's session; undefined: the token is not valid. */
  accepts(token: unknown): string | undefined {
    return typeof token === 'string' ? this.#sessions.get(digest(token))?.id : undefined;
  }

  list(): WindowSession[] {
    return [...this.#sessions.values()];
  }

  /** Revokes the session's token and closes its sockets. */
  revoke(id: string): void {
    for (const [hash, session] of this.#sessions) if (session.id === id) this.#sessions.delete(hash);
    for (const close of this.#onRevoked.get(id) ?? []) close();
    this.onChange?.();
  }

  revokeAll(): void {
    this.#launchCode = undefined;
    for (const { id } of this.list()) this.revoke(id);
  }

  /** Returns a function that removes the listener. */
  whenRevoked(id: string, listener: () => void): () => void {
    const listeners = this.#onRevoked.get(id) ?? new Set();
    this.#onRevoked.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#onRevoked.delete(id);
    };
  }
}
