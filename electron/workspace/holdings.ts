/** What the running engine holds: documents it has read, and its side of our chats. Void as soon as the engine is another one. */
import { randomUUID } from 'node:crypto';
import type { HeldDocument, PageRange } from '../contract/app-types.ts';
import type { ReadResult } from '../contract/engine-reports.ts';
import { AppError } from '../contract/errors.ts';
import type { KvType } from '../contract/method.ts';
import type { EngineVerbs } from '../engine-host/engine-client.ts';

export interface HeldChat {
  engineChatId: string;
  documentId: string;
  /** Marks the turns that the model remembers together. */
  session: string;
}

interface Held extends HeldDocument {
  engineDocumentId: string;
}

export class Holdings {
  #generation = 0;
  #documents = new Map<string, Held>();
  #chats = new Map<string, HeldChat>();

  /** To be called before anything else of a turn: forgets what an earlier engine held. */
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

  addDocument(documentId: string, result: ReadResult, kvType: KvType, pages: PageRange | null): void {
    this.#documents.set(documentId, {
      documentId,
      engineDocumentId: result.documentId,
      tokens: result.nTokens,
      bytes: result.bytes,
      kvType,
      pages,
      readMs: result.prefillMs,
    });
  }

  /** The engine's chat for one of ours; a new one begins when there is none. */
  async chat(verbs: EngineVerbs, chatId: string, documentId: string): Promise<HeldChat> {
    const known = this.#chats.get(chatId);
    if (known) return known;
    const document = this.#documents.get(documentId);
    if (!document) throw new AppError('DOC_MISSING', 'The document is not in memory. Read it first.');
    const { chatId: engineChatId } = await verbs.newChat({ documentId: document.engineDocumentId });
    const chat = { engineChatId, documentId, session: randomUUID() };
    this.#chats.set(chatId, chat);
    return chat;
  }

  async closeChat(verbs: EngineVerbs, chatId: string): Promise<void> {
    const chat = this.#chats.get(chatId);
    this.#chats.delete(chatId);
    if (chat) await verbs.closeChat({ chatId: chat.engineChatId });
  }

  /** With its chats, as the engine does. */
  async forgetDocument(verbs: EngineVerbs, documentId: string): Promise<void> {
    const document = this.#documents.get(documentId);
    if (!document) return;
    this.#documents.delete(documentId);
    for (const [id, chat] of this.#chats) if (chat.documentId === documentId) this.#chats.delete(id);
    await verbs.forgetDocument({ documentId: document.engineDocumentId });
  }
}
