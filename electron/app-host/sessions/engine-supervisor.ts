/**
 * Keeps one engine running: starts it, opens the model, and starts it again when it dies, at most three times in five minutes. An engine
 * may die at any time: what it held is lost then, `generation` changes, and the state says why.
 */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { EngineState, Failure, FoundGpus } from '../../contract/app-types.ts';
import type { DeviceChoice } from '../../contract/engine.ts';
import type { OpenedModel } from '../../contract/engine-reports.ts';
import { AppError, toAppError } from '../../contract/errors.ts';
import { type DeviceSetting, defaultMaxNew, rocketOptionsFor } from '../../contract/method.ts';
import { defaultMode, type PresetName, presets } from '../../contract/method-values.ts';
import { chooseDevice, findGpus } from '../../engine-host/choose-device.ts';
import { type EngineClient, type EngineVerbs, startEngine } from '../../engine-host/engine-client.ts';
import { logInfo, logWarning } from '../log.ts';
import { withoutFolders } from '../models/model-headers.ts';
import type { ServedModel } from '../models/served-model.ts';
import { failureForWindow } from '../window-words.ts';

export interface SupervisorOptions {
  model: ServedModel;
  threads: () => number;
  device: () => DeviceSetting;
  onChange: () => void;
  start?: () => EngineClient;
  now?: () => number;
}

const inWindow = (error: unknown) => failureForWindow(error).message;

const maxRestarts = 3;
const restartWindowMs = 5 * 60_000;
const watchMs = 2000;

export class EngineSupervisor {
  readonly #options: SupervisorOptions;
  #client: EngineClient | undefined;
  #model: ServedModel;
  #state: EngineState;
  /** Settles when the last switch of models is done; switches run one after the other. */
  #changing: Promise<void> = Promise.resolve();
  #restarts: number[] = [];
  #ready: Promise<void> = Promise.resolve();
  #watch: NodeJS.Timeout | undefined;
  #closed = false;
  #chosen: { setting: DeviceSetting; choice: Promise<DeviceChoice> } | undefined;
  #gpus: Promise<FoundGpus> | undefined;
  generation = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#model = options.model;
    const modelFile = modelFileOf(options.model);
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

  /** Can also be called after `failed`, when a person asks for it: the count of restarts begins anew. */
  start(): Promise<void> {
    this.#restarts = [];
    return this.#open('starting');
  }

  reopen(): Promise<void> {
    return this.switchTo(this.#model);
  }

  /** Resolves when the model is open, or could not be opened. Everything that the old engine holds is freed. */
  switchTo(model: ServedModel): Promise<void> {
    this.#changing = this.#changing.then(async () => {
      const old = this.#client;
      this.#client = undefined;
      clearInterval(this.#watch);
      this.generation++;
      this.#model = model;
      this.#set({ state: 'starting', model: null, modelFile: modelFileOf(model), presets: [], failure: null });
      await old?.close();
      if (!this.#closed) await this.start();
    });
    return this.#changing;
  }

  /** Runs work on a ready engine. If the engine crashes, it is restarted, and the work fails with the error. */
  async use<T>(work: (verbs: EngineVerbs) => Promise<T>): Promise<T> {
    await this.#changing;
    await this.#ready;
    const client = this.#client;
    if (this.#state.state !== 'ready' || !client) throw failureError(this.#state.failure);
    try {
      return await work(client.verbs);
    } catch (thrown) {
      const error = this.#toldOf(thrown);
      this.#noticeDeath(client, error);
      throw this.state.state === 'restarting' ? startedAgain(error) : error;
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
    const { generation } = this;
    this.#ready = this.#openNow(generation).catch((error) => {
      if (generation !== this.generation) return; // a newer engine is being opened already
      const { code, message } = this.#toldOf(error);
      logWarning(`The engine could not be opened (${code}): ${message}`);
      this.#set({ state: 'failed', failure: { code, message } });
    });
    return this.#ready;
  }

  /** The error as the window gets it: without paths of this machine. */
  #toldOf(thrown: unknown): AppError {
    const { code, message, shortage } = failureForWindow(thrown);
    return new AppError(code, withoutFolders(message, this.#model.modelPath), { cause: thrown, shortage });
  }

  /** Looks for GPUs once, at the first call. */
  gpus(): Promise<FoundGpus> {
    this.#gpus ??= findGpus(inWindow, this.#options.start);
    return this.#gpus;
  }

  /** Chooses the device once for each setting, since GPUs do not change while the app runs. A failed try may be repeated. */
  #device(): Promise<DeviceChoice> {
    const setting = this.#options.device();
    if (this.#chosen?.setting !== setting)
      this.#chosen = { setting, choice: chooseDevice(setting, inWindow, this.#options.start) };
    return this.#chosen.choice.catch((error) => {
      this.#chosen = undefined;
      const { code, message, advice = 'choose-other-device' } = toAppError(error);
      throw code === 'INTERNAL' ? error : new AppError(code, message, { cause: error, advice });
    });
  }

