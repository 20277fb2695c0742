/** What the engine host remembers of a document and of the chats on it, beside what the addon holds. */

import type { NativeDocument, NativeSession } from '../../native/binding.ts';
import type { EarlierTurn } from '../contract/engine.ts';
import { AppError } from '../contract/errors.ts';
import type { KvType } from '../contract/method.ts';
import { plural } from '../contract/number-words.ts';
import type { TokenSpan } from './detokenizer.ts';
import type { ReadChoice } from './usual-reads.ts';

export interface EngineDocument {
  id: string;
  native: NativeDocument;
  kvType: KvType;
  nTokens: number;
  /** Tokens before the document's own: template start and our words. */
  start: number;
  /** Relative to `start`. */
  pages: TokenSpan[];
  /** Where each of the document's own tokens begins in its text, and the end (UTF-16 units). */
  offsets: Uint32Array;
  /** Reads of each own token by a neutral question, by the choice they were measured with (usual-reads.ts). */
  usualReads: Map<string, Uint32Array>;
}

/** For each token of a chat: how many (layer, KV head) kept it, and how often stage 2 read it. */
export interface TokenUse {
  kept: Uint32Array;
  read: Uint32Array;
}

export interface AskedQuestion extends EarlierTurn {
  /** Turns that were read again with it. */
  earlier: EarlierTurn[];
  /** Which turn of the session holds its rows. At the session's end or behind it: none does, it is read again with the next question. */
  turn: number;
}

export interface EngineChat {
  id: string;
  document: EngineDocument;
  session: NativeSession;
  /** Questions answered so far. */
  questions: AskedQuestion[];
  /** Mode rocketkv has let go of rows: what came before an answer cannot be put together again. */
  evicted: boolean;
  /** Its own answer is being made: the addon's map grows. */
  isAnswering: boolean;
  /** Of the last question. */
  choice: ReadChoice | undefined;
  /** Of the last answer, once it is made. */
  map: TokenUse | undefined;
}

/** Turns whose rows the session holds. */
const heldTurns = ({ session }: EngineChat): number => session.borders.length - 1;

/** Nothing but the document comes before the next question. */
export const isFirstQuestion = (chat: EngineChat): boolean => heldTurns(chat) === 0;

/** Of the chat, and not in its session: to be read again before the next question. */
export function unreadTurns(chat: EngineChat): EarlierTurn[] {
  const held = heldTurns(chat);
  const unread = chat.questions.filter(({ turn }) => turn >= held);
  return unread.flatMap(({ question, answer, thought, earlier }) => [...earlier, { question, answer, thought }]);
}

/** The session has just answered it, after reading what was unread. */
export function noteAsked(chat: EngineChat, asked: Omit<AskedQuestion, 'turn'>): void {
  const turn = heldTurns(chat) - 1;
  chat.questions = chat.questions.map((before) => (before.turn > turn ? { ...before, turn } : before));
  chat.questions.push({ ...asked, turn });
}

/** What the last answer thought is not there for the next question: its turn leaves the session, and is read again without. */
export async function dropThinking(chat: EngineChat): Promise<void> {
  const last = chat.questions.at(-1);
  const border = last && chat.session.borders[last.turn];
  if (!last?.thought || border === undefined || last.turn >= heldTurns(chat) || chat.evicted) return;
  await chat.session.truncate(border);
}

/** Keeps the first questions and their answers. */
export async function keepTurns(chat: EngineChat, turns: number): Promise<void> {
  const dropped = chat.questions[turns];
  if (turns > chat.questions.length)
    throw new AppError(
      'INVALID_ARGUMENT',
      `This chat has ${plural(chat.questions.length, 'answer')}; ${turns} cannot be kept.`,
    );
  const border = dropped && dropped.turn < heldTurns(chat) ? chat.session.borders[dropped.turn] : undefined;
  if (border !== undefined) await chat.session.truncate(border);
  chat.questions.length = turns;
  chat.map = undefined;
}

/** Documents and chats by id; chats end before their document, as the addon asks. */
export class OpenDocuments {
  readonly #documents = new Map<string, EngineDocument>();
  readonly #chats = new Map<string, EngineChat>();
  #next = 1;

  newId(kind: 'doc' | 'chat' | 'ref'): string {
    return `${kind}-${this.#next++}`;
  }

  addDocument(document: EngineDocument): void {
    this.#documents.set(document.id, document);
  }

  addChat(chat: EngineChat): void {
    this.#chats.set(chat.id, chat);
  }

  document(id: string): EngineDocument {
    const document = this.#documents.get(id);
    if (!document) throw new AppError('CLOSED', 'This document is not open any more. Read it again.');
    return document;
  }

  chat(id: string): EngineChat {
    const chat = this.#chats.get(id);
    if (!chat) throw new AppError('CLOSED', 'This chat is not open any more.');
    return chat;
  }

  /** The session or document that `id` names. */
  cancelTarget(id: string): { cancel(): void } | undefined {
    return this.#chats.get(id)?.session ?? this.#documents.get(id)?.native;
  }

  closeChat(id: string): void {
    this.chat(id).session.close();
    this.#chats.delete(id);
  }

  closeDocument(id: string): void {
    const document = this.document(id);
    for (const chat of [...this.#chats.values()]) if (chat.document === document) this.closeChat(chat.id);
    document.native.close();
    this.#documents.delete(id);
  }

  closeAll(): void {
    for (const id of [...this.#documents.keys()]) this.closeDocument(id);
  }
}
