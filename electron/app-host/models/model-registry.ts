/**
 * Which models there are and where their files are: the embedded ones, those of the catalogue (in the models folder once they are
 * downloaded), GGUF files in listed folders, and files opened in place. Paths do not leave the app host.
 */
import { rm } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { CatalogueModel, ModelEntry, ModelList } from '../../contract/models.ts';
import { firstPart, partPaths } from '../../engine-host/model-files.ts';
import type { ModelStore } from '../library/model-store.ts';
import { checkModelFile } from './check-model-file.ts';
import { addOwnEntry, type Catalogue, readCatalogue } from './model-catalogue.ts';
import { type ModelHeaders, stampOf } from './model-headers.ts';
import { type FitBasis, ModelListing } from './model-listing.ts';
import { fileId, type ModelPlaces, type RegisteredModel, registeredModels } from './registered-models.ts';
import type { ServedModel } from './served-model.ts';

export class ModelRegistry {
  readonly #places: ModelPlaces;
  readonly #store: ModelStore;
  readonly #headers: ModelHeaders;
  readonly #onChange: () => void;
  #revision = 0;
  readonly #listing: ModelListing;

  constructor(places: ModelPlaces, store: ModelStore, headers: ModelHeaders, onChange: () => void) {
    this.#places = places;
    this.#store = store;
    this.#headers = headers;
    this.#onChange = onChange;
    this.#listing = new ModelListing(headers, () => this.#changed());
  }

  /** A number that grows with each change of the list. */
  get revision(): number {
    return this.#revision;
  }

  get dir(): string {
    return this.#places.dir;
  }

  get catalogue(): Catalogue {
    return readCatalogue(this.#places.catalogueFile, join(this.#places.dir, 'catalogue.json'));
  }

  async list(basis: FitBasis): Promise<ModelList> {
    const { models: catalogued, problems } = this.catalogue;
    const models: ModelEntry[] = [];
    for (const model of registeredModels(this.#places, this.#store, catalogued))
      models.push(await this.#listing.entry(model, basis));
    const folders = this.#store.folders().map(({ id, path }) => ({ id, name: basename(path) }));
    return { models, folders, problems };
  }

  catalogued(id: string): CatalogueModel {
    const model = this.catalogue.models.find((entry) => entry.id === id);
    if (!model) throw new AppError('MODEL_MISSING', 'This model is not in the catalogue any more.');
    return model;
  }

  isHere(id: string): boolean {
    const model = this.#find(id);
    return model !== undefined && stampOf(model.path) !== undefined;
  }

  /** The model for the supervisor to open. For a model that is gone, `check` rejects with a sentence. */
  served(id: string): ServedModel {
    const model = this.#find(id);
    if (!model) {
      const what = 'The model that was in use is not in the list any more';
      const check = () =>
        Promise.reject(new AppError('MODEL_MISSING', `${what}: its file was removed, or its folder is not named.`));
      return { modelId: id, modelPath: 'model.gguf', modelHash: id, title: 'A model that is gone', licence: '', check };
    }
    const { path: modelPath, licence, title } = model;
    const named = {
      modelId: id,
      modelPath,
      title: this.#listing.title(model),
      licence: licence ?? 'licence not stated',
    };
    const stamp = stampOf(modelPath);
    const modelHash = model.sha256 ?? `${id} ${stamp?.bytes} ${stamp?.modifiedAt}`;
    // The engine checks the embedded models itself.
    if (model.source === 'embedded') return { ...named, modelHash };
    return { ...named, modelHash, check: () => checkModelFile(this.#store, model, title) };
  }

  /** Throws if the model cannot be opened, before the present one is closed for it. */
  async checkUsable(id: string): Promise<void> {
    const model = this.#find(id);
    if (!model) throw new AppError('MODEL_MISSING', 'This model is not in the list any more.');
    await checkModelFile(this.#store, model, model.title);
    const header = await this.#headers.read(model.path);
    if ('failure' in header) throw new AppError('MODEL_UNSUPPORTED', header.failure.message);
    // At the next start the file's folder may not be named, so the file is remembered.
    if (model.source === 'file') this.#store.addOpened({ id, path: model.path });
  }

  /** `path` must come from the system (a dialog, a drop), not from the window. The file stays where it is. */
  async open(path: string): Promise<string> {
    const file = firstPart(path);
    if (extname(file).toLowerCase() !== '.gguf')
      throw new AppError('MODEL_FORMAT', `${basename(file)} is not a GGUF file. Models end with .gguf.`);
    const header = await this.#headers.read(file);
    if ('failure' in header) throw new AppError('MODEL_UNSUPPORTED', header.failure.message);
    const known = registeredModels(this.#places, this.#store, this.catalogue.models).find(
      (model) => model.path === file,
    );
    if (known) return known.id;
    const id = fileId(file);
    this.#store.addOpened({ id, path: file });
    this.#changed();
    return id;
  }

  /** Lists the folder's models from now on, also after a restart. */
  addFolder(path: string): void {
    const folder = resolve(path);
    this.#store.addFolder({ id: fileId(folder), path: folder });
    this.#changed();
  }

  forgetFolder(id: string): void {
    this.#store.forgetFolder(id);
    this.#changed();
  }

  /** Adds an entry to the person's catalogue in the models folder. */
  addOwn(model: CatalogueModel): void {
    addOwnEntry(join(this.#places.dir, 'catalogue.json'), model);
    this.#changed();
  }

  async remove(id: string): Promise<void> {
    const model = this.#find(id);
    if (model?.removal === 'delete') for (const part of partPaths(model.path)) await rm(part, { force: true });
    if (model?.removal === 'forget') this.#store.forget(id);
    this.#changed();
  }

  /** Stores the SHA-256 of a file that was just compared. */
  noteChecked(path: string, sha256: string): void {
    const stamp = stampOf(path);
    if (stamp) this.#store.note(path, stamp, { sha256 });
    this.#changed();
  }

  #changed(): void {
    this.#revision++;
    this.#onChange();
  }

  #find(id: string): RegisteredModel | undefined {
    return registeredModels(this.#places, this.#store, this.catalogue.models).find((model) => model.id === id);
  }
}
