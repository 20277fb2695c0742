/** Counts how often each part of the library changed since the start. A window fetches a part again when its number grows. */
import type { Revisions as Counts } from '../../contract/app-types.ts';

export type LibraryPart = keyof Counts;

export class Revisions {
  readonly counts: Counts = { documents: 0, choices: 0, chats: 0, settings: 0, programs: 0, windows: 0 };
  readonly #onChange: () => void;

  constructor(onChange: () => void = () => {}) {
    this.#onChange = onChange;
  }

  note(part: LibraryPart): void {
    this.counts[part]++;
    this.#onChange();
  }
}
