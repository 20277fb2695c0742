/**
 * What the running engine holds: the documents that it has read, and the engine's chat for each of the library's chats. Reset when another
 * engine is started.
 */
import type { HeldDocument, ReadAs } from '../../contract/app-types.ts';
import type { ReadResult } from '../../contract/engine-reports.ts';
import { AppError } from '../../contract/errors.ts';
import type { AnswerMode } from '../../contract/method.ts';
import type { EngineVerbs } from '../../engine-host/engine-client.ts';
import { Queue } from '../../hosts/queue.ts';

export interface SessionChat {
  engineChatId: string;
  documentId: string;
  /** For each question that the engine's chat answered: the ids of the turns that were read again with it, then of its own turn. */
  asked: string[][];
  /** Mode rocketkv dropped the rows that its questions did not select: such a chat can only go on in that mode. */
  evicted: boolean;
}

interface Held extends HeldDocument {
  engineDocumentId: string;
}

export class EngineSession {
  #generation = 0;
  readonly #queue = new Queue();
  #documents = new Map<string, Held>();
  #chats = new Map<string, SessionChat>();

  /** To be called before each use: forgets what an earlier engine held. */
  at(generation: number): this {
    if (generation !== this.#generation) {
      this.#generation = generation;
      this.#documents = new Map();
      this.#chats = new Map();
    }
    return this;
  }

  get documents(): HeldDocument[] {
    return [...this.#documents.values()].map(({ engineDocumentId: _, ...held }) => held);
  }

  document(documentId: string): HeldDocument | undefined {
    return this.#documents.get(documentId);
  }

  /** The engine's id of the document; undefined: it is not read. */
  engineDocument(documentId: string): string | undefined {
    return this.#documents.get(documentId)?.engineDocumentId;
  }

  /** Works on a temporary chat of the engine that belongs to no chat of the library. */
  async inPassingChat<T>(
    verbs: EngineVerbs,
    documentId: string,
    work: (engineChatId: string) => Promise<T>,
  ): Promise<T> {
    const document = this.#documents.get(documentId);
    if (!document) throw new AppError('DOC_MISSING', 'The document is not in memory. Read it first.');
    const { chatId } = await verbs.newChat({ documentId: document.engineDocumentId });
    try {
      return await work(chatId);
    } finally {
      // The chat may have ended with its engine or its document.
      await verbs.closeChat({ chatId }).catch(() => {});
    }
  }

  addDocument(documentId: string, result: ReadResult, readAs: ReadAs): void {
    this.#documents.set(documentId, {
      documentId,
      engineDocumentId: result.documentId,
      tokens: result.nTokens,
      bytes: result.bytes,
      ...readAs,
      onDevice: result.onDevice,
      readMs: result.prefillMs,
    });
  }

  /**
   * The engine's chat for a chat of the library, which holds the first `held` turns of `path` and no others; the caller sends the missing
   * ones with the question. Answers of another branch are cut off, or a new chat begins where they cannot be.
   */
  chatAlong(
    verbs: EngineVerbs,
    subject: { chatId: string; documentId: string },
    path: readonly string[],
    mode: AnswerMode,
  ): Promise<{ chat: SessionChat; held: number }> {
    // Queued: a caller that stopped waiting and asks again must find the chat that is being begun, and not begin another one.
    return this.#queue.run(() => this.#chatAlong(verbs, subject, path, mode));
  }

  async #chatAlong(
    verbs: EngineVerbs,
    subject: { chatId: string; documentId: string },
    path: readonly string[],
    mode: AnswerMode,
  ): Promise<{ chat: SessionChat; held: number }> {
    const { chatId, documentId } = subject;
    const known = this.#chats.get(chatId);
    const usable = known ? answersAlong(known.asked, path) : 0;
    const isWhole = usable === known?.asked.length;
    if (known?.evicted && !(isWhole && mode === 'rocketkv')) await this.closeChat(verbs, chatId);
    else if (known && !isWhole) {
      await verbs.truncate({ chatId: known.engineChatId, turns: usable });
      // Only after truncate: if that fails, the chat still holds the other branch and is cut the next time.
      known.asked.length = usable;
    }
    const chat = this.#chats.get(chatId) ?? (await this.#begin(verbs, chatId, documentId));
    return { chat, held: chat.asked.flat().length };
  }

  async #begin(verbs: EngineVerbs, chatId: string, documentId: string): Promise<SessionChat> {
    const document = this.#documents.get(documentId);
    if (!document) throw new AppError('DOC_MISSING', 'The document is not in memory. Read it first.');
    const { chatId: engineChatId } = await verbs.newChat({ documentId: document.engineDocumentId });
    const chat = { engineChatId, documentId, asked: [], evicted: false };
    this.#chats.set(chatId, chat);
    return chat;
  }

  async closeChat(verbs: EngineVerbs, chatId: string): Promise<void> {
    const chat = this.#chats.get(chatId);
    this.#chats.delete(chatId);
    if (chat) await verbs.closeChat({ chatId: chat.engineChatId });
  }

  /** Forgets the document with its chats, as the engine does. */
  async forgetDocument(verbs: EngineVerbs, documentId: string): Promise<void> {
    const document = this.#documents.get(documentId);
    if (!document) return;
    this.#documents.delete(documentId);
    for (const [id, chat] of this.#chats) if (chat.documentId === documentId) this.#chats.delete(id);
    await verbs.forgetDocument({ documentId: document.engineDocumentId });
  }
}

/** How many of an engine chat's answers, from the first on, are on the path. */
function answersAlong(asked: readonly string[][], path: readonly string[]): number {
  let at = 0;
  for (const [i, turns] of asked.entries()) {
    if (!turns.every((id, k) => path[at + k] === id)) return i;
    at += turns.length;
  }
  return asked.length;
}
