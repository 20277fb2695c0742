/**
 * Which models there are and where each one's file lies: the embedded one, those of the catalogue (in the models folder once they
 * are fetched), GGUF files in folders that RocketDoc was started with, and files opened in place. Paths stay here.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { MemoryPlan, ModelInfo } from '../contract/engine-reports.ts';
import { AppError, toAppError } from '../contract/errors.ts';
import { fullLayers } from '../contract/layer-windows.ts';
import { type CatalogueModel, filesOfModel, type ModelEntry, type ModelList, modelBytes } from '../contract/models.ts';
import type { MethodChoice } from '../contract/settings.ts';
import { firstPart, modelFileTitle, partPaths, statModel } from '../engine-host/model-files.ts';
import type { ModelStore } from '../library/model-store.ts';
import type { ServedModel } from './engine-supervisor.ts';
import { addOwnEntry, type Catalogue, readCatalogue } from './model-catalogue.ts';
import { estimatedNeed, fitOf, type ModelFacts, type NeedOf, type Room } from './model-fit.ts';
import { type ModelHeaders, stampOf, withoutFolders } from './model-headers.ts';

/** A model that comes with RocketDoc; `sha256` names the bytes of all its files. */
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
  /** Of downloads, and of a catalogue.json of one's own. */
  dir: string;
  /** Whose *.gguf files are listed. */
  folders: readonly string[];
  catalogueFile: string | undefined;
  embedded: readonly EmbeddedPlace[];
}

interface ShelfModel {
  id: string;
  source: ModelEntry['source'];
  path: string;
  title: string;
  licence: string | null;
  publisher: string | null;
  note: string;
  /** Known without reading the file. */
  sha256: string | undefined;
  catalogued: CatalogueModel | undefined;
  removal: ModelEntry['removal'];
}

/** What the fit of a model depends on beside its file. */
export interface FitBasis {
  choice: MethodChoice;
  room: Room;
  /** The engine's plan for a file, or for the model it has open; undefined: no engine is there to ask. */
  plan: ((path: string | undefined, tokens: number, kvType: MethodChoice['kvType']) => Promise<MemoryPlan>) | undefined;
}

const maxPlanned = 1000;

export class ModelShelf {
  readonly #places: ModelPlaces;
  readonly #store: ModelStore;
  readonly #headers: ModelHeaders;
  readonly #onChange: () => void;
  #revision = 0;
  readonly #reading = new Set<string>();
  /** Plans that were made: what a file takes changes with the file and the choice alone. */
  readonly #planned = new Map<string, number>();

  constructor(places: ModelPlaces, store: ModelStore, headers: ModelHeaders, onChange: () => void) {
    this.#places = places;
    this.#store = store;
    this.#headers = headers;
    this.#onChange = onChange;
  }

