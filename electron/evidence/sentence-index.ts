/**
 * A full-text index in memory of a document's sentences (SQLite's FTS5, bm25), and the document's vocabulary. It is made at the first
 * answer; the text never changes.
 */
import { DatabaseSync } from '@photostructure/sqlite';
import { type PagedText, type Sentence, sentencesOf } from './sentences.ts';
import { beginningOf, isSameWord, leastStem, stopWordsOf, type Term, termsOf } from './terms.ts';

/** How many sentences are indexed before other work may run: about ten milliseconds. */
const batchSize = 400;
/** bm25's weights of the columns: the sentence's own words, and those of the passage around it. */
const weights = '1.0, 0.35';

const pronouns = /^(?:it|its|he|his|she|her|they|their|these|this|es|er|sie|il|elle|ils|elles)\b/i;
const longestPronoun = 8;

export interface IndexedSentence extends Sentence {
  terms: readonly Term[];
  /** The number of the heading above it; -1: none. */
  heading: number;
}

export class SentenceIndex {
  readonly #database: InstanceType<typeof DatabaseSync>;
  readonly document: PagedText;
  readonly sentences: readonly IndexedSentence[];
  readonly stopWords: ReadonlySet<string>;
  /** In how many sentences each word occurs. */
  readonly #counts: ReadonlyMap<string, number>;
  /** Results of `has` by word. */
  readonly #held = new Map<string, boolean>();
  /** Capitals show names only where few words have them. */
  readonly capitalsAreNames: boolean;

  static async of(document: PagedText): Promise<SentenceIndex> {
    const stopWords = stopWordsOf(document.text);
    const sentences: IndexedSentence[] = [];
    const counts = new Map<string, number>();
    let names = 0;
    let words = 0;
    let heading = -1;
    for (const sentence of sentencesOf(document)) {
      const terms = termsOf(textOf(document, sentence), stopWords);
      sentences.push({ ...sentence, terms, heading });
      if (sentence.isHeading) heading = sentences.length - 1;
      for (const key of new Set(terms.map(({ key }) => key))) counts.set(key, (counts.get(key) ?? 0) + 1);
      for (const { kind } of sentence.isHeading ? [] : terms) {
        if (kind === 'name') names++;
        if (kind !== 'number') words++;
      }
      if (sentences.length % batchSize === 0) await otherWork();
    }
    const index = new SentenceIndex(document, { sentences, counts, stopWords, capitalsAreNames: names < 0.4 * words });
    await index.#fill();
    return index;
  }

  private constructor(
    document: PagedText,
    found: {
      sentences: IndexedSentence[];
      counts: Map<string, number>;
      stopWords: ReadonlySet<string>;
      capitalsAreNames: boolean;
    },
  ) {
    this.document = document;
    this.sentences = found.sentences;
    this.stopWords = found.stopWords;
    this.capitalsAreNames = found.capitalsAreNames;
    this.#counts = found.counts;
    this.#database = new DatabaseSync(':memory:');
    // The terms are words already; the tokeniser only has to keep the point inside a number.
    this.#database.exec(
      `CREATE VIRTUAL TABLE sentences USING fts5(own, around, content = '', tokenize = "unicode61 tokenchars '.'", prefix = '${leastStem}')`,
    );
  }

  async #fill(): Promise<void> {
    const insert = this.#database.prepare('INSERT INTO sentences (rowid, own, around) VALUES (?, ?, ?)');
    const words = (terms: readonly Term[] | undefined) => (terms ?? []).map(({ key }) => key).join(' ');
    for (let first = 0; first < this.sentences.length; first += batchSize) {
      this.#database.exec('BEGIN');
      for (let i = first; i < Math.min(first + batchSize, this.sentences.length); i++) {
        const around = this.around(i).map((other) => words(this.sentences[other]?.terms));
        insert.run(i + 1, words(this.sentences[i]?.terms), around.join(' '));
      }
      this.#database.exec('COMMIT');
      await otherWork();
    }
  }

  /** Sentences needed to understand this one: those before and after it in its paragraph, its heading, and a table's first row. */
  around(i: number): number[] {
    const sentence = this.sentences[i];
    if (!sentence) return [];
    const same = [i - 2, i - 1, i + 1].filter((other) => this.sentences[other]?.paragraph === sentence.paragraph);
    const head = this.#tableHead(i);
    if (head !== i) same.push(head);
    if (sentence.heading >= 0) same.push(sentence.heading);
    return same;
  }

  /** Those of `around` that come before it: what a sentence is about is named before it, not after. */
  before(i: number): number[] {
    return this.around(i).filter((other) => other < i);
  }

  /** Whether it begins with a pronoun, and so is about the same as the sentence before it in its paragraph. */
  continues(i: number): boolean {
    const sentence = this.sentences[i];
    if (!sentence || this.sentences[i - 1]?.paragraph !== sentence.paragraph) return false;
    return pronouns.test(this.document.text.slice(sentence.start, sentence.start + longestPronoun));
  }

  /** The first row of the table for a table's row, else the sentence itself. */
  #tableHead(i: number): number {
    let head = i;
    if (this.sentences[i]?.isTableRow) while (this.sentences[head - 1]?.isTableRow) head--;
    return head;
  }

  /** The terms of a sentence; for a table's row also those of the first row. */
  said(i: number): readonly Term[] {
    const [own, head] = [this.sentences[i], this.sentences[this.#tableHead(i)]];
    return own === head ? (own?.terms ?? []) : [...(head?.terms ?? []), ...(own?.terms ?? [])];
  }

  /** Whether the document has the word or another form of it. */
  has(key: string): boolean {
    const known = this.#held.get(key);
    if (known !== undefined) return known;
    const isHeld = this.#counts.has(key) || [...this.#counts.keys()].some((other) => isSameWord(key, other));
    this.#held.set(key, isHeld);
    return isHeld;
  }

  /** How specific a word is in this document: near 0 if it is in every sentence, 1 if in one or none. */
  weightOf(key: string): number {
    // A few sentences are added, so that in a very short text a word in half of them still has some weight.
    const all = this.sentences.length + 8;
    const count = Math.max(1, this.#counts.get(key) ?? 1);
    return Math.max(0.05, Math.log(all / count) / Math.log(all));
  }

  /** Numbers of sentences with some of these words, the best by bm25 first. */
  find(keys: readonly string[], most: number): number[] {
    const parts = [...new Set(keys)].map((key) =>
      /\d/.test(key) || key.length < leastStem ? `"${quoted(key)}"` : `"${quoted(beginningOf(key))}"*`,
    );
    if (parts.length === 0) return [];
    const query = `SELECT rowid FROM sentences WHERE sentences MATCH ? ORDER BY bm25(sentences, ${weights}) LIMIT ?`;
    const rows = this.#database.prepare(query).all(parts.join(' OR '), most) as unknown as { rowid: number }[];
    return rows.map(({ rowid }) => rowid - 1);
  }
}

/** A sentence's text on one line. */
export function textOf(
  { text }: PagedText,
  { start, end, goesOn }: Pick<Sentence, 'start' | 'end' | 'goesOn'>,
): string {
  const rest = goesOn ? ` ${text.slice(goesOn.start, goesOn.end)}` : '';
  return `${text.slice(start, end)}${rest}`.replace(/\s+/g, ' ');
}

const quoted = (word: string) => word.replaceAll('"', '""');

/** Lets other work of the event loop run. */
export function otherWork(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
