/** Collects the notes of one import while its text is extracted. */
import { type ImportNote, maxNotes, type NoteKind, noteWords } from '../contract/import-notes.ts';
import { oneLine } from './wording.ts';

/** One by one; room is left for one more of each kind. */
const mostListed = maxNotes - Object.keys(noteWords).length;

export class ImportNotes {
  readonly #notes: ImportNote[] = [];
  /** How many of each kind the notes beyond the most stand for. */
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

  /** In the order in which they were added. What is beyond the most is one note for each kind, so that the receipt's sums are right. */
  list(): ImportNote[] {
    const further = [...this.#further].map(([kind, count]): ImportNote => {
      const sentence = `Not listed one by one: ${noteWords[kind](count)}.`;
      return { kind, count, sentence };
    });
    return [...this.#notes, ...further];
  }
}
