/**
 * Reads a document: refuses it first when its question could not be answered, then loads it from disk where it is kept, else reads it
 * segment by segment. Whole segments stay, so a reading can pause: the engine is free meanwhile, and the reading goes on with the first
 * missing token.
 */

import { statSync } from 'node:fs';
import type { NativeDocument } from '../../native/binding.ts';
import type { ReadRequest } from '../contract/engine.ts';
import type { MemoryPlan, ReadEvent, ReadResult } from '../contract/engine-reports.ts';
import { AppError, type ErrorCode, toAppError } from '../contract/errors.ts';
import { pageTokens, tokenOffsets } from './detokenizer.ts';
import type { EngineDocument } from './open-documents.ts';
import type { OpenModel } from './open-model.ts';
import { fitAnswer } from './preflight.ts';
import { ProgressMeter } from './progress.ts';
import type { DocumentPrompt } from './prompt.ts';

interface StartedReading {
  model: OpenModel;
  prompt: DocumentPrompt;
  plan: MemoryPlan;
  native: NativeDocument;
}

/** With these errors of a kept file the document is read instead. */
const misses: ReadonlySet<ErrorCode> = new Set(['KV_MISMATCH', 'KV_CORRUPT', 'IO']);

export class Reading {
  readonly #request: ReadRequest;
  #begun: StartedReading | undefined;
  #ms = 0;
  #isLoaded = false;
  /** Why the kept file could not be used. */
  #missed: string | undefined;
  #isPaused = false;
  /** Settles when the addon has stopped working on the current segment. */
  #running: Promise<unknown> | undefined;
  #wake: () => void = () => {};
  #isDone = false;

  constructor(request: ReadRequest) {
    this.#request = request;
  }

  /** Reads to the end; undefined: it was paused. To be called when nothing else computes. */
  async goOn(
    model: OpenModel,
    newId: () => string,
    send: (event: ReadEvent) => void,
    signal: AbortSignal,
  ): Promise<{ document: EngineDocument; result: ReadResult } | undefined> {
    if (this.#isPaused) return undefined;
    this.#begun ??= begin(model, this.#request);
    const begun = this.#begun;
    if (begun.model !== model) throw new AppError('CLOSED', 'Another model was opened meanwhile. Read it again.');
    if (signal.aborted) throw new AppError('CANCELLED', 'Stopped before it began.');
    const cancel = () => begun.native.cancel();
    signal.addEventListener('abort', cancel);
    try {
      this.#running = this.#loadOrRead(begun, send, signal);
      await this.#running;
    } catch (error) {
      if (this.#isPaused && !signal.aborted && toAppError(error).code === 'CANCELLED') return undefined;
      throw error;
    } finally {
      this.#running = undefined;
      signal.removeEventListener('abort', cancel);
    }
    this.#isDone = true;
    return this.#held(begun, newId());
  }

  /** Pauses, and returns how many tokens stay read. */
  async pause(): Promise<number> {
    this.#isPaused = true;
    this.#begun?.native.cancel();
    await this.#running?.catch(() => {});
    return this.#begun?.native.nTokens ?? 0;
  }

  resume(): void {
    this.#isPaused = false;
    this.#wake();
  }

  async untilResumed(ended: AbortSignal): Promise<void> {
    while (this.#isPaused) {
      if (ended.aborted) throw new AppError('CANCELLED', 'Stopped while it was paused.');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        ended.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  /** Frees what was read, unless the reading finished and became a document. */
  close(): void {
    if (!this.#isDone) this.#begun?.native.close();
  }

  async #loadOrRead(begun: StartedReading, send: (event: ReadEvent) => void, signal: AbortSignal): Promise<void> {
    const { keptFile } = this.#request;
    if (keptFile !== undefined && this.#missed === undefined && begun.native.nTokens === 0)
      await this.#load(begun, keptFile, send);
    if (!this.#isLoaded) await this.#read(begun, send, signal);
  }

  async #load(begun: StartedReading, keptFile: string, send: (event: ReadEvent) => void): Promise<void> {
    const { prompt, native } = begun;
    const meter = new ProgressMeter('loading', prompt.tokens.length);
    send(meter.at(0));
    try {
      const { ms } = await native.load(keptFile, prompt.tokens, (done) => send(meter.at(done)));
      this.#ms += ms;
      this.#isLoaded = true;
    } catch (error) {
      const { code, message } = toAppError(error);
      if (!misses.has(code)) throw error;
      this.#missed = message;
      const { text, effort } = this.#request;
      begun.prompt = begun.model.prompt.document(text, { now: new Date(), effort });
    }
  }

  async #read(
    { prompt, native }: StartedReading,
    send: (event: ReadEvent) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { segment, tile } = this.#request;
    const from = native.nTokens;
    // A pause or cancel that came between a failed load and this line met no native call that it could end: it is seen here.
    if (this.#isPaused || signal.aborted) throw new AppError('CANCELLED', 'Stopped before it was read.');
    const meter = new ProgressMeter('reading', prompt.tokens.length, undefined, from);
    const start = performance.now();
    send(meter.at(from));
    try {
      await native.read(prompt.tokens.subarray(from), { segment, tile }, (done) => send(meter.at(from + done)));
    } finally {
      this.#ms += performance.now() - start;
    }
  }

  #held({ model, prompt, plan, native }: StartedReading, id: string): { document: EngineDocument; result: ReadResult } {
    const { text, pages: spans, kvType } = this.#request;
    const nTokens = prompt.tokens.length;
    const own = Array.from(prompt.tokens.subarray(prompt.documentStart, prompt.documentEnd));
    const offsets = tokenOffsets(model.vocabulary, own, text);
    const pages = pageTokens(offsets, spans);
    return {
      document: { id, native, kvType, nTokens, start: prompt.documentStart, pages, offsets, usualReads: new Map() },
      result: {
        type: 'done',
        documentId: id,
        nTokens,
        documentTokens: own.length,
        prefillMs: this.#ms,
        loaded: this.#isLoaded,
        missed: this.#missed ?? null,
        bytes: native.bytes,
        onDevice: native.onDevice,
        plan,
      },
    };
  }
}

/** The day for templates that name it: a kept file was read with the day of its own date, and stays usable on later days. */
function dayOf(keptFile: string | undefined): Date {
  const kept = keptFile === undefined ? undefined : statSync(keptFile, { throwIfNoEntry: false });
  return kept?.mtime ?? new Date();
}

function begin(model: OpenModel, { text, planFor, kvType, home, effort, keptFile }: ReadRequest): StartedReading {
  if (text.trim() === '') throw new AppError('DOC_EMPTY', 'The document has no text.');
  const prompt = model.prompt.document(text, { now: dayOf(keptFile), effort });
  const { nCtxTrain: context, name: modelName } = model.native.info;
  const nQuestion = model.prompt.question(planFor.question, { isFirst: true }).length;
  const held = prompt.tokens.length;
  const { maxNew } = fitAnswer({ modelName, context, held, question: nQuestion, maxNew: planFor.maxNew });
  const { mode, rocket } = planFor;
  const nPrompt = held + nQuestion;
  const plan = model.native.checkPlan({ nPrompt, nQuestion, maxNew, mode, rocket, documentType: kvType, home });
  return { model, prompt, plan, native: model.native.createDocument({ documentType: kvType, home }) };
}
