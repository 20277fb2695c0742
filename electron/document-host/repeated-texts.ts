/** Footers and other texts that every slide shows: each one is read only where it occurs first. */
export class RepeatedTexts {
  readonly #said = new Set<string>();

  /** The texts that did not occur before. */
  unsaid(texts: readonly string[]): string[] {
    return texts.filter((text) => {
      const isNew = text.trim() !== '' && !this.#said.has(text);
      this.#said.add(text);
      return isNew;
    });
  }
}
