/** Collects the notes of one import while its text is extracted. */
import { type ImportNote, maxNotes } from '../contract/import-notes.ts';
import { oneLine } from './wording.ts';

export class ImportNotes {
  readonly #notes: ImportNote[] = [];
  #dropped = 0;

  add(note: ImportNote): void {
    if (this.#notes.length >= maxNotes - 1) {
      this.#dropped++;
      return;
    }
    const { section, names } = note;
    this.#notes.push({
      ...note,
      ...(section === undefined ? {} : { section: oneLine(section, 200) }),
      ...(names === undefined ? {} : { names: names.slice(0, 20).map((name) => oneLine(name)) }),
      sentence: oneLine(note.sentence, 500),
    });
  }

  /** In the order in which they were added. What is beyond the most that a document keeps is counted in the last note. */
  list(): ImportNote[] {
    if (this.#dropped === 0) return [...this.#notes];
    const sentence = `${this.#dropped.toLocaleString('en-US')} further notes are not kept.`;
    return [...this.#notes, { kind: 'other', count: this.#dropped, sentence }];
  }
}
