/**
 * The open chat: its tree of questions, the path through it that is shown, and the answer that is being made. Neither tree nor
 * path changes while an answer grows: only `live` does, and only that answer looks at it.
 */
import { create } from 'zustand';
import { withText } from '../../electron/contract/answer-text.ts';
import type { AskStreamEvent } from '../../electron/contract/app.ts';
import type { AskChoice, Chat, MapPage, Turn } from '../../electron/contract/app-types.ts';
import type { SmallerPlan } from '../../electron/contract/engine-reports.ts';
import { shownPath, withChosen, withKnown } from '../../electron/contract/turn-tree.ts';
import { needsReading } from '../choice-words.ts';
import { api, type CallFailure, failureOf } from './api.ts';
import { changeOwnChoice } from './document-choice.ts';
import { isReadOtherwise } from './effort.ts';
import { cancelJob, noteAnswer, selectHeld, selectKept, showWaiting, useEngine } from './engine.ts';
import { readDocument, useReading } from './reading.ts';
import { notify } from './ui.ts';

export interface LiveAnswer {
  chatId: string;
  turnId: string;
  thinking: string;
  answer: string;
}

interface ChatState {
  documentId: string | null;
  chats: Chat[];
  chatId: string | null;
  /** Every question of the chat, in the order asked. */
  tree: Turn[];
  /** The path through the tree that is shown. */
  turns: Turn[];
  draft: string;
  live: LiveAnswer | null;
  /** The question that was asked last in this window: it is scrolled into sight, also when its answer ends at once. */
  askedId: string | null;
  /** An earlier question that is being edited. */
  editing: { turnId: string; text: string } | null;
  /** Answers that are shown side by side: the shown turn's id, to the id of another answer to its question. */
  beside: Record<string, string>;
  /** Why the last question could not even be asked. */
  failure: CallFailure | null;
  /** The document's map for the turn that the panel shows. */
  map: MapPage[];
  /** What was chosen for "Think first", by chat, or by document before it has a chat. */
  thinkingIn: Record<string, boolean>;
}

const noChat = {
  chatId: null,
  tree: [],
  turns: [],
  draft: '',
  live: null,
  askedId: null,
  editing: null,
  beside: {},
  failure: null,
  map: [],
} satisfies Partial<ChatState>;

export const useChat = create<ChatState>(() => ({ documentId: null, chats: [], thinkingIn: {}, ...noChat }));

/** Timers that save drafts, by chat, or by document before it has a chat: what was typed must not be lost when another chat is opened. */
const saving = new Map<string, ReturnType<typeof setTimeout>>();
/** Drafts that the server does not have yet, under the same keys. */
const unsaved = new Map<string, string>();
const saveDraftMs = 600;

/** The chat whose answer is being followed here: its turns come from the stream. */
let watched: string | null = null;
/** Which revisions of the open chat are shown. */
let shown = { chatId: '', revision: 0, draftRevision: 0 };

const set = useChat.setState;
const get = useChat.getState;
const grown = (tree: Turn[]) => ({ tree, turns: shownPath(tree) });

/** The newest finished answer of the path: what the panel's numbers are about. */
export const selectMeasured = ({ turns }: Pick<ChatState, 'turns'>): Turn | undefined =>
  turns.findLast((turn) => turn.report !== null);

/** Whether the model thinks first about the next question: as chosen for this chat, else as with its last question. */
export const selectThinking = ({ chatId, documentId, thinkingIn, turns }: ChatState): boolean =>
  thinkingIn[chatId ?? documentId ?? ''] ?? turns.at(-1)?.choice.thinking ?? false;

export function setThinking(thinking: boolean): void {
  const { chatId, documentId, thinkingIn } = get();
  set({ thinkingIn: { ...thinkingIn, [chatId ?? documentId ?? '']: thinking } });
}

export async function openChatsOf(documentId: string | null): Promise<void> {
  set({ documentId, chats: [], ...noChat });
  if (documentId === null) return;
  const chats = await api().chats.list({ documentId });
  if (get().documentId !== documentId) return;
  set({ chats });
  const last = chats.at(-1);
  if (last) await openChat(last.id);
}

