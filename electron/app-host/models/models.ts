/** What a window does with models: list them, download them, open one in the engine, remove them. */

import { AppError } from '../../contract/errors.ts';
import type { ModelList, Repository } from '../../contract/models.ts';
import { ifWritable } from '../library/storage-errors.ts';
import { logIfUnforeseen } from '../log.ts';
import { engineOptions, typicalQuestionTokens } from '../planning/method-choice.ts';
import { catalogueEntry, lookUp, type RepositoryFile } from './hugging-face.ts';
import type { FitBasis } from './model-listing.ts';
import type { ModelsNeeds } from './needs.ts';

export async function listModels(rooms: ModelsNeeds): Promise<ModelList> {
  return rooms.models.list(await fitBasis(rooms));
}

/** Resolves when the model is open, or when the engine's state says why it could not be opened. */
export async function useModel(rooms: ModelsNeeds, modelId: string): Promise<void> {
  const { state, modelFile } = rooms.supervisor.state;
  if (modelFile.id === modelId && state === 'ready') return;
  await rooms.models.checkUsable(modelId);
  ifWritable(() => rooms.modelStore.choose(modelId));
  await rooms.jobs.cancelAll();
  const model = rooms.models.served(modelId);
  rooms.counter.switchTo(model.modelPath, model.modelHash);
  await rooms.supervisor.switchTo(model);
}

export async function openModelInPlace(rooms: ModelsNeeds, grantId: string): Promise<{ modelId: string }> {
  return { modelId: await rooms.models.open(rooms.grants.pathOf(grantId)) };
}

export function lookUpRepository(rooms: ModelsNeeds, address: string, signal: AbortSignal): Promise<Repository> {
  return lookUp(address, signal, rooms.huggingFace);
}

/** The entry stays in the person's catalogue even if the download fails. */
export async function addFromRepository(rooms: ModelsNeeds, file: RepositoryFile, signal: AbortSignal) {
  const model = await catalogueEntry(file, signal, rooms.huggingFace);
  rooms.models.addOwn(model);
  await downloadModel(rooms, model.id);
  return { modelId: model.id };
}

export async function removeModel(rooms: ModelsNeeds, modelId: string): Promise<void> {
  if (rooms.supervisor.state.modelFile.id === modelId)
    throw new AppError('BUSY', 'This model is in use. Use another one first.');
  await rooms.models.remove(modelId);
}

export async function downloadModel(rooms: ModelsNeeds, modelId: string): Promise<void> {
  const model = rooms.models.catalogued(modelId);
  if (!rooms.models.isHere(modelId)) await rooms.downloads.start(model);
}

/** Without a running engine nothing can be planned, and the free memory that the system reports is used. */
async function fitBasis(rooms: ModelsNeeds): Promise<FitBasis> {
  const choice = rooms.settings.get();
  const { supervisor } = rooms;
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
    // Switching to another model frees the documents of this one.
    const held = rooms.session().documents;
    const freed = (onDevice: boolean) =>
      held.filter((document) => document.onDevice === onDevice).reduce((sum, { bytes }) => sum + bytes, 0);
    const inRam = onGpu ? freed(false) : freed(true);
    const room = { onGpu, available: available + freed(true), hostAvailable: hostAvailable + inRam };
    return { choice, room, plan };
  } catch (error) {
    logIfUnforeseen('Planning for the list of models', error);
    return unplanned;
  }
}
