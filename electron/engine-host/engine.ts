/**
 * The engine host's state: one model, its documents and chats, and one queue for everything that computes. Errors are
 * AppError; events leave in order; whoever leaves a stream cancels what feeds it.
 */
import type { NativeAddon } from '../../native/binding.ts';
import type { AskRequest, ReadRequest } from '../contract/engine.ts';
import type {
  AnswerEvent,
  MemoryPlan,
  ModelInfo,
  OpenedModel,
  PageUse,
  ReadEvent,
} from '../contract/engine-reports.ts';
import { AppError } from '../contract/errors.ts';
import type { AnswerMode, KvType, RocketOptions } from '../contract/method.ts';
import { answer, countersOf } from './answering.ts';
import { EngineQueue } from './engine-queue.ts';
import { EventChannel } from './event-channel.ts';
import { Holdings } from './held-chat.ts';
import { measureAgainst, measureReference, type Reference } from './measuring.ts';
import { type OpenModel, type OpenOptions, openModel } from './open-model.ts';
import { readDocument } from './reading.ts';
import { measureSpeed, type SpeedRequest } from './speed.ts';
import { checkVectorsFile, readVectors } from './vectors-file.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface PlanRequest {
  path?: string | undefined;
  nPrompt: number;
  nQuestion: number;
  maxNew: number;
  mode: AnswerMode;
  rocket: RocketOptions;
  kvType: KvType;
}

export class Engine {
  readonly #addon: NativeAddon;
  readonly #vocabularyOf: ((path: string) => Promise<Vocabulary>) | undefined;
  readonly #queue = new EngineQueue();
  readonly #references = new Map<string, Reference>();
  #holdings = new Holdings();
  #model: OpenModel | undefined;

  constructor(addon: NativeAddon, vocabularyOf?: (path: string) => Promise<Vocabulary>) {
    this.#addon = addon;
    this.#vocabularyOf = vocabularyOf;
  }