  /** Grows with each change of the list. */
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
    for (const model of this.#all(catalogued)) models.push(await this.#entry(model, basis));
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

  /** What the supervisor opens. A model that is gone is one that cannot be opened: the sentence says so. */
  served(id: string): ServedModel {
    const model = this.#find(id);
    if (!model) {
      const what = 'The model that was in use is not in the list any more';
      const check = () =>
        Promise.reject(new AppError('MODEL_MISSING', `${what}: its file was removed, or its folder is not named.`));
      return { modelId: id, modelPath: 'model.gguf', modelHash: id, title: 'A model that is gone', licence: '', check };
    }
    const { path: modelPath, licence, title } = model;
    const named = { modelId: id, modelPath, title: this.#title(model), licence: licence ?? 'licence not stated' };
    const stamp = stampOf(modelPath);
    const modelHash = model.sha256 ?? `${id} ${stamp?.bytes} ${stamp?.modifiedAt}`;
    // The engine compares the embedded ones itself.
    if (model.source === 'embedded') return { ...named, modelHash };
    return { ...named, modelHash, check: () => this.#checkFile(model, title) };
  }

  /** Throws where it could not be opened, before anything is given up for it. */
  async checkUsable(id: string): Promise<void> {
    const model = this.#find(id);
    if (!model) throw new AppError('MODEL_MISSING', 'This model is not in the list any more.');
    await this.#checkFile(model, model.title);
    const header = await this.#headers.read(model.path);
    if ('failure' in header) throw new AppError('MODEL_UNSUPPORTED', header.failure.message);
    // Its folder may not be named the next time.
    if (model.source === 'file') this.#store.addOpened({ id, path: model.path });
  }

  /** `path`: only from the system itself (a dialog, a drop). The file stays where it is. */
  async open(path: string): Promise<string> {
    const file = firstPart(path);
    if (extname(file).toLowerCase() !== '.gguf')
      throw new AppError('MODEL_FORMAT', `${basename(file)} is not a GGUF file. Models end with .gguf.`);
    const header = await this.#headers.read(file);
    if ('failure' in header) throw new AppError('MODEL_UNSUPPORTED', header.failure.message);
    const known = this.#all(this.catalogue.models).find((model) => model.path === file);
    if (known) return known.id;
    const id = fileId(file);
    this.#store.addOpened({ id, path: file });
    this.#changed();
    return id;
  }

  /** Its models are listed from now on, also after a restart. */
  addFolder(path: string): void {
    const folder = resolve(path);
    this.#store.addFolder({ id: fileId(folder), path: folder });
    this.#changed();
  }

  forgetFolder(id: string): void {
    this.#store.forgetFolder(id);
    this.#changed();
  }

  /** An entry of one's own, in the catalogue of the models folder. */
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

  /** The SHA-256 of these very bytes was compared a moment ago. */
  noteChecked(path: string, sha256: string): void {
    const stamp = stampOf(path);
    if (stamp) this.#store.note(path, stamp, { sha256 });
    this.#changed();
  }

  #changed(): void {
    this.#revision++;
    this.#onChange();
  }

  #find(id: string): ShelfModel | undefined {
    return this.#all(this.catalogue.models).find((model) => model.id === id);
  }

  #all(catalogued: readonly CatalogueModel[]): ShelfModel[] {
    const { dir, embedded } = this.#places;
    const models: ShelfModel[] = [
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
    const add = (path: string, removal: ShelfModel['removal']) => {
      if (listed.has(path)) return;
      listed.add(path);
      const own = { licence: null, publisher: null, note: '', sha256: undefined, catalogued: undefined };
      models.push({ id: fileId(path), source: 'file', path, title: modelFileTitle(path), removal, ...own });
    };
    for (const folder of [dir, ...this.#places.folders, ...this.#store.folders().map((entry) => entry.path)])
      for (const path of ggufFiles(folder)) add(path, null);
    for (const { path } of this.#store.opened()) add(path, 'forget');
    return models;
  }

  async #entry(model: ShelfModel, basis: FitBasis): Promise<ModelEntry> {
    const { id, source, licence, publisher, note, catalogued, removal, path } = model;
    const stamp = stampOf(path);
    const header = stamp && this.#header(path, stamp);
    const info = header && 'info' in header ? header.info : undefined;
    const problem = stamp ? this.#problemOf(model, stamp.bytes, header) : incomplete(path);
    const state =
      problem !== null ? 'unusable' : info ? 'here' : stamp ? 'unread' : source === 'catalogue' ? 'absent' : 'missing';
    return {
      id,
      title: this.#title(model),
      publisher,
      licence,
      note,
      fileName: basename(path),
      bytes: stamp?.bytes ?? (catalogued && (modelBytes(catalogued) ?? catalogued.aboutBytes)) ?? 0,
      family: info?.architecture ?? catalogued?.family ?? null,
      contextTokens: info?.nCtxTrain ?? catalogued?.contextTokens ?? null,
      kvBytesPerToken: info?.kvBytesPerToken ?? (catalogued ? kvBytesOf(catalogued) : null),
      hashFrom: catalogued ? hashFrom(catalogued) : null,
      weightType: info ? weightType(info) : (catalogued?.weightType ?? null),
      source,
      state,
      problem,
      fit: await this.#fit(model, info, basis, state === 'here' || state === 'absent'),
      removal,
    };
  }

  /** Nothing yet where it has not been read: it will be, and the list changes then. */
  #header(path: string, stamp: NonNullable<ReturnType<typeof stampOf>>) {
    const known = this.#headers.known(path, stamp);
    if (known || this.#reading.has(path)) return known;
    this.#reading.add(path);
    const over = () => this.#reading.delete(path);
    const found = () => {
      over();
      this.#changed();
    };
    // A host that cannot be started is the engine's failure to show.
    void this.#headers.read(path).then(found, over);
    return undefined;
  }

  #problemOf(
    { catalogued }: ShelfModel,
    bytes: number,
    header: ReturnType<ModelHeaders['known']> | undefined,
  ): string | null {
    const wanted = catalogued && modelBytes(catalogued);
    if (catalogued && wanted !== undefined && bytes !== wanted) return otherSize(catalogued, wanted, bytes);
    return header && 'failure' in header ? header.failure.message : null;
  }

  #title({ source, path, title }: ShelfModel): string {
    if (source !== 'file') return title;
    const stamp = stampOf(path);
    const header = stamp && this.#headers.known(path, stamp);
    const name = header && 'info' in header ? header.info.name.trim() : '';
    return (name === '' ? title : name).slice(0, 80);
  }

  async #fit({ path, catalogued }: ShelfModel, info: ModelInfo | undefined, basis: FitBasis, isKnown: boolean) {
    const contextTokens = info?.nCtxTrain ?? catalogued?.contextTokens;
    if (!isKnown || !contextTokens) return null;
    const { choice, room, plan } = basis;
    const isPlanned = info !== undefined && plan !== undefined && !room.onGpu;
    const stamp = stampOf(path);
    const planned: NeedOf = async (tokens, kvType) => {
      const key = JSON.stringify([path, stamp, tokens, { ...choice, kvType }]);
      const device = this.#planned.get(key) ?? (await plan?.(path, tokens, kvType))?.deviceTotal ?? 0;
      if (this.#planned.size >= maxPlanned) this.#planned.clear();
      this.#planned.set(key, device);
      return { device, document: 0 };
    };
    const facts = info ? { weights: info.weightBytes, ...shapeOf(info) } : catalogued && factsOf(catalogued);
    if (!facts) return null;
    const needOf = isPlanned ? planned : estimatedNeed(facts, choice, room);
    // A file that went away meanwhile, an engine that ended: the list is asked for again then.
    return fitOf({ contextTokens, choice, room, needOf, isEstimate: !isPlanned }).catch(() => null);
  }

  async #checkFile({ path, catalogued }: ShelfModel, title: string): Promise<void> {
    const stamp = stampOf(path);
    if (!stamp)
      throw new AppError('MODEL_MISSING', `${title} is not there any more: the file ${basename(path)} cannot be read.`);
    if (!catalogued) return;
    const bytes = modelBytes(catalogued);
    if (bytes !== undefined && stamp.bytes !== bytes)
      throw new AppError('MODEL_TRUNCATED', otherSize(catalogued, bytes, stamp.bytes));
    // Noted for the state of all files, under the first one's. Where the catalogue says none, the server's was compared when it came.
    const first = catalogued.sha256;
    if (first === null || this.#store.sha256(path, stamp) === first) return;
    for (const file of filesOfModel(catalogued)) {
      const sha256 = await sha256Of(join(dirname(path), file.fileName));
      if (file.sha256 === null || sha256 === file.sha256) continue;
      throw new AppError(
        'MODEL_CHECKSUM',
        `${title} is not the publisher's file: the SHA-256 of ${file.fileName} is ${sha256.slice(0, 16)}…, it should be ` +
          `${file.sha256.slice(0, 16)}…. Delete it and download it again.`,
      );
    }
    this.#store.note(path, stamp, { sha256: first });
  }
}

/** Of a model in several files: which one is missing, where others are there. */
function incomplete(path: string): string | null {
  if (!partPaths(path).some((part) => existsSync(part))) return null;
  try {
    statModel(path);
    return null;
  } catch (error) {
    return withoutFolders(toAppError(error).message, path);
  }
}

/** Names a place without telling it. */
function fileId(path: string): string {
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

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest('hex');
}

function otherSize({ title }: CatalogueModel, bytes: number, has: number): string {
  const count = (n: number) => n.toLocaleString('en-US');
  return `${title} has ${count(has)} bytes instead of ${count(bytes)}. Delete it and download it again.`;
}

const shapeOf = (info: ModelInfo) => ({
  layers: fullLayers(info).length,
  windows: info.windows.filter((window) => window > 0),
  kvHeads: info.nHeadKv,
  headDim: info.headDim,
});

function factsOf(model: CatalogueModel): ModelFacts | undefined {
  const { layers, kvHeads, headDim, aboutBytes } = model;
  const weights = modelBytes(model) ?? aboutBytes;
  return weights && layers && kvHeads && headDim ? { weights, layers, windows: [], kvHeads, headDim } : undefined;
}

/** K and V in f16. */
const kvBytesOf = ({ layers, kvHeads, headDim }: CatalogueModel): number | null =>
  layers && kvHeads && headDim ? 4 * layers * kvHeads * headDim : null;

const hashFrom = (model: CatalogueModel) =>
  filesOfModel(model).some(({ sha256 }) => sha256 === null) ? ('server' as const) : ('catalogue' as const);

/** The one that most tensors have, norms aside. */
function weightType({ tensorTypes }: ModelInfo): string | null {
  const types = Object.entries(tensorTypes).sort(
    ([a, n], [b, m]) => Number(a === 'f32') - Number(b === 'f32') || m - n,
  );
  return types[0]?.[0] ?? null;
}
