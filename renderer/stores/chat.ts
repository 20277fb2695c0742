/**
 * Chats of the open document, the turns of the open chat, and the answer that is being made. The list of turns does not change
 * while an answer grows: only `live` does, and only the last row looks at it.
 */
import { create } from 'zustand';
import type { AskStreamEvent } from '../../electron/contract/app.ts';
import type { Chat, MapPage, Turn } from '../../electron/contract/app-types.ts';
import { api, type CallFailure, failureOf } from './api.ts';
import { noteAnswerSpeed, selectHeld, useEngine } from './engine.ts';
import { readDocument, useReading } from './reading.ts';
import { notify } from './ui.ts';

export interface LiveAnswer {
  chatId: string;
  turnId: string;
  text: string;
}

interface ChatState {
  documentId: string | null;
  chats: Chat[];
  chatId: string | null;
  turns: Turn[];
  draft: string;
  live: LiveAnswer | null;
  /** Why the last question could not even be asked. */
  failure: CallFailure | null;
  /** Of the turn that the panel shows. */
  map: MapPage[];
}

export const useChat = create<ChatState>(() => ({
  documentId: null,
  chats: [],
  chatId: null,
  turns: [],
  draft: '',
  live: null,
  failure: null,
  map: [],
}));

let saving: ReturnType<typeof setTimeout> | undefined;
const saveDraftMs = 600;

const set = useChat.setState;
const get = useChat.getState;

/** The newest finished answer: what the panel's numbers are about. */
export const selectMeasured = ({ turns }: ChatState): Turn | undefined =>
  turns.findLast((turn) => turn.report !== null);

export async function openChatsOf(documentId: string | null): Promise<void> {
  set({ documentId, chats: [], chatId: null, turns: [], draft: '', live: null, failure: null, map: [] });
  if (documentId === null) return;
  const chats = await api().chats.list({ documentId });
  if (get().documentId !== documentId) return;
  set({ chats });
  const last = chats.at(-1);
  if (last) await openChat(last.id);
}

export async function openChat(chatId: string): Promise<void> {
  set({ chatId, turns: [], draft: '', live: null, failure: null, map: [] });
  const { turns, draft } = await api().chats.turns({ chatId });
  if (get().chatId !== chatId) return;
  set({ turns, draft });
  await loadMap();
  if (turns.at(-1)?.state === 'answering') await follow(chatId, () => api().watch({ chatId }));
}

export async function newChat(): Promise<string | undefined> {
  const { documentId } = get();
  if (documentId === null) return undefined;
  const chat = await api().chats.create({ documentId });
  set(({ chats }) => ({ chats: [...chats, chat] }));
  await openChat(chat.id);
  return chat.id;
}

export async function ask(question: string): Promise<void> {
  const text = question.trim();
  if (text === '' || get().live) return;
  const chatId = get().chatId ?? (await newChat());
  if (chatId === undefined) return;
  clearTimeout(saving); // or the draft would be saved after it became a question
  set({ draft: '', failure: null });
  await follow(chatId, () => api().ask({ chatId, question: text }), text);
}

/** After a crash the document has left memory: it is read again first. */
export async function askAgain(question: string): Promise<void> {
  const { documentId } = get();
  if (documentId === null) return;
  const isHeld = () => selectHeld(documentId)(useEngine.getState()) !== undefined;
  const { documentId: looked, range } = useReading.getState();
  if (!isHeld()) await readDocument(documentId, looked === documentId ? range : null);
  await ask(question);
}

let following = 0;

/** Watches an answer to its end; a newer watch takes over, or both would write the same words. `question` goes back into the composer when it was never asked. */
async function follow(
  chatId: string,
  start: () => Promise<AsyncIterable<AskStreamEvent>>,
  question = '',
): Promise<void> {
  let asked = false;
  const mine = ++following;
  try {
    for await (const event of await start()) {
      asked = true;
      if (mine !== following) return;
      // The first question gives the chat its name.
      if (event.type === 'turn') void refreshChats();
      if (get().chatId === chatId) take(event);
      else if (event.type === 'ended') break;
    }
  } catch (error) {
    const failure = failureOf(error);
    if (get().chatId !== chatId || mine !== following) return;
    set({ live: null, ...(asked ? {} : { failure, draft: question }) });
    if (asked) notify(failure.message, 'danger');
  }
  await refreshChats();
}

export function take(event: AskStreamEvent): void {
  if (event.type === 'turn') {
    set(({ turns }) => ({
      turns: [...turns.filter((turn) => turn.id !== event.turn.id), event.turn],
      live: { chatId: event.turn.chatId, turnId: event.turn.id, text: event.turn.answer },
    }));
  } else if (event.type === 'delta') {
    set(({ live }) => ({ live: live && { ...live, text: live.text + event.text } }));
  } else if (event.type === 'ended') {
    set(({ turns }) => ({ turns: turns.map((turn) => (turn.id === event.turn.id ? event.turn : turn)), live: null }));
    const report = event.turn.report;
    if (report && report.timings.decodeMs > 0) {
      noteAnswerSpeed((report.generatedTokens / report.timings.decodeMs) * 1000);
      void loadMap();
    }
  }
}

async function loadMap(): Promise<void> {
  const turn = selectMeasured(get());
  if (!turn) return set({ map: [] });
  const map = await api().documentMap({ turnId: turn.id });
  if (selectMeasured(get())?.id === turn.id) set({ map });
}

async function refreshChats(): Promise<void> {
  const { documentId } = get();
  if (documentId === null) return;
  const chats = await api()
    .chats.list({ documentId })
    .catch(() => undefined);
  if (chats && get().documentId === documentId) set({ chats });
}

export async function removeChat(chatId: string): Promise<void> {
  try {
    await api().chats.remove({ chatId });
    if (get().chatId === chatId) await openChatsOf(get().documentId);
    else await refreshChats();
  } catch (error) {
    notify(failureOf(error).message, 'danger');
  }
}

export function setDraft(draft: string): void {
  const { chatId } = get();
  set({ draft });
  clearTimeout(saving);
  // Before the first question there is no chat to keep a draft in.
  if (chatId !== null) saving = setTimeout(() => void api().chats.saveDraft({ chatId, draft }), saveDraftMs);
}
