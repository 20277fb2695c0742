/** Footers and the like, which every slide shows: each text is told where it is met first. */
export class RepeatedTexts {
  readonly #said = new Set<string>();

  /** Those that were not told before. */
  unsaid(texts: readonly string[]): string[] {
    return texts.filter((text) => {
      const isNew = text.trim() !== '' && !this.#said.has(text);
      this.#said.add(text);
      return isNew;
    });
  }
}
