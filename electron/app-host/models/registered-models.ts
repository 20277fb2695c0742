/** Every registered model with its file's path: embedded, of the catalogue, in a listed folder, or opened in place. */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { CatalogueModel, ModelEntry } from '../../contract/models.ts';
import { firstPart, modelFileTitle } from '../../engine-host/model-files.ts';
import type { ModelStore } from '../library/model-store.ts';
import { stampOf } from './model-headers.ts';

/** A model that comes with RocketDoc; `sha256` identifies the bytes of all its files. */
export interface EmbeddedPlace {
  id: string;
  path: string;
  sha256: string;
  title: string;
  licence: string;
  publisher: string;
  note: string;
}

export interface ModelPlaces {
  /** The folder of downloads and of the person's own catalogue.json. */
  dir: string;
  /** Folders whose *.gguf files are listed. */
  folders: readonly string[];
  catalogueFile: string | undefined;
  embedded: readonly EmbeddedPlace[];
}

export interface RegisteredModel {
  id: string;
  source: ModelEntry['source'];
  path: string;
  title: string;
  licence: string | null;
  publisher: string | null;
  note: string;
  /** Present where the hash is known without reading the file. */
  sha256: string | undefined;
  catalogued: CatalogueModel | undefined;
  removal: ModelEntry['removal'];
}

export function registeredModels(
  { dir, embedded, folders }: ModelPlaces,
  store: ModelStore,
  catalogued: readonly CatalogueModel[],
): RegisteredModel[] {
  const models: RegisteredModel[] = [
    ...embedded.map((model) => ({ ...model, source: 'embedded' as const, catalogued: undefined, removal: null })),
    ...catalogued.map((model) => {
      const { id, title, licence, publisher, note } = model;
      const sha256 = model.sha256 ?? undefined;
      const path = join(dir, model.fileName);
      const removal = stampOf(path) ? ('delete' as const) : null;
      const source = 'catalogue' as const;
      return { id, source, title, licence, publisher, note, sha256, path, removal, catalogued: model };
    }),
  ];
  const listed = new Set(models.map(({ path }) => path));
  const add = (path: string, removal: RegisteredModel['removal']) => {
    if (listed.has(path)) return;
    listed.add(path);
    const own = { licence: null, publisher: null, note: '', sha256: undefined, catalogued: undefined };
    models.push({ id: fileId(path), source: 'file', path, title: modelFileTitle(path), removal, ...own });
  };
  for (const folder of [dir, ...folders, ...store.folders().map((entry) => entry.path)])
    for (const path of ggufFiles(folder)) add(path, null);
  for (const { path } of store.opened()) add(path, 'forget');
  return models;
}

/** An id for a path that does not reveal the path. */
export function fileId(path: string): string {
  return `file-${createHash('sha256').update(path).digest('hex').slice(0, 24)}`;
}

function ggufFiles(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => extname(name).toLowerCase() === '.gguf');
    return [...new Set(names.sort().map((name) => firstPart(join(folder, name))))];
  } catch {
    return [];
  }
}
