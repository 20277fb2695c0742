/** What a window does with models: sees them, fetches them, opens one in the engine, lets go of them. */
import { AppError } from '../../contract/errors.ts';
import type { ModelList, Repository } from '../../contract/models.ts';
import type { App } from '../app.ts';
import { ifWritable } from '../library/storage-errors.ts';
import { engineOptions, typicalQuestionTokens } from '../planning/method-choice.ts';
import { catalogueEntry, lookUp, type RepositoryWish } from './hugging-face.ts';
import type { FitBasis } from './model-listing.ts';

export async function listModels(app: App): Promise<ModelList> {
  return app.models.list(await fitBasis(app));
}

/** Resolves when it is open, or when the engine's state says why it could not be opened. */
export async function useModel(app: App, modelId: string): Promise<void> {
  const { state, modelFile } = app.supervisor.state;
  if (modelFile.id === modelId && state === 'ready') return;
  await app.models.checkUsable(modelId);
  ifWritable(() => app.modelStore.choose(modelId));
  await app.jobs.cancelAll();
  const model = app.models.served(modelId);
  app.counter.switchTo(model.modelPath, model.modelHash);
  await app.supervisor.switchTo(model);
}

export async function openModelInPlace(app: App, grantId: string): Promise<{ modelId: string }> {
  return { modelId: await app.models.open(app.grants.pathOf(grantId)) };
}

export function lookUpRepository(app: App, address: string, signal: AbortSignal): Promise<Repository> {
  return lookUp(address, signal, app.huggingFace);
}

/** Its entry stays in the catalogue of one's own, whatever becomes of the download. */
export async function addFromRepository(app: App, wish: RepositoryWish, signal: AbortSignal) {
  const model = await catalogueEntry(wish, signal, app.huggingFace);
  app.models.addOwn(model);
  await downloadModel(app, model.id);
  return { modelId: model.id };
}

export async function removeModel(app: App, modelId: string): Promise<void> {
  if (app.supervisor.state.modelFile.id === modelId)
    throw new AppError('BUSY', 'This model is in use. Use another one first.');
  await app.models.remove(modelId);
}

export async function downloadModel(app: App, modelId: string): Promise<void> {
  const model = app.models.catalogued(modelId);
  if (!app.models.isHere(modelId)) await app.downloads.start(model);
}

/** Before an engine runs there is nobody to plan; what the system says is free must do. */
async function fitBasis(app: App): Promise<FitBasis> {
  const choice = app.settings.get();
  const { supervisor } = app;
  const spare = process.availableMemory();
  const unplanned = { choice, room: { onGpu: false, available: spare, hostAvailable: spare }, plan: undefined };
  if (supervisor.state.state !== 'ready') return unplanned;
  const plan: FitBasis['plan'] = (path, tokens, kvType) => {
    const nQuestion = Math.min(typicalQuestionTokens, tokens);
    const request = { ...engineOptions(choice), nPrompt: tokens, nQuestion, kvType };
    return supervisor.use((verbs) => verbs.plan(path === undefined ? request : { ...request, path }));
  };
  try {
    const { onGpu, available, hostAvailable } = await plan(undefined, 1024, choice.kvType);
    // Another model would find the documents of this one gone.
    const held = app.session().documents;
    const freed = (onDevice: boolean) =>
      held.filter((document) => document.onDevice === onDevice).reduce((sum, { bytes }) => sum + bytes, 0);
    const inRam = onGpu ? freed(false) : freed(true);
    const room = { onGpu, available: available + freed(true), hostAvailable: hostAvailable + inRam };
    return { choice, room, plan };
  } catch {
    return unplanned;
  }
}
