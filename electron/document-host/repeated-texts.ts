/** Footers and other texts that every slide shows: each one is read only where it occurs first. */
export class RepeatedTexts {
  readonly #seen = new Set<string>();

  /** The texts that did not occur before. */
  withoutSeen(texts: readonly string[]): string[] {
    return texts.filter((text) => {
      const isNew = text.trim() !== '' && !this.#seen.has(text);
      this.#seen.add(text);
      return isNew;
    });
  }
}