/** Loads the chats again after a lost connection; what was typed and is not stored yet stays. */
export async function reopenChats(): Promise<void> {
  const { documentId, chatId } = get();
  if (documentId === null) return;
  const chats = await api().chats.list({ documentId });
  if (get().documentId !== documentId || get().chatId !== chatId) return;
  set({ chats });
  const draft = unsaved.get(chatId ?? documentId);
  if (draft !== undefined) setDraft(draft);
  const open = chatId ?? (draft === undefined ? chats.at(-1)?.id : undefined);
  if (open !== undefined) await showChat(open);
}

export async function openChat(chatId: string): Promise<void> {
  set({ ...noChat, chatId, draft: unsaved.get(chatId) ?? '' });
  await showChat(chatId);
}

async function showChat(chatId: string): Promise<void> {
  set({ chatId });
  if (await loadTurns(chatId)) await follow(chatId, () => api().watch({ chatId }));
}

/** Resolves with whether a turn is being answered. Of a chat that is followed here nothing is loaded, unless it is just being opened. */
async function loadTurns(chatId: string, isOpened = true): Promise<boolean> {
  const { turns, draft, revision } = await api().chats.turns({ chatId });
  if (get().chatId !== chatId || (!isOpened && watched === chatId)) return false;
  shown = { chatId, revision, draftRevision: shown.chatId === chatId ? shown.draftRevision : 0 };
  set({ ...grown(withKnown(turns, get().tree)), live: null, draft: unsaved.get(chatId) ?? draft });
  await loadMap();
  return turns.some((turn) => turn.state === 'answering');
}

export async function newChat(): Promise<string | undefined> {
  const { documentId } = get();
  if (documentId === null) return undefined;
  const chat = await api().chats.create({ documentId });
  set(({ chats }) => ({ chats: [...chats, chat] }));
  await openChat(chat.id);
  return chat.id;
}

/** First chats that are being created, by document: a question and its draft may both need one, and only one is made. */
const making = new Map<string, Promise<string>>();

/** Creates a document's first chat, for a question or a draft; the text in the composer stays. */
function firstChat(documentId: string): Promise<string> {
  const make = async () => {
    try {
      const chat = await api().chats.create({ documentId });
      if (get().documentId === documentId)
        set(({ chats, chatId }) => ({ chats: [...chats, chat], chatId: chatId ?? chat.id }));
      return chat.id;
    } finally {
      making.delete(documentId);
    }
  };
  const chat = making.get(documentId) ?? make();
  making.set(documentId, chat);
  return chat;
}

/** The composer's question, after the last one that is shown. */
export async function ask(question: string): Promise<void> {
  const text = question.trim();
  if (text === '' || get().live) return;
  const { documentId } = get();
  if (documentId === null) return;
  const thinking = selectThinking(get()) && useEngine.getState().telemetry?.engine.model?.thinking === 'switch';
  const chatId = get().chatId ?? (await firstChat(documentId));
  setDraft('');
  set({ failure: null });
  const parentId = get().turns.at(-1)?.id ?? null;
  const isOnDisk = selectKept(documentId)(useEngine.getState())?.isReady;
  if ((isOnDisk || isReadOtherwise(documentId)) && !(await ensureRead(documentId))) return setDraft(text);
  await follow(chatId, () => api().ask({ chatId, question: text, parentId, choice: thinking ? { thinking } : {} }), {
    notAsked: () => setDraft(text),
  });
}

export const startEditing = ({ id: turnId, question: text }: Turn) => set({ editing: { turnId, text } });
export const changeEditing = (text: string) => set(({ editing }) => ({ editing: editing && { ...editing, text } }));
export const stopEditing = () => set({ editing: null });

/** The edited question begins a branch beside the old one. */
export async function askEdited(turn: Turn, question: string): Promise<void> {
  const text = question.trim();
  if (text === '' || get().live) return;
  set({ editing: null });
  await askBeside(turn, text, {}, { notAsked: () => set({ editing: { turnId: turn.id, text } }) });
}

