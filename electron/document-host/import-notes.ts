/** Collects the notes of one import while its text is extracted. */
import { type ImportNote, maxNotes, type NoteKind, noteWords } from '../contract/import-notes.ts';
import { oneLine } from './wording.ts';

/** How many notes are listed one by one, with room for one more of each kind. */
const mostListed = maxNotes - Object.keys(noteWords).length;

export class ImportNotes {
  readonly #notes: ImportNote[] = [];
  /** The count of further notes, by kind. */
  readonly #further = new Map<NoteKind, number>();

  add(note: ImportNote): void {
    const { kind, count, section, names } = note;
    if (this.#notes.length >= mostListed) {
      this.#further.set(kind, (this.#further.get(kind) ?? 0) + count);
      return;
    }
    this.#notes.push({
      ...note,
      ...(section === undefined ? {} : { section: oneLine(section, 200) }),
      ...(names === undefined ? {} : { names: names.slice(0, 20).map((name) => oneLine(name)) }),
      sentence: oneLine(note.sentence, 500),
    });
  }

  /** The notes in the order in which they were added. Further ones become one note for each kind, so that the receipt's sums are right. */
  list(): ImportNote[] {
    const further = [...this.#further].map(([kind, count]): ImportNote => {
      const sentence = `Not listed one by one: ${noteWords[kind](count)}.`;
      return { kind, count, sentence };
    });
    return [...this.#notes, ...further];
  }
}
