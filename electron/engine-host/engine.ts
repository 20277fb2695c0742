/**
 * The engine host's state: one model, its documents and chats, and one queue for everything that computes. Errors are AppError; events are
 * sent in order; leaving a stream cancels the work behind it.
 */
import type { NativeAddon } from '../../native/binding.ts';
import type { AskRequest, ReadRequest } from '../contract/engine.ts';
import type {
  AnswerEvent,
  Counters,
  MemoryPlan,
  ModelInfo,
  OpenedModel,
  PageUse,
  PassageReads,
  ReadEvent,
} from '../contract/engine-reports.ts';
import { AppError } from '../contract/errors.ts';
import type { AnswerMode, DocumentHome, KvType, RocketOptions } from '../contract/method.ts';
import { EventChannel } from '../hosts/event-channel.ts';
import { Queue } from '../hosts/queue.ts';
import { answer, countersOf } from './answering.ts';
import { measureAgainst, measureReference, type Reference } from './measuring.ts';
import { findModel } from './model-check.ts';
import { firstPart } from './model-files.ts';
import { keepTurns, OpenDocuments } from './open-documents.ts';
import { cudaOf, type OpenModel, type OpenOptions, openModel } from './open-model.ts';
import { pageUses } from './page-uses.ts';
import { Reading } from './reading.ts';
import { keepDocument } from './save-document.ts';
import { measureUsualReads, passageReads, type ReadChoice } from './usual-reads.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface PlanRequest {
  path?: string | undefined;
  device?: string | undefined;
  expertsInRam?: number | undefined;
  nPrompt: number;
  nQuestion: number;
  maxNew: number;
  mode: AnswerMode;
  rocket: RocketOptions;
  kvType: KvType;
  home?: DocumentHome | undefined;
}

export class Engine {
  readonly #addon: NativeAddon;
  readonly #vocabularyOf: ((path: string) => Promise<Vocabulary>) | undefined;
  readonly #queue = new Queue();
  readonly #readings = new Map<string, Reading>();
  readonly #references = new Map<string, Reference>();
  #documents = new OpenDocuments();
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

  async inspect(path: string): Promise<ModelInfo> {
    const [first] = await findModel(path);
    return this.#addon.inspectModel(first?.path ?? path);
  }

  plan({ path, device = 'cpu', expertsInRam, kvType, ...request }: PlanRequest): MemoryPlan {
    const native = { ...request, documentType: kvType };
    return path === undefined
      ? this.#open().native.plan(native)
      : this.#addon.plan(firstPart(path), native, cudaOf(device, expertsInRam));
  }

  readDocument(request: ReadRequest, signal?: AbortSignal): AsyncGenerator<ReadEvent, void, void> {
    // A caller that stopped the reading does not get the document's id, and could not free it.
    const forgetUnclaimed = async (last: ReadEvent) => {
      if (last.type === 'done') await this.forgetDocument(last.documentId);
    };
    return this.#stream<ReadEvent>(
      signal,
      async (send, ended) => {
        const { readingId } = request;
        const reading = new Reading(request);
        if (readingId !== undefined) this.#readings.set(readingId, reading);
        const goOn = async () => {
          const read = await reading.goOn(this.#open(), () => this.#documents.newId('doc'), send, ended);
          if (read) this.#documents.addDocument(read.document);
          return read?.result;
        };
        try {
          for (;;) {
            const result = await this.#queue.run(goOn, ended);
            if (result) return result;
            await reading.untilResumed(ended);
          }
        } finally {
          reading.close();
          if (readingId !== undefined) this.#readings.delete(readingId);
        }
      },
      forgetUnclaimed,
    );
  }

  reading(readingId: string): Reading {
    const reading = this.#readings.get(readingId);
    if (!reading) throw new AppError('CLOSED', 'This reading is over.');
    return reading;
  }