/** Another answer to the same question, on a branch of its own; shown side by side with the first where that is wanted. */
export async function answerAgain(turn: Turn, choice: AskChoice = turn.choice, compare = false): Promise<void> {
  await askBeside(turn, turn.question, choice, compare ? { besideId: turn.id } : {});
}

/** Asks again with the proposed changes. They become the document's own choice, except mode and budget of a question that had its own. */
export async function askSmaller(turn: Turn, changes: SmallerPlan['changes']): Promise<void> {
  const { documentId } = get();
  if (documentId === null || get().live) return;
  const { mode, tokenBudget, ...reading } = changes;
  const hasOwnChoice = turn.choice.mode !== undefined || turn.choice.tokenBudget !== undefined;
  const lasting = hasOwnChoice ? reading : changes;
  if (Object.keys(lasting).length > 0) await changeOwnChoice(lasting);
  if (needsReading(changes)) {
    const pages = selectHeld(documentId)(useEngine.getState())?.pages ?? null;
    if (!(await readDocument(documentId, pages))) return;
  }
  const choice = { ...turn.choice, ...(mode && { mode }), ...(tokenBudget !== undefined && { tokenBudget }) };
  await answerAgain(turn, hasOwnChoice ? choice : turn.choice);
}

async function askBeside(turn: Turn, question: string, choice: AskChoice, outcome: Outcome): Promise<void> {
  const { documentId } = get();
  if (documentId === null || get().live) return;
  await ensureRead(documentId);
  const { chatId, parentId } = turn;
  set({ failure: null });
  await follow(chatId, () => api().ask({ chatId, question, parentId, choice }), outcome);
}

/**
 * After a crash or a restart the document is not in memory, or it was read with another effort: it is loaded from disk or read again.
 * False: that did not come to its end.
 */
async function ensureRead(documentId: string): Promise<boolean> {
  const held = selectHeld(documentId)(useEngine.getState());
  if (held) return !isReadOtherwise(documentId) || readDocument(documentId, held.pages);
  const { documentId: looked, range } = useReading.getState();
  return readDocument(documentId, looked === documentId ? range : null);
}

interface Outcome {
  /** Called when the question was refused, to put its text back where it was written. */
  notAsked?: () => void;
  besideId?: string;
}

let following = 0;

/** Follows an answer to its end. A newer call takes over: two would write the same words twice. */
async function follow(
  chatId: string,
  start: () => Promise<AsyncIterable<AskStreamEvent>>,
  { notAsked, besideId }: Outcome = {},
): Promise<void> {
  let asked = false;
  const mine = ++following;
  watched = chatId;
  try {
    for await (const event of await start()) {
      asked = true;
      if (mine !== following) return;
      // The first question gives the chat its name.
      if (event.type === 'turn') void refreshChats();
      if (get().chatId === chatId) take(event);
      else if (event.type === 'ended') break;
      if (event.type === 'turn' && besideId !== undefined) showBeside(event.turn.id, besideId);
    }
  } catch (error) {
    const failure = failureOf(error);
    if (get().chatId !== chatId || mine !== following) return;
    set({ live: null, ...(asked ? {} : { failure }) });
    if (asked) notify(failure.message, 'danger');
    else notAsked?.();
  }
  if (mine === following) watched = null;
  await refreshChats();
}

export function take(event: AskStreamEvent): void {
  showWaiting();
  if (event.type === 'turn') {
    const { turn } = event;
    set(({ tree }) => ({
      ...grown(withChosen([...tree.filter(({ id }) => id !== turn.id), turn], turn.id)),
      live: { chatId: turn.chatId, turnId: turn.id, thinking: turn.thinking, answer: turn.answer },
      askedId: turn.id,
    }));
  } else if (event.type === 'delta' || event.type === 'thinking' || event.type === 'restated') {
    set(({ live }) => ({ live: live && { ...live, ...withText(live, event) } }));
  } else if (event.type === 'ended') {
    const { turn } = event;
    // Another branch may have been chosen here meanwhile: that choice stays.
    set(({ tree }) => ({
      ...grown(tree.map((old) => (old.id === turn.id ? { ...turn, chosen: old.chosen } : old))),
      live: null,
    }));
    const { report } = turn;
    if (report && report.timings.decodeMs > 0) {
      noteAnswer((report.generatedTokens / report.timings.decodeMs) * 1000, report.counters);
      void loadMap();
    }
  }
}

