/**
 * Turns tokens into text as they come. A character may be spread over several tokens: an incomplete one is held back until the rest
 * arrives, so that no half character is ever shown.
 */
import type { Vocabulary } from './vocabulary.ts';

/** A character has at most four bytes, each at least one token; more than this is not an incomplete character. */
const maxHeld = 6;
/** Tokens of context given to vocabularies that join words with spaces. */
const contextTokens = 4;

export class StreamingDetokenizer {
  readonly #vocabulary: Vocabulary;
  #held: number[] = [];
  #before: number[] = [];

  constructor(vocabulary: Vocabulary, before: readonly number[] = []) {
    this.#vocabulary = vocabulary;
    this.#before = before.slice(-contextTokens);
  }

  /** Returns the text that is complete after this token, possibly none. */
  push(token: number): string {
    this.#held.push(token);
    const text = this.#vocabulary.detokenize(this.#held, this.#before);
    if (text.endsWith('\uFFFD') && this.#held.length < maxHeld) return '';
    return this.#take(text);
  }

  /** Returns what is still held back; an incomplete character becomes U+FFFD. */
  flush(): string {
    if (this.#held.length === 0) return '';
    return this.#take(this.#vocabulary.detokenize(this.#held, this.#before));
  }

  #take(text: string): string {
    this.#before = [...this.#before, ...this.#held].slice(-contextTokens);
    this.#held = [];
    return text;
  }
}

/**
 * Where each token's text begins, in UTF-16 units of `text`; one entry more for the end. Where the vocabulary does not give the text back
 * exactly (some normalise), positions are scaled to the text's length and are only approximate.
 */
export function tokenOffsets(vocabulary: Vocabulary, tokens: readonly number[], text: string): Uint32Array {
  const offsets = new Uint32Array(tokens.length + 1);
  const decoder = new StreamingDetokenizer(vocabulary);
  let at = 0;
  for (const [i, token] of tokens.entries()) {
    offsets[i] = at;
    at += decoder.push(token).length;
  }
  at += decoder.flush().length;
  offsets[tokens.length] = at;
  if (at !== text.length && at > 0) {
    const stretch = text.length / at;
    for (let i = 0; i < offsets.length; i++) offsets[i] = Math.round((offsets[i] ?? 0) * stretch);
  }
  return offsets;
}

export interface TokenSpan {
  label: string;
  /** Indices [first, end) of the document's tokens. A page without text has first === end. */
  first: number;
  end: number;
}

/** Which tokens belong to each page: a token belongs to the page on which its text begins. */
export function pageTokens(
  offsets: Uint32Array,
  pages: readonly { label: string; start: number; end: number }[],
): TokenSpan[] {
  const last = offsets.length - 1; // the end entry is no token
  let i = 0;
  return pages.map(({ label, end }) => {
    const first = i;
    while (i < last && (offsets[i] ?? 0) < end) i++;
    return { label, first, end: i };
  });
}