  openModel(options: OpenOptions): Promise<OpenedModel> {
    return this.#queue.run(async () => {
      await this.#closeNow();
      this.#model = await openModel(this.#addon, options, this.#vocabularyOf);
      return this.#model.summary;
    });
  }

  inspect(path: string): ModelInfo {
    return this.#addon.inspectModel(path);
  }

  plan({ path, kvType, ...request }: PlanRequest): MemoryPlan {
    const native = { ...request, documentType: kvType };
    return path === undefined ? this.#open().native.plan(native) : this.#addon.plan(path, native);
  }

  readDocument(request: ReadRequest, signal?: AbortSignal): AsyncGenerator<ReadEvent, void, void> {
    return this.#stream<ReadEvent>(signal, async (send, ended) => {
      const id = this.#holdings.newId('doc');
      const { document, result } = await readDocument(this.#open(), id, request, send, ended);
      this.#holdings.addDocument(document);
      return result;
    });
  }

  forgetDocument(documentId: string): Promise<void> {
    return this.#queue.run(() => this.#holdings.closeDocument(documentId));
  }

  newChat(documentId: string): Promise<{ chatId: string }> {
    return this.#queue.run(() => {
      const document = this.#holdings.document(documentId);
      const id = this.#holdings.newId('chat');
      this.#holdings.addChat({ id, document, session: document.native.fork(), questions: [] });
      return { chatId: id };
    });
  }

  closeChat(chatId: string): Promise<void> {
    return this.#queue.run(() => this.#holdings.closeChat(chatId));
  }

  ask(request: AskRequest, signal?: AbortSignal): AsyncGenerator<AnswerEvent, void, void> {
    return this.#stream<AnswerEvent>(signal, (send, ended) => this.#answer(request, send, ended));
  }

  regenerate(request: Omit<AskRequest, 'question'>, signal?: AbortSignal): AsyncGenerator<AnswerEvent, void, void> {
    return this.#stream<AnswerEvent>(signal, (send, ended) => {
      const { questions } = this.#holdings.chat(request.chatId);
      const question = questions.at(-1);
      if (question === undefined) throw new AppError('INVALID_ARGUMENT', 'There is no answer yet to make again.');
      this.#truncate(request.chatId, questions.length - 1);
      return this.#answer({ ...request, question }, send, ended);
    });
  }

  truncate(chatId: string, turns: number): Promise<void> {
    return this.#queue.run(() => this.#truncate(chatId, turns));
  }

  /** Not queued: it ends what the queue is waiting for. */
  cancel(target: string): void {
    this.#holdings.cancelTarget(target)?.cancel();
  }

  counters(chatId: string) {
    return this.#queue.run(() => countersOf(this.#holdings.chat(chatId)));
  }

  documentMap(chatId: string): Promise<PageUse[]> {
    return this.#queue.run(() => {
      const { document, session } = this.#holdings.chat(chatId);
      const { kept, read } = session.documentMap();
      const mean = (values: Uint32Array, first: number, end: number) => {
        let sum = 0;
        for (let i = first; i < end; i++) sum += values[i] ?? 0;
        return end > first ? sum / (end - first) : 0;
      };
      return document.pages.map(({ label, first, end }) => ({
        label,
        tokens: end - first,
        kept: mean(kept, document.start + first, document.start + end),
        read: mean(read, document.start + first, document.start + end),
      }));
    });
  }

  measureReference(chatId: string, question: string, maxNew: number, rocket: RocketOptions) {
    return this.#queue.run(async () => {
      const reference = await measureReference(this.#open(), this.#holdings.chat(chatId), question, maxNew, rocket);
      const referenceId = this.#holdings.newId('ref');
      this.#references.set(referenceId, reference);
      return { referenceId, answer: reference.answer, positions: reference.logits.length };
    });
  }

  measureAgainst(chatId: string, referenceId: string, mode: AnswerMode, rocket: RocketOptions) {
    return this.#queue.run(async () => {
      const chat = this.#holdings.chat(chatId);
      const reference = this.#references.get(referenceId);
      if (!reference) throw new AppError('CLOSED', 'This reference was forgotten.');
      const positions = await measureAgainst(this.#open(), chat, reference, mode, rocket);
      return { positions, counters: countersOf(chat) };
    });
  }

  forgetReference(referenceId: string): void {
    this.#references.delete(referenceId);
  }

  measureSpeed(request: SpeedRequest) {
    return this.#queue.run(() => measureSpeed(this.#open(), request));
  }

  checkVectors(path: string, device: 'cpu' | 'cuda') {
    if (device === 'cuda') throw new AppError('GPU_NONE', 'This build computes on the CPU only.');
    return this.#queue.run(async () => checkVectorsFile(this.#addon, await readVectors(path)));
  }

  close(): Promise<void> {
    return this.#queue.run(() => this.#closeNow());
  }

  async #closeNow(): Promise<void> {
    this.#references.clear();
    this.#holdings.closeAll();
    this.#holdings = new Holdings();
    const model = this.#model;
    this.#model = undefined;
    model?.native.close();
    await model?.vocabulary.close();
  }

  #open(): OpenModel {
    if (!this.#model) throw new AppError('CLOSED', 'No model is open.');
    return this.#model;
  }

  #truncate(chatId: string, turns: number): void {
    const { session, questions } = this.#holdings.chat(chatId);
    const border = session.borders[turns];
    if (turns > questions.length || border === undefined)
      throw new AppError('INVALID_ARGUMENT', `This chat has ${questions.length} answers; ${turns} cannot be kept.`);
    session.truncate(border);
    questions.length = turns;
  }

  async #answer(request: AskRequest, send: (event: AnswerEvent) => void, ended: AbortSignal) {
    const chat = this.#holdings.chat(request.chatId);
    const cancel = () => chat.session.cancel();
    ended.addEventListener('abort', cancel);
    try {
      return await answer(this.#open(), chat, request, send);
    } finally {
      ended.removeEventListener('abort', cancel);
    }
  }

  /** Queued work as a stream of events; `ended` fires when the reader leaves or `signal` does. */
  async *#stream<T>(
    signal: AbortSignal | undefined,
    work: (send: (event: T) => void, ended: AbortSignal) => Promise<T>,
  ): AsyncGenerator<T, void, void> {
    const channel = new EventChannel<T>();
    const left = new AbortController();
    const ended = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
    const running = this.#queue
      .run(() => work((event) => channel.push(event), ended), ended)
      .then(
        (last) => {
          channel.push(last);
          channel.end();
        },
        (error) => channel.fail(error),
      );
    try {
      yield* channel;
    } finally {
      left.abort();
      await running;
    }
  }
}
