/** Models to choose among, as the server lists them. How far a download is comes with the telemetry. */
import { create } from 'zustand';
import type { Download, ModelEntry, ModelList } from '../../electron/contract/models.ts';
import { api, type CallFailure, failureOf, modelChooser, sendFile } from './api.ts';
import { useEngine } from './engine.ts';
import { loadLibrary } from './library.ts';
import { notify, openModels, useUi } from './ui.ts';

export interface ModelsState {
  /** null: not asked yet. */
  models: ModelEntry[] | null;
  /** Folders that the person added; their models are listed. */
  folders: ModelList['folders'];
  /** What is wrong with a person's own entries of the catalogue. */
  problems: string[];
  failure: CallFailure | null;
  /** The model that this window is having the engine open. */
  switchingTo: string | null;
  /** Why the last request for a model was refused, by model. */
  refusals: Record<string, CallFailure>;
}

export const useModels = create<ModelsState>(() => ({
  models: null,
  folders: [],
  problems: [],
  failure: null,
  switchingTo: null,
  refusals: {},
}));

const set = useModels.setState;
let asked = 0;

/** Only the reply to the newest call is taken. */
export async function loadModels(): Promise<void> {
  const mine = ++asked;
  try {
    const { models, folders, problems } = await api().models.list();
    if (mine === asked) set({ models, folders, problems, failure: null });
  } catch (error) {
    if (mine === asked) set({ failure: failureOf(error) });
  }
}

/** While the dialog is open, loads the list again when it changed, or when the engine's state changes what fits. */
export function followModels(): void {
  useEngine.subscribe(({ telemetry }, { telemetry: before }) => {
    if (useUi.getState().overlay !== 'models' || !telemetry) return;
    const isOther =
      telemetry.models.revision !== before?.models.revision ||
      telemetry.engine.state !== before?.engine.state ||
      telemetry.engine.modelFile.id !== before?.engine.modelFile.id ||
      telemetry.held.length !== before?.held.length;
    if (isOther) void loadModels();
  });
}

export async function switchModel(modelId: string): Promise<void> {
  if (useModels.getState().switchingTo !== null) return;
  set({ switchingTo: modelId });
  await request(modelId, () => api().models.use({ modelId }));
  set({ switchingTo: null });
  // The other model counts tokens in another way.
  await loadLibrary().catch(() => {});
}

export const downloadModel = (modelId: string) => request(modelId, () => api().models.download({ modelId }));
export const pauseDownload = (modelId: string) => request(modelId, () => api().models.pause({ modelId }));
export const cancelDownload = (modelId: string) => request(modelId, () => api().models.cancel({ modelId }));

export async function removeModel(modelId: string): Promise<void> {
  await request(modelId, () => api().models.remove({ modelId }));
  await loadModels();
}

/** Opens the system's dialog. The chosen file stays where it is. */
export async function chooseModelFile(): Promise<void> {
  try {
    const grant = await modelChooser()?.();
    if (grant) await openInPlace(grant.id);
  } catch (error) {
    notify(messageOf(error), 'danger');
  }
}

/** Opens model files among the dropped ones where they lie, and returns the others. */
export function takeModels(files: readonly File[]): File[] {
  const isModel = ({ name }: File) => /\.gguf$/i.test(name);
  const models = files.filter(isModel);
  if (models.length > 0 && !modelChooser())
    notify('A model is opened where it lies: look for it under Models on the machine that RocketDoc runs on.');
  else for (const model of models) void openDropped(model);
  return files.filter((file) => !isModel(file));
}

async function openDropped(file: File): Promise<void> {
  try {
    const sent = await sendFile(file);
    if ('grantId' in sent) await openInPlace(sent.grantId);
  } catch (error) {
    notify(messageOf(error), 'danger');
  }
}

async function openInPlace(grantId: string): Promise<void> {
  await api().models.openInPlace({ grantId });
  openModels();
  await loadModels();
}

/** Main's own refusals are plain errors with a sentence; the server's have a code as well. */
function messageOf(error: unknown): string {
  const { code, message } = failureOf(error);
  return code === 'CLOSED' && error instanceof Error ? error.message : message;
}

async function request(modelId: string, work: () => Promise<void>): Promise<void> {
  const { [modelId]: _, ...others } = useModels.getState().refusals;
  set({ refusals: others });
  try {
    await work();
  } catch (error) {
    set(({ refusals }) => ({ refusals: { ...refusals, [modelId]: failureOf(error) } }));
  }
}

type Engine = ReturnType<typeof useEngine.getState>;

const noDownloads: Download[] = [];
export const selectDownloads = ({ telemetry }: Engine): Download[] => telemetry?.models.downloads ?? noDownloads;
export const selectDownload = (modelId: string) => (engine: Engine) =>
  selectDownloads(engine).find((download) => download.modelId === modelId);
