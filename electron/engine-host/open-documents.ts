/** What the engine host stores about a document and its chats, in addition to the addon's state. */

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
  /** How many tokens come before the document's own: template start and the prompt's words. */
  start: number;
  /** Token spans of the pages, counted from `start`. */
  pages: TokenSpan[];
  /** Where each of the document's own tokens begins in its text, and the end (UTF-16 units). */
  offsets: Uint32Array;
  /** How often a neutral question reads each of the document's own tokens; the key is the choice it was measured with (usual-reads.ts). */
  usualReads: Map<string, Uint32Array>;
}

/** For each token of a chat: how many (layer, KV head) kept it, and how often stage 2 read it. */
export interface TokenUse {
  kept: Uint32Array;
  read: Uint32Array;
}

export interface AskedQuestion extends EarlierTurn {
  /** Earlier turns that were read again with this question. */
  earlier: EarlierTurn[];
  /** Index of the session's turn that holds its rows. If the session has no such turn any more, it is read again with the next question. */
  turn: number;
}

export interface EngineChat {
  id: string;
  document: EngineDocument;
  session: NativeSession;
  /** Questions answered so far. */
  questions: AskedQuestion[];
  /** Mode rocketkv has dropped rows, so the state before an answer cannot be restored. */
  evicted: boolean;
  /** This chat is being answered: the addon's map is the current one. */
  isAnswering: boolean;
  /** The method's choice for the last question. */
  choice: ReadChoice | undefined;
  /** The map of the last answer, once it is made. */
  map: TokenUse | undefined;
}

/** How many turns the session holds rows of. */
const heldTurns = ({ session }: EngineChat): number => session.borders.length - 1;

/** Whether only the document comes before the next question. */
export const isFirstQuestion = (chat: EngineChat): boolean => heldTurns(chat) === 0;

/** Turns of the chat that its session does not hold: they are read again before the next question. */
export function unreadTurns(chat: EngineChat): EarlierTurn[] {
  const held = heldTurns(chat);
  const unread = chat.questions.filter(({ turn }) => turn >= held);
  return unread.flatMap(({ question, answer, thought, earlier }) => [...earlier, { question, answer, thought }]);
}

/** Notes a question that the session has just answered, after it read the unread turns. */
export function noteAsked(chat: EngineChat, asked: Omit<AskedQuestion, 'turn'>): void {
  const turn = heldTurns(chat) - 1;
  chat.questions = chat.questions.map((before) => (before.turn > turn ? { ...before, turn } : before));
  chat.questions.push({ ...asked, turn });
}

/**
 * Removes the last answer's thinking before the next question: its turn is dropped from the session, and read again without the thinking.
 */
export async function dropThinking(chat: EngineChat): Promise<void> {
  const last = chat.questions.at(-1);
  const border = last && chat.session.borders[last.turn];
  if (!last?.thought || border === undefined || last.turn >= heldTurns(chat) || chat.evicted) return;
  await chat.session.truncate(border);
}

/** Keeps the first `turns` questions and their answers. */
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

/** Documents and chats by id. Chats are closed before their document, as the addon requires. */
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

  /** The session or document with this id. */
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
