/** What readings and answers took on this machine, the newest of each setup (model, device, threads). Owns the rows; what they mean is decided in planning. */
import { z } from 'zod';
import { type Database, transaction } from './database.ts';

const amount = z.number().nonnegative();

const schemas = {
  /** The document's tokens, from the first on. */
  reading: z.object({ tokens: amount, ms: amount }),
  /** bytes: read by each token of every layer and KV head. question: tokens run through the model before the first one came,
   *  attending to `rows`. */
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

  /** The newest first. */
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
