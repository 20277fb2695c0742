/**
 * Keeps one engine running: starts it, opens the model, and starts it again when it died, at most three times in five minutes.
 * A dead engine is a normal event: what it held is gone, `generation` tells so, and the state says why.
 */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { EngineState, Failure } from '../contract/app-types.ts';
import type { OpenedModel } from '../contract/engine-reports.ts';
import { type AppError, toAppError } from '../contract/errors.ts';
import { type AnswerMode, defaultMaxNew, defaultRocketOptions, type PresetName, presets } from '../contract/method.ts';
import { chooseDevice, type DeviceChoice } from '../engine-host/choose-device.ts';
import { type EngineClient, type EngineVerbs, startEngine } from '../engine-host/engine-client.ts';

export interface SupervisorOptions {
  modelPath: string;
  title: string;
  licence: string;
  threads: () => number;
  onChange: () => void;
  start?: () => EngineClient;
  now?: () => number;
}

const maxRestarts = 3;
const restartWindowMs = 5 * 60_000;
const watchMs = 2000;

export class EngineSupervisor {
  readonly #options: SupervisorOptions;
  #client: EngineClient | undefined;
  #state: EngineState;
  #restarts: number[] = [];
  #ready: Promise<void> = Promise.resolve();
  #watch: NodeJS.Timeout | undefined;
  #closed = false;
  #chosen: Promise<DeviceChoice> | undefined;
  generation = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { modelPath, title, licence } = options;
    const modelFile = { title, licence, bytes: fileBytes(modelPath) };
    this.#state = { state: 'starting', model: null, modelFile, presets: [], failure: null, restarts: 0 };
  }

  get state(): EngineState {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#client?.pid;
  }

  get model(): OpenedModel | null {
    return this.#state.model;
  }

  /** Also after `failed`, when a person asks for it: the count of restarts begins anew. */
  start(): Promise<void> {
    this.#restarts = [];
    return this.#open('starting');
  }

  async reopen(): Promise<void> {
    const old = this.#client;
    this.#client = undefined;
    await old?.close();
    await this.start();
  }

  /** Runs work on a ready engine. A crash in it restarts the engine and is still the work's error. */
  async use<T>(work: (verbs: EngineVerbs) => Promise<T>): Promise<T> {
    await this.#ready;
    const client = this.#client;
    if (this.#state.state !== 'ready' || !client) throw failureError(this.#state.failure);
    try {
      return await work(client.verbs);
    } catch (error) {
      this.#noticeDeath(client, toAppError(error));
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#watch);
    const client = this.#client;
    this.#client = undefined;
    await client?.close();
  }

  #open(state: 'starting' | 'restarting'): Promise<void> {
    this.generation++;
    this.#set({ state, model: null, presets: [], failure: null });
    this.#ready = this.#openNow().catch((error) => {
      const { code, message } = toAppError(error);
      this.#set({ state: 'failed', failure: { code, message } });
    });
    return this.#ready;
  }

  /** Tried out once: a card does not change while the app runs. */
  #device(): Promise<DeviceChoice> {
    this.#chosen ??= chooseDevice('auto', this.#options.start);
    return this.#chosen;
  }

  async #openNow(): Promise<void> {
    const client = (this.#options.start ?? startEngine)();
    this.#client = client;
    const { modelPath, threads } = this.#options;
    const model = await client.verbs.openModel({ path: modelPath, threads: threads(), ...(await this.#device()) });
    const usable = await usablePresets(client.verbs);
    if (this.#client !== client) return;
    this.#watchOver(client);
    // The window gets no path of this machine.
    const info = { ...model.info, path: basename(model.info.path) };
    this.#set({ state: 'ready', model: { ...model, info }, presets: usable });
  }

  /** An idle engine that dies is noticed too, before the next question. */
  #watchOver(client: EngineClient): void {
    clearInterval(this.#watch);
    this.#watch = setInterval(() => {
      if (client.pid !== undefined && isAlive(client.pid)) return;
      clearInterval(this.#watch);
      // Any verb answers with the host's last words.
      client.verbs.cancel({ target: 'none' }).catch((error) => this.#noticeDeath(client, toAppError(error)));
    }, watchMs);
    this.#watch.unref();
  }

  #noticeDeath(client: EngineClient, { code, message }: AppError): void {
    if ((code !== 'ENGINE_CRASH' && code !== 'ENGINE_HUNG') || client !== this.#client || this.#closed) return;
    this.#client = undefined;
    clearInterval(this.#watch);
    const now = (this.#options.now ?? Date.now)();
    this.#restarts = this.#restarts.filter((at) => now - at < restartWindowMs);
    const restarts = this.#state.restarts + 1;
    if (this.#restarts.length >= maxRestarts) {
      this.generation++;
      this.#set({ state: 'failed', model: null, failure: { code, message } });
      return;
    }
    this.#restarts.push(now);
    this.#set({ restarts });
    void this.#open('restarting');
  }

  #set(changes: Partial<EngineState>): void {
    this.#state = { ...this.#state, ...changes };
    this.#options.onChange();
  }
}

/** A preset counts as offered when the engine can plan with it. */
async function usablePresets(verbs: EngineVerbs): Promise<PresetName[]> {
  const usable: PresetName[] = [];
  for (const name of Object.keys(presets) as PresetName[]) {
    const rocket = { ...defaultRocketOptions, ...presets[name] };
    const mode: AnswerMode = 'rocketkv-mt';
    const request = { mode, rocket, maxNew: defaultMaxNew, nPrompt: 4096, nQuestion: 32, kvType: 'f16' as const };
    const planned = await verbs.plan(request).then(
      () => true,
      () => false,
    );
    if (planned) usable.push(name);
  }
  return usable;
}

function failureError(failure: Failure | null): AppError {
  const { code, message } = failure ?? { code: 'CLOSED', message: 'The engine is not running.' };
  return toAppError(Object.assign(new Error(message), { code }));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function fileBytes(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}
