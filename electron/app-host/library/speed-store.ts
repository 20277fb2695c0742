/**
 * How long readings and answers took on this machine, the newest of each setup (model, device, threads). Owns the rows; planning interprets
 * them.
 */
import { z } from 'zod';
import { type Database, transaction } from './database.ts';

const amount = z.number().nonnegative();

const schemas = {
  /** Reading a document of so many tokens from its beginning. */
  reading: z.object({ tokens: amount, ms: amount }),
  /**
   * bytes: what each token reads over all layers and KV heads. question: tokens run through the model before the first token of the answer,
   * attending to `rows`.
   */
  answer: z.object({
    generated: amount,
    decodeMs: amount,
    bytes: amount,
    question: amount,
    rows: amount,
    firstTokenMs: amount,
  }),
};
export type ReadingSpeed = z.infer<typeof schemas.reading>;
export type AnswerSpeed = z.infer<typeof schemas.answer>;
type Kind = keyof typeof schemas;
type Measured = { reading: ReadingSpeed; answer: AnswerSpeed };

const keptOfEach = 100;

export class SpeedStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  add<K extends Kind>(setup: string, kind: K, measured: Measured[K]): void {
    transaction(this.#database, () => {
      this.#database
        .prepare('INSERT INTO speeds (setup, kind, measured) VALUES (?, ?, ?)')
        .run(setup, kind, JSON.stringify(measured));
      this.#database
        .prepare(
          `DELETE FROM speeds WHERE setup = ? AND kind = ? AND number NOT IN
             (SELECT number FROM speeds WHERE setup = ? AND kind = ? ORDER BY number DESC LIMIT ?)`,
        )
        .run(setup, kind, setup, kind, keptOfEach);
    });
  }

  /** The measurements of a setup, the newest first. */
  list<K extends Kind>(setup: string, kind: K): Measured[K][] {
    const rows = this.#database
      .prepare('SELECT measured FROM speeds WHERE setup = ? AND kind = ? ORDER BY number DESC')
      .all(setup, kind) as unknown as { measured: string }[];
    return rows.flatMap(({ measured }) => {
      const parsed = schemas[kind].safeParse(JSON.parse(measured));
      return parsed.success ? [parsed.data as Measured[K]] : [];
    });
  }
}
