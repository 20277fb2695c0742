/**
 * Turns tokens into text as they come. A character may be spread over several tokens: an incomplete one is held back until the rest
 * arrives, so that no half character is ever shown.
 */
import type { Vocabulary } from './vocabulary.ts';

/** A character has at most four bytes, each at most one token: at most this many tokens at the end are an incomplete one. */
const maxIncomplete = 3;
/** More than this are not one incomplete character: the text has U+FFFD itself, or bytes that are no character. */
const maxHeld = 6;
/** Tokens of context given to vocabularies that join words with spaces. */
const contextTokens = 4;

function contextOf(tokens: readonly number[]): number[] {
  return tokens.slice(-contextTokens);
}

export class StreamingDetokenizer {
  readonly #vocabulary: Vocabulary;
  #held: number[] = [];
  #before: number[] = [];

  constructor(vocabulary: Vocabulary, before: readonly number[] = []) {
    this.#vocabulary = vocabulary;
    this.#before = contextOf(before);
  }

  /** Returns the text that is complete after this token, possibly none. */
  push(token: number): string {
    this.#held.push(token);
    const text = this.#vocabulary.detokenize(this.#held, this.#before);
    if (!text.endsWith('\uFFFD')) return this.#take(text);
    return this.#held.length < maxHeld ? '' : this.#takeComplete(text);
  }

  /** Returns what is still held back; an incomplete character becomes U+FFFD. */
  flush(): string {
    if (this.#held.length === 0) return '';
    return this.#take(this.#vocabulary.detokenize(this.#held, this.#before));
  }

  /** Takes all but the longest end that may be an incomplete character: between characters a cut changes no text, inside one it does. */
  #takeComplete(text: string): string {
    const held = this.#held;
    for (let n = maxIncomplete; n > 0; n--) {
      const before = held.slice(0, -n);
      const rest = held.slice(-n);
      const complete = this.#vocabulary.detokenize(before, this.#before);
      if (complete + this.#vocabulary.detokenize(rest, contextOf([...this.#before, ...before])) !== text) continue;
      this.#held = before;
      this.#take(complete);
      this.#held = rest;
      return complete;
    }
    return this.#take(text);
  }

  #take(text: string): string {
    this.#before = contextOf([...this.#before, ...this.#held]);
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
