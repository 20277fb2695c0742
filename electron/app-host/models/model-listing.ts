/** The entries of the model list. A file whose header was not read yet is listed as unread; it is read then, and the list changes. */
import { basename } from 'node:path';
import { type MemoryPlan, type ModelInfo, weightType } from '../../contract/engine-reports.ts';
import { type ModelEntry, modelBytes } from '../../contract/models.ts';
import type { MethodChoice } from '../../contract/settings.ts';
import { incomplete, otherSize } from './check-model-file.ts';
import { factsOf, hashFrom, kvBytesOf, shapeOf } from './model-facts.ts';
import { estimatedNeed, fitOf, type NeedOf, type Room } from './model-fit.ts';
import { type ModelHeaders, stampOf } from './model-headers.ts';
import type { RegisteredModel } from './registered-models.ts';

/** What a model's fit depends on, apart from its file. */
export interface FitBasis {
  choice: MethodChoice;
  room: Room;
  /** The engine's plan for a file, or for its open model; undefined: no engine runs. */
  plan: ((path: string | undefined, tokens: number, kvType: MethodChoice['kvType']) => Promise<MemoryPlan>) | undefined;
}

const maxPlanned = 1000;

export class ModelListing {
  readonly #headers: ModelHeaders;
  readonly #onChange: () => void;
  readonly #reading = new Set<string>();
  /** Plans made so far: the need of a file depends only on the file and the choice. */
  readonly #planned = new Map<string, number>();

  constructor(headers: ModelHeaders, onChange: () => void) {
    this.#headers = headers;
    this.#onChange = onChange;
  }

  async entry(model: RegisteredModel, basis: FitBasis): Promise<ModelEntry> {
    const { id, source, licence, publisher, note, catalogued, removal, path } = model;
    const stamp = stampOf(path);
    const header = stamp && this.#header(path, stamp);
    const info = header && 'info' in header ? header.info : undefined;
    const problem = stamp ? this.#problemOf(model, stamp.bytes, header) : incomplete(path);
    const state =
      problem !== null ? 'unusable' : info ? 'here' : stamp ? 'unread' : source === 'catalogue' ? 'absent' : 'missing';
    return {
      id,
      title: this.title(model),
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

  /** The file's header; undefined if it was not read yet: then it is read, and the list changes. */
  #header(path: string, stamp: NonNullable<ReturnType<typeof stampOf>>) {
    const known = this.#headers.known(path, stamp);
    if (known || this.#reading.has(path)) return known;
    this.#reading.add(path);
    const over = () => this.#reading.delete(path);
    const found = () => {
      over();
      this.#onChange();
    };
    // If the host cannot be started, the engine's state reports it.
    void this.#headers.read(path).then(found, over);
    return undefined;
  }

  #problemOf(
    { catalogued }: RegisteredModel,
    bytes: number,
    header: ReturnType<ModelHeaders['known']> | undefined,
  ): string | null {
    const wanted = catalogued && modelBytes(catalogued);
    if (catalogued && wanted !== undefined && bytes !== wanted) return otherSize(catalogued, wanted, bytes);
    return header && 'failure' in header ? header.failure.message : null;
  }

  title({ source, path, title }: RegisteredModel): string {
    if (source !== 'file') return title;
    const stamp = stampOf(path);
    const header = stamp && this.#headers.known(path, stamp);
    const name = header && 'info' in header ? header.info.name.trim() : '';
    return (name === '' ? title : name).slice(0, 80);
  }

  async #fit({ path, catalogued }: RegisteredModel, info: ModelInfo | undefined, basis: FitBasis, isKnown: boolean) {
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
      return { device, ram: 0 };
    };
    const facts = info ? { weights: info.weightBytes, ...shapeOf(info) } : catalogued && factsOf(catalogued);
    if (!facts) return null;
    const needOf = isPlanned ? planned : estimatedNeed(facts, choice, room);
    // A file that disappeared or an engine that ended meanwhile: the list is requested again then.
    return fitOf({ contextTokens, choice, room, needOf, isEstimate: !isPlanned }).catch(() => null);
  }
}
