/** Where models can come from beside the catalogue: a repository of huggingface.co, a file or a folder of the machine that RocketDoc runs on. */
import { create } from 'zustand';
import type { FolderList, Repository } from '../../electron/contract/models.ts';
import { api, failureOf } from './api.ts';
import { loadModels } from './models.ts';
import { openModels } from './ui.ts';

interface SourcesState {
  address: string;
  /** What was found there; null: nothing was looked up. */
  repository: Repository | null;
  isLooking: boolean;
  addressProblem: string | null;
  /** The folder that is looked through; null: none is. */
  folder: FolderList | null;
  folderProblem: string | null;
}

const nothing: SourcesState = {
  address: '',
  repository: null,
  isLooking: false,
  addressProblem: null,
  folder: null,
  folderProblem: null,
};

export const useSources = create<SourcesState>(() => nothing);
const set = useSources.setState;

export const setAddress = (address: string) => set({ address, repository: null, addressProblem: null });
export const closeFolder = () => set({ folder: null, folderProblem: null });

export async function lookUpAddress(): Promise<void> {
  const { address, isLooking } = useSources.getState();
  if (address.trim() === '' || isLooking) return;
  set({ isLooking: true, repository: null, addressProblem: null });
  try {
    const repository = await api().models.lookUp({ address });
    if (useSources.getState().address === address) set({ repository });
  } catch (error) {
    if (useSources.getState().address === address) set({ addressProblem: failureOf(error).message });
  }
  set({ isLooking: false });
}

/** Adds a model of the repository; its download begins at once. */
export async function addFromRepository(path: string): Promise<void> {
  const { repository } = useSources.getState();
  if (!repository) return;
  try {
    await api().models.addFromRepository({ repository: repository.repository, revision: repository.revision, path });
    set({ address: '', repository: null, addressProblem: null });
  } catch (error) {
    set({ addressProblem: failureOf(error).message });
  }
  await loadModels();
}

/** null: the person's home folder. */
export async function browseFolder(grantId: string | null): Promise<void> {
  try {
    set({ folder: await api().models.browse({ grantId }), folderProblem: null });
  } catch (error) {
    set({ folderProblem: failureOf(error).message });
  }
}

export async function openBrowsed(grantId: string): Promise<void> {
  await fromFolder(() => api().models.openInPlace({ grantId }));
}

export async function addBrowsedFolder(): Promise<void> {
  const { folder } = useSources.getState();
  if (folder) await fromFolder(() => api().models.addFolder({ grantId: folder.grantId }));
}

export async function forgetFolder(folderId: string): Promise<void> {
  await api().models.forgetFolder({ folderId });
  await loadModels();
}

async function fromFolder(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
    closeFolder();
    openModels();
    await loadModels();
  } catch (error) {
    set({ folderProblem: failureOf(error).message });
  }
}
