/**
 * What applies to questions on the open document: the settings, with what was chosen for this document alone above them. The
 * server puts the two together; here they are shown and changed.
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

/** How often the choice was asked for or changed: the newest answer wins. */
let asked = 0;

const get = useDocumentChoice.getState;
const set = useDocumentChoice.setState;

export const selectHasOwn = ({ own }: DocumentChoiceState) => Object.keys(own).length > 0;

/** To be called when another document is opened, and when the server has said what the settings are. */
export async function loadDocumentChoice(documentId: string | null): Promise<void> {
  if (documentId !== get().documentId) set({ documentId, own: {}, choice: null });
  if (documentId !== null) await take(documentId, () => api().documents.choice.get({ documentId }));
}

/** What is changed beside the chat: a document that has a choice of its own keeps it to itself, any other follows the settings. */
export async function changeChoice(changes: OwnChoice): Promise<void> {
  const { choice } = get();
  if (selectHasOwn(get())) return changeOwnChoice(changes);
  // Shown at once; what applies is loaded when the settings have settled, and what was asked for earlier does not know of this.
  asked++;
  if (choice) set({ choice: { ...choice, ...changes } as MethodChoice });
  await changeSettings(changes as Partial<MethodChoice>);
}

/** For this document alone. */
export async function changeOwnChoice(changes: OwnChoice): Promise<void> {
  const { documentId, own, choice } = get();
  if (documentId === null) return;
  if (choice) set({ own: { ...own, ...changes }, choice: { ...choice, ...changes } as MethodChoice });
  await take(documentId, () => api().documents.choice.set({ documentId, changes }));
}

/** As in the settings again, in these points or in all. */
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
    // A document that was removed meanwhile has nothing to choose.
    const { code, message } = failureOf(error);
    if (code !== 'DOC_MISSING') notify(message, 'danger');
  }
}
