/** What is searched for in the library, what was found, and which documents are picked to be asked about together. */
import { create } from 'zustand';
import type { SearchHit } from '../../electron/contract/app-types.ts';
import { api, failureOf } from './api.ts';
import { loadLibrary, openDocument, useLibrary } from './library.ts';
import { notify } from './ui.ts';

interface LibrarySearchState {
  query: string;
  /** null: nothing is searched for, or the first answer is on its way. */
  hits: SearchHit[] | null;
  /** In the order picked, which is the order they are read in; null: nobody is picking. */
  picked: string[] | null;
  isJoining: boolean;
}

export const useLibrarySearch = create<LibrarySearchState>(() => ({
  query: '',
  hits: null,
  picked: null,
  isJoining: false,
}));

const set = useLibrarySearch.setState;
const get = useLibrarySearch.getState;
const pauseMs = 120;
let waiting: ReturnType<typeof setTimeout> | undefined;

// The search is repeated when documents were added or removed.
useLibrary.subscribe(({ documents }, before) => {
  if (documents !== before.documents && get().query !== '') searchFor(get().query);
});

/** Searches when typing pauses; the reply to an older query is dropped. */
export function searchFor(query: string): void {
  clearTimeout(waiting);
  set({ query });
  if (query.trim() === '') {
    set({ hits: null });
    return;
  }
  waiting = setTimeout(async () => {
    try {
      const hits = await api().library.search({ query: query.trim() });
      if (get().query === query) set({ hits });
    } catch (error) {
      notify(failureOf(error).message, 'danger');
    }
  }, pauseMs);
}

export const startPicking = () => set({ picked: [] });
export const stopPicking = () => set({ picked: null });

export function pick(documentId: string): void {
  set(({ picked }) => ({
    picked: picked?.includes(documentId) ? picked.filter((id) => id !== documentId) : [...(picked ?? []), documentId],
  }));
}

/** Makes one document of the picked ones and opens it. */
export async function joinPicked(): Promise<void> {
  const { picked } = get();
  if (!picked || picked.length < 2) return;
  set({ isJoining: true });
  try {
    const document = await api().library.join({ documentIds: picked });
    await loadLibrary();
    await openDocument(document.id);
    set({ picked: null });
  } catch (error) {
    notify(failureOf(error).message, 'danger');
  } finally {
    set({ isJoining: false });
  }
}
