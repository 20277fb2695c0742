/** Model files that a person opened in place, and what was found out about each file, valid while the file is the same. */
import { z } from 'zod';
import { failureSchema } from '../../contract/app-types.ts';
import { modelInfoSchema } from '../../contract/engine-reports.ts';
import { modelIdSchema } from '../../contract/models.ts';
import type { Database } from './database.ts';
import { ifWritable } from './storage-errors.ts';

export interface OpenedModelFile {
  id: string;
  path: string;
}

/** Identifies a state of a file; another size or time means another file. */
export interface FileStamp {
  bytes: number;
  /** Milliseconds since 1970. */
  modifiedAt: number;
}

const foldersSchema = z.array(z.strictObject({ id: modelIdSchema, path: z.string() }));

export const headerSchema = z.union([
  z.strictObject({ info: modelInfoSchema }),
  z.strictObject({ failure: failureSchema }),
]);
export type Header = z.infer<typeof headerSchema>;

interface ExaminedRow {
  bytes: number;
  modified_at: number;
  sha256: string | null;
  header: string | null;
}

type Finding = { sha256: string } | { header: Header };

export class ModelStore {
  readonly #database: Database;
  /** Findings of this run, for a disk that cannot be written. */
  readonly #found = new Map<string, ExaminedRow>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** The model that a person chose last; undefined: nobody chose. */
  chosen(): string | undefined {
    const row = this.#database.prepare("SELECT value FROM settings WHERE key = 'modelId'").get();
    const parsed = modelIdSchema.safeParse(row && JSON.parse((row as { value: string }).value));
    return parsed.success ? parsed.data : undefined;
  }

  /** Not among the settings that a window can set, because switching also opens the model. */
  choose(modelId: string): void {
    this.#database
      .prepare("INSERT INTO settings VALUES ('modelId', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
      .run(JSON.stringify(modelId));
  }

  opened(): OpenedModelFile[] {
    const rows = this.#database.prepare('SELECT id, path FROM opened_models ORDER BY opened_at, rowid').all();
    return rows as unknown as OpenedModelFile[];
  }

  addOpened({ id, path }: OpenedModelFile): void {
    this.#database
      .prepare('INSERT INTO opened_models VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING')
      .run(id, path, Date.now());
  }

  forget(id: string): void {
    this.#database.prepare('DELETE FROM opened_models WHERE id = ?').run(id);
  }

  /** Folders whose models are listed. */
  folders(): OpenedModelFile[] {
    const row = this.#database.prepare("SELECT value FROM settings WHERE key = 'modelFolders'").get();
    const parsed = foldersSchema.safeParse(row && JSON.parse((row as { value: string }).value));
    return parsed.success ? parsed.data : [];
  }

  addFolder(folder: OpenedModelFile): void {
    this.#setFolders([...this.folders().filter(({ id }) => id !== folder.id), folder]);
  }

  forgetFolder(folderId: string): void {
    this.#setFolders(this.folders().filter(({ id }) => id !== folderId));
  }

  #setFolders(folders: readonly OpenedModelFile[]): void {
    this.#database
      .prepare("INSERT INTO settings VALUES ('modelFolders', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
      .run(JSON.stringify(folders));
  }

  sha256(path: string, stamp: FileStamp): string | undefined {
    return this.#row(path, stamp)?.sha256 ?? undefined;
  }

  /** undefined: the header was not read yet, or by a RocketDoc that stored other facts. */
  header(path: string, stamp: FileStamp): Header | undefined {
    const text = this.#row(path, stamp)?.header;
    const parsed = text ? headerSchema.safeParse(JSON.parse(text)) : undefined;
    return parsed?.success ? parsed.data : undefined;
  }

  note(path: string, { bytes, modifiedAt }: FileStamp, finding: Finding): void {
    const known = this.#row(path, { bytes, modifiedAt });
    const sha256 = 'sha256' in finding ? finding.sha256 : (known?.sha256 ?? null);
    const header = 'header' in finding ? JSON.stringify(finding.header) : (known?.header ?? null);
    this.#found.set(path, { bytes, modified_at: modifiedAt, sha256, header });
    ifWritable(() =>
      this.#database
        .prepare('INSERT OR REPLACE INTO examined_models VALUES (?, ?, ?, ?, ?)')
        .run(path, bytes, modifiedAt, sha256, header),
    );
  }

  #row(path: string, { bytes, modifiedAt }: FileStamp): ExaminedRow | undefined {
    const found = this.#found.get(path);
    if (found && found.bytes === bytes && found.modified_at === modifiedAt) return found;
    return this.#database
      .prepare('SELECT * FROM examined_models WHERE path = ? AND bytes = ? AND modified_at = ?')
      .get(path, bytes, modifiedAt) as unknown as ExaminedRow | undefined;
  }
}
