/** What the engine host remembers of a document and of the chats on it, beside what the addon holds. */
import type { NativeDocument, NativeSession } from '../../native/binding.ts';
import type { EarlierTurn } from '../contract/engine.ts';
import { AppError } from '../contract/errors.ts';
import type { KvType } from '../contract/method.ts';
import type { TokenSpan } from './detokenizer.ts';
import type { ReadChoice } from './usual-reads.ts';

export interface HeldDocument {
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

export interface AskedQuestion {
  question: string;
  /** Turns that were read again with it. */
  earlier: EarlierTurn[];
}

export interface HeldChat {
  id: string;
  document: HeldDocument;
  session: NativeSession;
  /** Questions answered so far; session.borders has one entry more. */
  questions: AskedQuestion[];
  /** Its own answer is being made: the addon's map grows. */
  isAnswering: boolean;
  /** Of the last question. */
  choice: ReadChoice | undefined;
  /** Of the last answer, once it is made. */
  map: TokenUse | undefined;
}

/** Documents and chats by id; chats end before their document, as the addon asks. */
export class Holdings {
  readonly #documents = new Map<string, HeldDocument>();
  readonly #chats = new Map<string, HeldChat>();
  #next = 1;

  newId(kind: 'doc' | 'chat' | 'ref'): string {
    return `${kind}-${this.#next++}`;
  }

  addDocument(document: HeldDocument): void {
    this.#documents.set(document.id, document);
  }

  addChat(chat: HeldChat): void {
    this.#chats.set(chat.id, chat);
  }

  document(id: string): HeldDocument {
    const document = this.#documents.get(id);
    if (!document) throw new AppError('CLOSED', 'This document is not open any more. Read it again.');
    return document;
  }

  chat(id: string): HeldChat {
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
