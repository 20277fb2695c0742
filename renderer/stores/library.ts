/** Documents, the one that is open, and files that are being imported. */
import { create } from 'zustand';
import type { AddEvent, DocumentPage, Grant, LibraryDocument } from '../../electron/contract/app-types.ts';
import type { ParseStep, PartialParseChoice } from '../../electron/contract/documents.ts';
import { receiptLine } from '../../electron/contract/receipt.ts';
import { api, type CallFailure, connected, failureOf, type SentFile, sendFile } from './api.ts';
import { keepPassword, usePasswords } from './passwords.ts';
import { notify } from './ui.ts';

/** How a file is to be read. What is absent is as the settings say or, when a file is read again, as it was before. */
interface HowRead {
  password?: string;
  choice?: PartialParseChoice;
}

/** A file that is being imported, or one of the library that is being read again. */
export interface Incoming {
  key: number;
  name: string;
  /** The document whose file is read again; null: the file is new. */
  documentId: string | null;
  phase: 'waiting' | 'sending' | 'parsing' | 'counting' | 'failed';
  /** What the parser is doing. */
  step: ParseStep;
  done: number;
  total: number;
  failure: CallFailure | null;
  /** Tries again in another way, such as with a password. */
  retry: ((how: HowRead) => void) | null;
  cancel: () => void;
}

export function incomingWords({ phase, step, done, total }: Incoming): string {
  const what = step === 'recognising' ? 'Recognising text' : 'Extracting text';
  const words = {
    waiting: 'Waiting for its turn',
    sending: 'Adding',
    parsing: total > 1 ? `${what}, ${done} of ${total}` : what,
    counting: 'Counting tokens',
    failed: '',
  };
  return words[phase];
}

interface LibraryState {
  documents: LibraryDocument[];
  isLoaded: boolean;
  grants: Grant[];
  /** What opening the library found. */
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

/** Whether a question to the open document is being written: then a document that has been added is not opened in its place. */
let isWriting = () => false;

export function stayWhile(writing: () => boolean): void {
  isWriting = writing;
}

export const selectDocument = ({ documents, selectedId }: LibraryState) =>
  documents.find((document) => document.id === selectedId);

export const selectReadAnew =
  (documentId: string) =>
  ({ incoming }: LibraryState) =>
    incoming.find((entry) => entry.documentId === documentId);

/** Notices are shown once: one that was dismissed does not come back with the next connection. */
const seenNotices = new Set<string>();

export const dismissLibraryNotice = (notice: string) =>
  set(({ notices }) => ({ notices: notices.filter((entry) => entry !== notice) }));

export async function loadLibrary(): Promise<void> {
  const [documents, grants] = await Promise.all([api().library.list(), api().library.grants()]);
  set({ documents, grants, isLoaded: true });
  const fresh = (await api().library.notices()).filter((notice) => !seenNotices.has(notice));
  for (const notice of fresh) seenNotices.add(notice);
  if (fresh.length > 0) set(({ notices }) => ({ notices: [...notices, ...fresh] }));
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
    bringIn(file.name, null, async (how, options) => {
      sent ??= await sendFile(file);
      return 'grantId' in sent
        ? api().library.addGranted({ ...sent, ...how }, options)
        : api().library.addUpload({ ...sent, ...how }, options);
    });
  }
}

export function addGrant(grant: Grant): void {
  bringIn(grant.name, null, (how, options) => api().library.addGranted({ grantId: grant.id, ...how }, options));
}

/** Reads the kept file of a document again. */
export function readAnew({ id: documentId, name }: LibraryDocument, choice: PartialParseChoice): void {
  const password = usePasswords.getState().passwords.get(documentId);
  bringIn(name, documentId, (how, options) => api().library.readAnew({ documentId, ...how }, options), {
    choice,
    ...(password === undefined ? {} : { password }),
  });
}

type Start = (how: HowRead, options: { signal: AbortSignal }) => Promise<AsyncIterable<AddEvent>>;
let nextKey = 1;

/** Files are imported one after the other, because each is parsed by a process of its own. */
let line: Promise<void> = Promise.resolve();

function bringIn(name: string, documentId: string | null, start: Start, how: HowRead = {}): void {
  const key = nextKey++;
  const stop = new AbortController();
  const cancel = () => {
    dismissIncoming(key);
    stop.abort();
  };
  const fresh = { phase: 'waiting' as const, step: 'reading' as const, done: 0, total: 0, failure: null, retry: null };
  const again = (next: HowRead) => {
    dismissIncoming(key);
    bringIn(name, documentId, start, { ...how, ...next });
  };
  set(({ incoming }) => ({ incoming: [...incoming, { key, name, documentId, ...fresh, cancel }] }));
  line = line.then(() =>
    stop.signal.aborted ? undefined : take(key, (options) => start(how, options), stop.signal, how, again),
  );
}

async function take(
  key: number,
  start: (options: { signal: AbortSignal }) => Promise<AsyncIterable<AddEvent>>,
  signal: AbortSignal,
  { password }: HowRead,
  retry: (how: HowRead) => void,
): Promise<void> {
  const change = (changes: Partial<Incoming>) =>
    set(({ incoming }) => ({
      incoming: incoming.map((entry) => (entry.key === key ? { ...entry, ...changes } : entry)),
    }));
  await connected;
  change({ phase: 'sending' });
  try {
    for await (const event of await start({ signal })) {
      if (event.type === 'parsing')
        change({ phase: 'parsing', step: event.step, done: event.done, total: event.total });
      else if (event.type === 'counting') change({ phase: 'counting' });
      else {
        dismissIncoming(key);
        if (password !== undefined) keepPassword(event.document.id, password);
        notify(outcomeWords(event));
        await loadLibrary();
        if (!isWriting()) await openDocument(event.document.id);
      }
    }
  } catch (error) {
    if (signal.aborted) return;
    const failure = failureOf(error);
    change({ phase: 'failed', failure, retry: ['DOC_ENCRYPTED', 'DOC_NO_TEXT'].includes(failure.code) ? retry : null });
  }
}

/** The notice at the end of each import: what became of the file, and its receipt. */
function outcomeWords({ outcome, document }: Extract<AddEvent, { type: 'done' }>): string {
  const { name } = document;
  const receipt = receiptLine(document);
  switch (outcome) {
    case 'added':
      return `${name}: ${receipt}.`;
    case 'known':
      return `${name} is in the library already: ${receipt}.`;
    case 'same-text':
      return `${name} was read anew, and its text is the same: ${receipt}.`;
    case 'replaced':
      return `${name} was read anew, and has another text now: ${receipt}.`;
    case 'beside':
      return `${name} has the new text: ${receipt}. The one that you asked about stays with its chats.`;
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
