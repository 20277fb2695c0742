/** One flow of an RTF document (its text, a footnote, a header) as blocks: paragraphs, headings and tables. */
import { type Cell, maxSpan, tableText } from './table-text.ts';

/** How a cell is merged, from the row's definition. */
export interface CellMerge {
  left: boolean; // goes on from the cell before it
  above: boolean; // goes on from the cell above it
}

export class RtfStory {
  readonly #blocks: string[] = [];
  #text = ''; // of the paragraph or cell that is open
  #cells: string[] = [];
  #rows: Cell[][] = [];
  #notes: string[] = []; // footnotes of the paragraph that is open

  get before(): string {
    return this.#text;
  }

  add(text: string): void {
    this.#text += text;
  }

  addNote(note: string): void {
    this.#notes.push(note);
  }

  /** `level`: 0 for text, 1 to 6 for a heading. */
  endParagraph(inTable: boolean, level: number): void {
    if (inTable) {
      this.#text += '\n';
      return;
    }
    this.#endTable();
    const text = this.#text.trim();
    this.#text = '';
    if (text !== '') this.#blocks.push(level > 0 ? `${'#'.repeat(level)} ${text.replace(/\s*\n\s*/g, ' ')}` : text);
    this.#endNotes();
  }

  endCell(): void {
    this.#cells.push(this.#text);
    this.#text = '';
  }

  endRow(merges: readonly CellMerge[]): void {
    const row: Cell[] = [];
    for (const [i, text] of this.#cells.entries()) {
      const before = row.at(-1);
      if (merges[i]?.left && before) before.columns = Math.min(maxSpan, before.columns + 1);
      else row.push({ text, columns: 1, below: merges[i]?.above ? 'above' : 'none' });
    }
    this.#cells = [];
    if (row.length > 0) this.#rows.push(row);
  }

  /** Returns everything read so far. */
  finish(): string[] {
    if (this.#cells.length > 0) this.endRow([]);
    this.endParagraph(false, 0);
    return this.#blocks;
  }

  #endTable(): void {
    if (this.#rows.length === 0) return;
    const text = tableText(this.#rows);
    this.#rows = [];
    if (text !== '') this.#blocks.push(text);
    this.#endNotes();
  }

  #endNotes(): void {
    this.#blocks.push(...this.#notes);
    this.#notes = [];
  }
}
