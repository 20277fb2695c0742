/**
 * What applies to questions on the open document: the settings, overridden by what was chosen for this document alone. The server
 * puts the two together; here they are shown and changed.
 */
import { create } from 'zustand';
import type { DocumentChoice, MethodChoice, OwnChoice } from '../../electron/contract/settings.ts';
import { api, failureOf } from './api.ts';
import { changeSettings } from './settings.ts';
import { notify } from './ui.ts';

interface DocumentChoiceState {
  documentId: string | null;
  own: OwnChoice;
  /** null until the server has said. */
  choice: MethodChoice | null;
}

export const useDocumentChoice = create<DocumentChoiceState>(() => ({ documentId: null, own: {}, choice: null }));

/** How often the choice was loaded or changed: only the reply to the newest call is taken. */
let asked = 0;

const get = useDocumentChoice.getState;
const set = useDocumentChoice.setState;

export const selectHasOwn = ({ own }: DocumentChoiceState) => Object.keys(own).length > 0;

/** To be called when another document is opened, and when the server has sent the settings. */
export async function loadDocumentChoice(documentId: string | null): Promise<void> {
  if (documentId !== get().documentId) set({ documentId, own: {}, choice: null });
  if (documentId !== null) await take(documentId, () => api().documents.choice.get({ documentId }));
}

/** For changes beside the chat: they go to the document's own choice where it has one, else to the settings. */
export async function changeChoice(changes: OwnChoice): Promise<void> {
  const { choice } = get();
  if (selectHasOwn(get())) return changeOwnChoice(changes);
  // The change is shown at once. Replies to earlier calls do not have it and are dropped; the choice is loaded with the stored settings.
  asked++;
  if (choice) set({ choice: { ...choice, ...changes } as MethodChoice });
  await changeSettings(changes as Partial<MethodChoice>);
}

/** Changes the choice of this document alone. */
export async function changeOwnChoice(changes: OwnChoice): Promise<void> {
  const { documentId, own, choice } = get();
  if (documentId === null) return;
  if (choice) set({ own: { ...own, ...changes }, choice: { ...choice, ...changes } as MethodChoice });
  await take(documentId, () => api().documents.choice.set({ documentId, changes }));
}

/** Drops the document's own choice, in these points or in all: the settings apply again. */
export async function followSettings(names?: (keyof MethodChoice)[]): Promise<void> {
  const { documentId } = get();
  if (documentId === null) return;
  await take(documentId, () => api().documents.choice.clear(names ? { documentId, names } : { documentId }));
}

async function take(documentId: string, work: () => Promise<DocumentChoice>): Promise<void> {
  const mine = ++asked;
  try {
    const { own, choice } = await work();
    if (mine === asked && get().documentId === documentId) set({ own, choice });
  } catch (error) {
    // The document may have been removed meanwhile.
    const { code, message } = failureOf(error);
    if (code !== 'DOC_MISSING') notify(message, 'danger');
  }
}
