/** Writes a table's rows as lines of text, in parts that can be cited, each of which begins with the header row. */

export interface TableRow {
  number: number; // the table's row number, from 1
  cells: readonly string[];
}

export interface TablePart {
  first: number; // number of its first row; the header is not counted
  last: number;
  text: string;
}

const rowsInPart = 100;

/** Takes the rows one by one, so that a large table is not in memory twice. */
export class TableParts {
  readonly #onPart: (part: TablePart) => void;
  #header: string | undefined; // undefined: not known yet; '': there is none
  #lines: string[] = [];
  #first = 0;
  #last = 0;

  constructor(onPart: (part: TablePart) => void) {
    this.#onPart = onPart;
  }

  add({ number, cells }: TableRow): void {
    const line = rowLine(cells);
    if (line === '') return;
    if (this.#header === undefined) {
      // A title above the table has one cell; the header is the first row with several cells, if none of them is a number.
      const filled = cells.filter((cell) => cell.trim() !== '');
      if (filled.length > 1) this.#header = filled.every((cell) => !isNumber(cell)) ? line : '';
    } else if (this.#lines.length === 0 && this.#header !== '') {
      this.#lines.push(this.#header);
    }
    if (this.#first === 0) this.#first = number;
    this.#last = number;
    this.#lines.push(line);
    if (this.#lines.length > rowsInPart) this.end();
  }

  end(): void {
    if (this.#lines.length === 0) return;
    this.#onPart({ first: this.#first, last: this.#last, text: this.#lines.join('\n') });
    this.#lines = [];
    this.#first = 0;
  }
}

/** "| a | b |"; '' for an empty row. Empty cells at the end are left out. */
function rowLine(cells: readonly string[]): string {
  const texts = cells.map((cell) => cell.trim().replace(/\s*\n\s*/g, ' '));
  while (texts.at(-1) === '') texts.pop();
  return texts.length === 0 ? '' : `| ${texts.join(' | ')} |`;
}

function isNumber(cell: string): boolean {
  return /^[\s\p{Sc}(+-]*\d[\d\s.,'’]*[\s%\p{Sc})]*$/u.test(cell);
}

export function rowsLabel({ first, last }: TablePart): string {
  return first === last ? `row ${first}` : `rows ${first}-${last}`;
}
