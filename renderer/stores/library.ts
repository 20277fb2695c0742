/** Documents, the one that is open, and files on their way in. */
import { create } from 'zustand';
import type { AddEvent, DocumentPage, Grant, LibraryDocument } from '../../electron/contract/app-types.ts';
import { api, type CallFailure, connected, failureOf, type SentFile, sendFile } from './api.ts';
import { keepPassword } from './passwords.ts';
import { notify } from './ui.ts';

/** A file between the drop and the library. */
export interface Incoming {
  key: number;
  name: string;
  phase: 'waiting' | 'sending' | 'parsing' | 'counting' | 'failed';
  done: number;
  total: number;
  failure: CallFailure | null;
  /** Adds it again with a password, where one is wanted. */
  retry: ((password: string) => void) | null;
}

interface LibraryState {
  documents: LibraryDocument[];
  isLoaded: boolean;
  grants: Grant[];
  /** About the library as it was opened. */
  notices: string[];
  selectedId: string | null;
  pages: DocumentPage[];
  incoming: Incoming[];
}

export const useLibrary = create<LibraryState>(() => ({
  documents: [],
  isLoaded: false,
  grants: [],
  notices: [],
  selectedId: null,
  pages: [],
  incoming: [],
}));

const set = useLibrary.setState;

export const selectDocument = ({ documents, selectedId }: LibraryState) =>
  documents.find((document) => document.id === selectedId);

/** Asked for once: one that was dismissed does not come back. */
let haveNotices = false;

export const dismissLibraryNotice = (notice: string) =>
  set(({ notices }) => ({ notices: notices.filter((entry) => entry !== notice) }));

export async function loadLibrary(): Promise<void> {
  const [documents, grants] = await Promise.all([api().library.list(), api().library.grants()]);
  set({ documents, grants, isLoaded: true });
  if (!haveNotices) {
    haveNotices = true;
    set({ notices: await api().library.notices() });
  }
  const { selectedId } = useLibrary.getState();
  const isThere = documents.some((document) => document.id === selectedId);
  if (!isThere) await openDocument(documents[0]?.id ?? null);
}

export async function openDocument(selectedId: string | null): Promise<void> {
  set({ selectedId, pages: [] });
  if (selectedId === null) return;
  const pages = await api().library.pages({ documentId: selectedId });
  if (useLibrary.getState().selectedId === selectedId) set({ pages });
}

export function addFiles(files: readonly File[]): void {
  for (const file of files) {
    let sent: SentFile | undefined;
    bringIn(file.name, async (password) => {
      sent ??= await sendFile(file);
      const secret = password === undefined ? {} : { password };
      return 'grantId' in sent
        ? api().library.addGranted({ ...sent, ...secret })
        : api().library.addUpload({ ...sent, ...secret });
    });
  }
}

export function addGrant(grant: Grant): void {
  bringIn(grant.name, (password) =>
    api().library.addGranted(password === undefined ? { grantId: grant.id } : { grantId: grant.id, password }),
  );
}

type Start = (password?: string) => Promise<AsyncIterable<AddEvent>>;
let nextKey = 1;

/** One after the other: each is parsed by a process of its own. */
let line: Promise<void> = Promise.resolve();

function bringIn(name: string, start: Start, password?: string): void {
  const key = nextKey++;
  const entry: Incoming = { key, name, phase: 'waiting', done: 0, total: 0, failure: null, retry: null };
  set(({ incoming }) => ({ incoming: [...incoming, entry] }));
  line = line.then(() => take(key, name, start, password));
}

async function take(key: number, name: string, start: Start, password: string | undefined): Promise<void> {
  const change = (changes: Partial<Incoming>) =>
    set(({ incoming }) => ({
      incoming: incoming.map((entry) => (entry.key === key ? { ...entry, ...changes } : entry)),
    }));
  await connected;
  change({ phase: 'sending' });
  try {
    for await (const event of await start(password)) {
      if (event.type === 'parsing') change({ phase: 'parsing', done: event.done, total: event.total });
      else if (event.type === 'counting') change({ phase: 'counting' });
      else {
        dismissIncoming(key);
        if (password !== undefined) keepPassword(event.document.id, password);
        const said = outcomeWords(event);
        if (said !== null) notify(said);
        await loadLibrary();
        await openDocument(event.document.id);
      }
    }
  } catch (error) {
    const failure = failureOf(error);
    const again = (next: string) => {
      dismissIncoming(key);
      bringIn(name, start, next);
    };
    change({ phase: 'failed', failure, retry: failure.code === 'DOC_ENCRYPTED' ? again : null });
  }
}

function outcomeWords({ outcome, document: { name } }: Extract<AddEvent, { type: 'done' }>): string | null {
  switch (outcome) {
    case 'known':
      return `${name} is in the library already.`;
    case 'same-text':
      return `${name} was read anew. Its text is the same.`;
    case 'replaced':
      return `${name} was read anew. The new text has taken the place of the old one.`;
    case 'beside':
      return `${name} is the new text. The one that you asked about stays with its chats.`;
    case 'added':
      return null;
  }
}

export function dismissIncoming(key: number): void {
  set(({ incoming }) => ({ incoming: incoming.filter((entry) => entry.key !== key) }));
}

async function attempt(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
    await loadLibrary();
  } catch (error) {
    notify(failureOf(error).message, 'danger');
  }
}

export const renameDocument = (documentId: string, name: string) =>
  attempt(() => api().library.rename({ documentId, name }));
export const removeDocument = (documentId: string) => attempt(() => api().library.remove({ documentId }));
export const releaseDocument = (documentId: string) => attempt(() => api().library.release({ documentId }));