export function stopAnswer(): void {
  const { chatId } = get();
  const job = useEngine.getState().telemetry?.jobs.find((entry) => entry.chatId === chatId);
  if (job) void cancelJob(job.id);
}

/** Shows the branch that a turn is on. */
export async function choose(turnId: string): Promise<void> {
  set(({ tree }) => ({ ...grown(withChosen(tree, turnId)), editing: null }));
  try {
    await api().chats.choose({ turnId });
    await loadMap();
  } catch (error) {
    notify(failureOf(error).message, 'danger');
  }
}

export const showBeside = (turnId: string, otherId: string) =>
  set(({ beside }) => ({ beside: { ...beside, [turnId]: otherId } }));

export function closeBeside(turnId: string): void {
  set(({ beside: { [turnId]: _, ...beside } }) => ({ beside }));
}

async function loadMap(): Promise<void> {
  const turn = selectMeasured(get());
  if (!turn) return set({ map: [] });
  const map = await api().documentMap({ turnId: turn.id });
  if (selectMeasured(get())?.id === turn.id) set({ map });
}

/** Loads the list of chats, and the open chat where it changed: another window may have asked, chosen a branch or written a draft. */
export async function refreshChats(): Promise<void> {
  const { documentId, chatId } = get();
  if (documentId === null) return;
  try {
    const chats = await api().chats.list({ documentId });
    if (get().documentId !== documentId) return;
    set({ chats });
    if (chatId !== null && get().chatId === chatId) await refreshOpenChat(chatId, chats);
  } catch {
    // The connection is lost, which the window shows; everything is loaded again with the next one.
  }
}

async function refreshOpenChat(chatId: string, chats: readonly Chat[]): Promise<void> {
  const open = chats.find(({ id }) => id === chatId);
  if (!open) return openLast(chats);
  const isOther = shown.chatId !== chatId || shown.revision !== open.revision;
  if (isOther && watched !== chatId) {
    // Not waited for: an answer may take minutes.
    if (await loadTurns(chatId, false)) void follow(chatId, () => api().watch({ chatId }));
  } else if (shown.draftRevision !== open.draftRevision) await refreshDraft(open);
}

async function openLast(chats: readonly Chat[]): Promise<void> {
  const last = chats.at(-1);
  set({ ...noChat });
  if (last) await openChat(last.id);
}

/** Loads the draft that another window wrote; what was typed here and is not stored yet stays. */
async function refreshDraft({ id: chatId, draftRevision }: Chat): Promise<void> {
  const { draft } = await api().chats.draft({ chatId });
  if (get().chatId !== chatId) return;
  shown = { ...shown, draftRevision };
  if (!unsaved.has(chatId)) set({ draft });
}

export function setDraft(draft: string): void {
  const { documentId, chatId } = get();
  set({ draft });
  if (documentId === null) return;
  const key = chatId ?? documentId;
  clearTimeout(saving.get(key));
  unsaved.set(key, draft);
  const save = async () => {
    saving.delete(key);
    // Without text no chat is created; and a text that was asked meanwhile is not a draft any more.
    const isAsked = get().documentId === documentId && get().draft !== draft;
    if (chatId === null && (draft.trim() === '' || isAsked)) return void unsaved.delete(key);
    await api().chats.saveDraft({ chatId: chatId ?? (await firstChat(documentId)), draft });
    if (unsaved.get(key) === draft) unsaved.delete(key);
  };
  // A save that fails for a lost connection is not repeated: the next key saves the whole draft.
  saving.set(
    key,
    setTimeout(() => void save().catch(() => {}), saveDraftMs),
  );
}
