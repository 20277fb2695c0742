/** Keys of other programs. Only their SHA-256 is stored: a key has 256 random bits, so it cannot be guessed from its hash. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { AppError } from '../../contract/errors.ts';
import type { ProgramKey } from '../../contract/programs.ts';
import type { Database } from './database.ts';
import { Revisions } from './revisions.ts';

const prefix = 'rd-';
const shownLength = 8;
/** The last use is stored at most this often, so that not every request writes. */
const usedMs = 60_000;
export const mostKeys = 50;

interface KeyRow {
  id: string;
  name: string;
  begins: string;
  created_at: number;
  used_at: number | null;
}

export const newKey = () => `${prefix}${randomBytes(32).toString('base64url')}`;
export const keyHash = (key: string) => createHash('sha256').update(key).digest('hex');

export class KeyStore {
  readonly #database: Database;
  readonly #revisions: Revisions;

  constructor(database: Database, revisions = new Revisions()) {
    this.#database = database;
    this.#revisions = revisions;
  }

  list(): ProgramKey[] {
    const query = 'SELECT id, name, begins, created_at, used_at FROM program_keys ORDER BY created_at, rowid';
    return (this.#database.prepare(query).all() as unknown as KeyRow[]).map(({ created_at, used_at, ...row }) => ({
      ...row,
      createdAt: created_at,
      usedAt: used_at,
    }));
  }

  /** The key is returned here and stored nowhere. */
  create(name: string): { key: string; id: string } {
    if (this.list().length >= mostKeys)
      throw new AppError('INVALID_ARGUMENT', `There are ${mostKeys} keys already. Revoke one that is not used.`);
    const key = newKey();
    const id = randomUUID();
    this.#database
      .prepare('INSERT INTO program_keys (id, name, begins, sha256, created_at) VALUES (?, ?, ?, ?, ?)')
      .run(id, name, key.slice(0, shownLength), keyHash(key), Date.now());
    this.#revisions.note('programs');
    return { key, id };
  }

  revoke(id: string): void {
    this.#database.prepare('DELETE FROM program_keys WHERE id = ?').run(id);
    this.#revisions.note('programs');
  }

  /** The id of the key; undefined: it is not valid. It is looked up by its hash, so that the time taken reveals nothing about the key. */
  accepts(key: string): string | undefined {
    const row = this.#database
      .prepare('SELECT id, used_at FROM program_keys WHERE sha256 = ?')
      .get(keyHash(key)) as unknown as Pick<KeyRow, 'id' | 'used_at'> | undefined;
    if (!row) return undefined;
    if (Date.now() - (row.used_at ?? 0) > usedMs) {
      try {
        this.#database.prepare('UPDATE program_keys SET used_at = ? WHERE id = ?').run(Date.now(), row.id);
      } catch {
        // Programs may ask a library that cannot be written.
      }
    }
    return row.id;
  }
}
