/** The models that can be downloaded: RocketDoc's own list, and entries that a person added in the same form. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { type CatalogueModel, catalogueModelSchema, catalogueSchema } from '../../contract/models.ts';

export interface Catalogue {
  models: CatalogueModel[];
  /** Sentences on what is wrong with entries that were left out. */
  problems: string[];
}

/** Of two entries with the same id or file name the first one counts. The file `own` need not exist. */
export function readCatalogue(file: string | undefined, own: string): Catalogue {
  const taken = { id: new Set<string>(), fileName: new Set<string>() };
  const problems: string[] = [];
  const models: CatalogueModel[] = [];
  for (const entry of [...shippedEntries(file), ...ownEntries(own, problems)]) {
    const parsed = catalogueModelSchema.safeParse(entry);
    const problem = parsed.success
      ? (['id', 'fileName'] as const)
          .filter((key) => taken[key].has(parsed.data[key].toLowerCase()))
          .map((key) => `its ${key} is there already`)
          .at(0)
      : parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`).at(0);
    if (problem !== undefined || !parsed.success) {
      problems.push(`The catalogue's entry ${nameOf(entry)} is left out: ${problem}.`);
      continue;
    }
    for (const key of ['id', 'fileName'] as const) taken[key].add(parsed.data[key].toLowerCase());
    models.push(parsed.data);
  }
  return { models, problems };
}

function shippedEntries(file: string | undefined): unknown[] {
  if (file === undefined) return [];
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new AppError('IO', `The catalogue of models cannot be read: ${file}`, { cause: error });
  }
}

const parse = (text: string) => catalogueSchema.parse(JSON.parse(text)).models;

function ownEntries(file: string, problems: string[]): unknown[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  try {
    return parse(text);
  } catch {
    problems.push(
      'catalogue.json in the models folder is not a list of models as RocketDoc writes it; it is left out.',
    );
    return [];
  }
}

/** Adds an entry to the person's catalogue, or replaces the one with its id. The file is rewritten whole, and its other entries stay. */
export function addOwnEntry(file: string, model: CatalogueModel): void {
  let before: unknown[] = [];
  try {
    before = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new AppError(
        'IO',
        'catalogue.json in the models folder cannot be read, so nothing can be added to it. Mend it, or remove it.',
        { cause: error },
      );
  }
  const others = before.filter((entry) => (entry as { id?: unknown } | null)?.id !== model.id);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const written = `${file}.new`;
  writeFileSync(written, `${JSON.stringify({ models: [...others, model] }, null, 2)}\n`, { mode: 0o600 });
  renameSync(written, file);
}

function nameOf(entry: unknown): string {
  const { id, title } = (typeof entry === 'object' && entry !== null ? entry : {}) as { id?: unknown; title?: unknown };
  const name = typeof title === 'string' ? title : typeof id === 'string' ? id : 'without a title';
  return `“${name.slice(0, 80)}”`;
}
