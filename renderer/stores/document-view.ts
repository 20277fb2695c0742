/** The document beside the chat: its outline, pieces of its text, the passage it was asked to show, the quote to ask about. */
import { create } from 'zustand';
import type { DocumentOutline } from '../../electron/contract/app-types.ts';
import type { Passage } from '../../electron/contract/citations.ts';
import { api, type CallFailure, failureOf, loadFile } from './api.ts';
import { setDraft, useChat } from './chat.ts';
import { notify, openInspector, setInspectorTab } from './ui.ts';

/** A stretch of the document's text. */
export type Stretch = Pick<Passage, 'start' | 'end' | 'page'>;

interface DocumentViewState {
  documentId: string | null;
  outline: DocumentOutline | null;
  failure: CallFailure | null;
  /** The passage that is marked; it is scrolled into sight each time `asked` grows. */
  passage: Stretch | null;
  asked: number;
  /** Counted from 0: the page that is in sight. */
  page: number;
  /** A PDF is shown as its pages, or as its text. */
  asText: boolean;
}

export const useDocumentView = create<DocumentViewState>(() => ({
  documentId: null,
  outline: null,
  failure: null,
  passage: null,
  asked: 0,
  page: 0,
  asText: false,
}));

const set = useDocumentView.setState;
const get = useDocumentView.getState;

export async function openOutline(documentId: string): Promise<void> {
  if (get().documentId !== documentId) {
    texts.clear();
    set({ documentId, outline: null, failure: null, passage: null, page: 0, asText: false });
  } else if (get().outline) return;
  try {
    const outline = await api().documents.outline({ documentId });
    if (get().documentId === documentId) set({ outline, failure: null });
  } catch (error) {
    if (get().documentId === documentId) set({ failure: failureOf(error) });
  }
}

/** Opens the document beside the chat at this passage. */
export function showPassage(documentId: string, passage: Stretch): void {
  if (get().documentId !== documentId) void openOutline(documentId);
  set(({ asked }) => ({ passage, asked: asked + 1 }));
  setInspectorTab('document');
  openInspector();
}

/** Shows whole pages. */
export async function showPages(documentId: string, first: number, last = first): Promise<void> {
  await openOutline(documentId);
  const pages = get().documentId === documentId ? get().outline?.pages : undefined;
  const [from, to] = [pages?.[first], pages?.[last]];
  if (from && to) showPassage(documentId, { start: from.start, end: to.end, page: first });
}

/** Shows the first section of this name. */
export async function showSection(documentId: string, label: string): Promise<void> {
  await openOutline(documentId);
  const pages = get().documentId === documentId ? get().outline?.pages : undefined;
  const section = pages?.findIndex((page) => page.label === label) ?? -1;
  if (section < 0) return notify(`“${label}” is not among the sections of this document.`);
  await showPages(documentId, section);
}

export const setPage = (page: number) => set({ page });
export const setAsText = (asText: boolean) => set({ asText });

/** Pieces of text, each loaded once; one that failed can be loaded again. */
const texts = new Map<string, Promise<string>>();
const mostTexts = 400;

export function textOf(documentId: string, start: number, end: number): Promise<string> {
  const key = `${documentId} ${start} ${end}`;
  const known = texts.get(key);
  if (known) return known;
  const asked = api().documents.text({ documentId, start, end });
  texts.set(key, asked);
  asked.catch(() => texts.delete(key));
  const oldest = texts.keys().next().value;
  if (texts.size > mostTexts && oldest !== undefined) texts.delete(oldest);
  return asked;
}

/** The file of a PDF; the newest one stays, so that the view opens at once when it is shown again. */
let file: { documentId: string; bytes: Promise<ArrayBuffer> } | undefined;

export function fileOf(documentId: string): Promise<ArrayBuffer> {
  if (file?.documentId === documentId) return file.bytes;
  const bytes = loadFile(documentId);
  file = { documentId, bytes };
  bytes.catch(() => {
    if (file?.bytes === bytes) file = undefined;
  });
  return bytes;
}

/** Puts the quote into the composer, above what is written there already. */
export function askAbout(quote: string): void {
  const { draft } = useChat.getState();
  const line = quote.replace(/\s+/g, ' ').trim();
  if (line !== '') setDraft(`“${line}”\n\n${draft}`);
}