  keepDocument(documentId: string, path: string, signal?: AbortSignal): Promise<{ bytes: number }> {
    return keepDocument(this.#queue, () => this.#documents.document(documentId), path, signal);
  }

  forgetDocument(documentId: string): Promise<void> {
    return this.#queue.run(() => this.#documents.closeDocument(documentId));
  }

  newChat(documentId: string): Promise<{ chatId: string }> {
    return this.#queue.run(() => {
      const document = this.#documents.document(documentId);
      const id = this.#documents.newId('chat');
      this.#documents.addChat({
        id,
        document,
        session: document.native.fork(),
        questions: [],
        evicted: false,
        isAnswering: false,
        choice: undefined,
        map: undefined,
      });
      return { chatId: id };
    });
  }

  closeChat(chatId: string): Promise<void> {
    return this.#queue.run(() => this.#documents.closeChat(chatId));
  }

  ask(request: AskRequest, signal?: AbortSignal): AsyncGenerator<AnswerEvent, void, void> {
    return this.#stream<AnswerEvent>(signal, (send, ended) =>
      this.#queue.run(() => this.#answer(request, send, ended), ended),
    );
  }

  regenerate(
    request: Omit<AskRequest, 'question' | 'earlier'>,
    signal?: AbortSignal,
  ): AsyncGenerator<AnswerEvent, void, void> {
    const again = async (send: (event: AnswerEvent) => void, ended: AbortSignal) => {
      const chat = this.#documents.chat(request.chatId);
      const last = chat.questions.at(-1);
      if (last === undefined) throw new AppError('INVALID_ARGUMENT', 'There is no answer yet to make again.');
      const { question, earlier } = last;
      await keepTurns(chat, chat.questions.length - 1);
      return this.#answer({ ...request, question, earlier }, send, ended);
    };
    return this.#stream<AnswerEvent>(signal, (send, ended) => this.#queue.run(() => again(send, ended), ended));
  }

  truncate(chatId: string, turns: number): Promise<void> {
    return this.#queue.run(() => keepTurns(this.#documents.chat(chatId), turns));
  }

  /** Not queued: it ends the work that the queue waits for. */
  cancel(target: string): void {
    this.#documents.cancelTarget(target)?.cancel();
  }

  /** Not queued: the addon publishes counters and map while it answers, and a watcher must not wait for the end. */
  counters(chatId: string): Counters {
    return countersOf(this.#documents.chat(chatId));
  }

  documentMap(chatId: string): PageUse[] {
    return pageUses(this.#documents.chat(chatId));
  }

  measureUsualReads(documentId: string, choice: ReadChoice, signal?: AbortSignal): Promise<void> {
    return this.#queue.run(
      () => measureUsualReads(this.#open(), this.#documents.document(documentId), choice, signal),
      signal,
    );
  }

  passageReads(chatId: string, passages: readonly { start: number; end: number }[]): PassageReads[] {
    return passageReads(this.#documents.chat(chatId), passages);
  }

  measureReference(chatId: string, question: string, maxNew: number, rocket: RocketOptions, signal?: AbortSignal) {
    return this.#queue.run(async () => {
      const chat = this.#documents.chat(chatId);
      const reference = await measureReference(this.#open(), chat, question, maxNew, rocket, signal);
      const referenceId = this.#documents.newId('ref');
      this.#references.set(referenceId, reference);
      return { referenceId, answer: reference.answer, positions: reference.logits.length };
    });
  }

  measureAgainst(chatId: string, referenceId: string, mode: AnswerMode, rocket: RocketOptions, signal?: AbortSignal) {
    return this.#queue.run(async () => {
      const chat = this.#documents.chat(chatId);
      const reference = this.#references.get(referenceId);
      if (!reference) throw new AppError('CLOSED', 'This reference was forgotten.');
      const positions = await measureAgainst(this.#open(), chat, reference, mode, rocket, signal);
      return { positions, counters: countersOf(chat) };
    });
  }

  forgetReference(referenceId: string): void {
    this.#references.delete(referenceId);
  }

  probeDevice(device: string) {
    const cuda = cudaOf(device);
    if (!cuda) throw new AppError('INVALID_ARGUMENT', 'The CPU needs no trying out.');
    return this.#queue.run(async () => this.#addon.probeCuda(cuda));
  }

  /** Runs work of the lab on the open model, in the same queue as everything else that computes. */
  compute<T>(work: (model: OpenModel) => Promise<T>): Promise<T> {
    return this.#queue.run(() => work(this.#open()));
  }

  close(): Promise<void> {
    return this.#queue.run(() => this.#closeNow());
  }

  async #closeNow(): Promise<void> {
    this.#references.clear();
    this.#documents.closeAll();
    this.#documents = new OpenDocuments();
    const model = this.#model;
    this.#model = undefined;
    model?.native.close();
    await model?.vocabulary.close();
  }

  #open(): OpenModel {
    if (!this.#model) throw new AppError('CLOSED', 'No model is open.');
    return this.#model;
  }

  async #answer(request: AskRequest, send: (event: AnswerEvent) => void, ended: AbortSignal) {
    const chat = this.#documents.chat(request.chatId);
    const cancel = () => chat.session.cancel();
    // No await follows before the addon's call: an abort before this line is seen here, a later one by `cancel`.
    if (ended.aborted) throw new AppError('CANCELLED', 'Stopped before it began.');
    ended.addEventListener('abort', cancel);
    try {
      chat.isAnswering = true;
      chat.choice = { mode: request.mode, rocket: request.rocket };
      const report = await answer(this.#open(), chat, request, send);
      // Taken before the next work in the queue: while another chat is answered the addon cannot read this one's map.
      chat.map = chat.session.documentMap();
      return report;
    } finally {
      chat.isAnswering = false;
      ended.removeEventListener('abort', cancel);
    }
  }

  /** Work as a stream of events; `ended` fires when the reader leaves or `signal` does. */
  async *#stream<T>(
    signal: AbortSignal | undefined,
    work: (send: (event: T) => void, ended: AbortSignal) => Promise<T>,
    /**
     * Called with a last event that nobody took because the stream was stopped. Absent: the last event is sent in any case, also to a
     * reader that has just stopped.
     */
    onUnclaimed?: (last: T) => Promise<void>,
  ): AsyncGenerator<T, void, void> {
    let unclaimed: T | undefined;
    const channel = new EventChannel<T>();
    const left = new AbortController();
    const ended = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
    const running = work((event) => channel.push(event), ended).then(
      (last) => {
        unclaimed = last;
        channel.push(last);
        channel.end();
      },
      (error) => channel.fail(error),
    );
    try {
      for await (const event of channel) {
        if (event === unclaimed) {
          if (onUnclaimed && signal?.aborted) throw new AppError('CANCELLED', 'Stopped.');
          unclaimed = undefined;
        }
        yield event;
      }
    } finally {
      left.abort();
      await running;
      if (unclaimed !== undefined) await onUnclaimed?.(unclaimed);
    }
  }
}
