/** Before and while a document is read: what it would take, which pages, and why a reading ended early. */
import { create } from 'zustand';
import type { PageRange, Preflight } from '../../electron/contract/app-types.ts';
import { api, type CallFailure, failureOf } from './api.ts';
import { loadLibrary, useLibrary } from './library.ts';
import { notify } from './ui.ts';

interface ReadingState {
  documentId: string | null;
  range: PageRange | null;
  preflight: Preflight | null;
  /** Why the card has no numbers. */
  failure: CallFailure | null;
  /** Why the last reading ended early; stays until the next. */
  readFailure: CallFailure | null;
  /** Whether the document is kept on disk afterwards; null: as the settings say. */
  keep: boolean | null;
}

export const useReading = create<ReadingState>(() => ({
  documentId: null,
  range: null,
  preflight: null,
  failure: null,
  readFailure: null,
  keep: null,
}));

const set = useReading.setState;
let asked = 0;

/** Only the reply to the newest call is taken: an older one that comes later is dropped. */
export async function loadPreflight(documentId: string, range: PageRange | null = null): Promise<void> {
  const mine = ++asked;
  const isOther = useReading.getState().documentId !== documentId;
  set({ documentId, range, ...(isOther ? { preflight: null, failure: null, readFailure: null, keep: null } : {}) });
  try {
    const preflight = await api().preflight({ documentId, pages: range });
    if (mine !== asked) return;
    set({ preflight, failure: null });
    // The pre-flight has just counted the document's tokens with this model: the library list shows them too.
    const isCounted = useLibrary.getState().documents.find(({ id }) => id === documentId)?.tokens !== null;
    if (!isCounted) void loadLibrary().catch(() => {});
  } catch (error) {
    if (mine === asked) set({ preflight: null, failure: failureOf(error) });
  }
}

export const chooseKeep = (keep: boolean) => set({ keep });

/** Resolves with whether the reading came to its end. Its progress comes with the telemetry, for every window alike. */
export async function readDocument(documentId: string, pages: PageRange | null): Promise<boolean> {
  const { documentId: looked, keep } = useReading.getState();
  set({ readFailure: null });
  try {
    const keepChoice = looked === documentId && keep !== null ? { keep } : {};
    for await (const event of await api().read({ documentId, pages, ...keepChoice }))
      if (event.type === 'done' && event.missed !== null) notify(`${event.missed} The document was read again.`);
    return true;
  } catch (error) {
    const failure = failureOf(error);
    if (failure.code !== 'CANCELLED') set({ readFailure: failure });
    return false;
  }
}