  async #openNow(generation: number): Promise<void> {
    const { check, modelPath } = this.#model;
    await check?.();
    if (this.#closed || generation !== this.generation) return;
    const client = (this.#options.start ?? startEngine)();
    this.#client = client;
    const threads = this.#options.threads();
    const model = await client.verbs.openModel({ path: modelPath, threads, ...(await this.#device()) });
    const usable = await usablePresets(client.verbs);
    if (this.#client !== client) return;
    this.#watchOver(client);
    // The window gets no path of this machine.
    const info = { ...model.info, path: basename(model.info.path) };
    logInfo(
      `The engine is ready: ${info.path} on ${model.device}, ${model.threads} threads. ${model.deviceReason ?? ''}`,
    );
    this.#set({ state: 'ready', model: { ...model, info }, presets: usable });
  }

  /** Watches an idle engine too, so that its death is noticed before the next question. */
  #watchOver(client: EngineClient): void {
    clearInterval(this.#watch);
    this.#watch = setInterval(() => {
      if (client.pid !== undefined && isAlive(client.pid)) return;
      clearInterval(this.#watch);
      // Any call fails with the error that has the host's last output.
      client.verbs.cancel({ target: 'none' }).catch((error) => this.#noticeDeath(client, this.#toldOf(error)));
    }, watchMs);
    this.#watch.unref();
  }

  #noticeDeath(client: EngineClient, { code, message }: AppError): void {
    // After a GPU error the process cannot be used any more: everything after it would fail too.
    const isOver = code === 'ENGINE_CRASH' || code === 'ENGINE_HUNG' || code === 'GPU_FAULT';
    if (!isOver || client !== this.#client || this.#closed) return;
    logWarning(`The engine ended (${code}): ${message}`);
    if (code === 'GPU_FAULT') void client.close();
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

/** The presets that the engine can plan with. */
async function usablePresets(verbs: EngineVerbs): Promise<PresetName[]> {
  const usable: PresetName[] = [];
  for (const name of Object.keys(presets) as PresetName[]) {
    const rocket = rocketOptionsFor({ mode: defaultMode }, presets[name]);
    const length = { maxNew: defaultMaxNew, nPrompt: 4096, nQuestion: 32 };
    const request = { mode: defaultMode, rocket, ...length, kvType: 'f16' as const };
    const planned = await verbs.plan(request).then(
      () => true,
      () => false,
    );
    if (planned) usable.push(name);
  }
  return usable;
}

function modelFileOf({ modelId, modelPath, title, licence }: ServedModel): EngineState['modelFile'] {
  return { id: modelId, title, licence, bytes: fileBytes(modelPath) };
}

/** Adds to the first line that the engine is started again; its last output may follow on further lines. */
function startedAgain(error: AppError): AppError {
  const [first = '', ...rest] = error.message.split('\n');
  const more = [`${first} It is started again; what it had read has to be read again.`, ...rest];
  return new AppError(error.code, more.join('\n'), { cause: error });
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
