/**
 * Who may ask: whoever holds a session token, 256 random bits, good until it is revoked or this run ends. Each window gets its own, once,
 * with a launch code that travels in the fragment of a link (fragments are never sent), so neither appears in a request line, a log or a
 * Referer.
 */
import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { WindowSession } from '../contract/window-sessions.ts';

const fresh = () => randomBytes(32).toString('base64url');
const digest = (text: string) => createHash('sha256').update(text).digest('hex');
/** Of hashes, so that lengths are equal and time tells nothing. */
const same = (a: string, b: string) => timingSafeEqual(Buffer.from(digest(a)), Buffer.from(digest(b)));

/** What was signed in first is signed out first. */
const mostSessions = 100;

export class SessionTokens {
  /** By the hash of their tokens: a look-up tells nothing about a token. */
  readonly #sessions = new Map<string, WindowSession>();
  readonly #onRevoked = new Map<string, Set<() => void>>();
  #launchCode: string | undefined;

  /** Told when a window is signed in or out. */
  onChange: (() => void) | undefined;

  /** A code for one window; the code before it is void. */
  newLaunchCode(): string {
    this.#launchCode = fresh();
    return this.#launchCode;
  }

  /** A token of its own for each code, once. `browser`: as it calls itself. */
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

  /** The id of its session; undefined: it is none of ours, or not any more. */
  accepts(token: unknown): string | undefined {
    return typeof token === 'string' ? this.#sessions.get(digest(token))?.id : undefined;
  }

  list(): WindowSession[] {
    return [...this.#sessions.values()];
  }

  /** Its token is void, and its sockets are closed. */
  revoke(id: string): void {
    for (const [hash, session] of this.#sessions) if (session.id === id) this.#sessions.delete(hash);
    for (const close of this.#onRevoked.get(id) ?? []) close();
    this.onChange?.();
  }

  revokeAll(): void {
    this.#launchCode = undefined;
    for (const { id } of this.list()) this.revoke(id);
  }

  /** Returns what forgets the listener. */
  whenRevoked(id: string, listener: () => void): () => void {
    const listeners = this.#onRevoked.get(id) ?? new Set();
    this.#onRevoked.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#onRevoked.delete(id);
    };
  }
}
