/**
 * Tokens of a text before anything is read, with the model's own vocabulary (the weights stay on disk). Document text: special
 * tokens in it are ordinary characters. One vocabulary is kept open.
 */
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Llama, LlamaModel } from 'node-llama-cpp';
import { AppError } from '../../contract/errors.ts';
import type { DocumentText } from '../library/document-store.ts';
import { withoutFolders } from './model-headers.ts';

export interface TokenCounts {
  total: number;
  pages: number[];
  countedWith: string;
}

export class TokenCounter {
  #modelPath: string;
  #countedWith: string;
  #open: Promise<OpenVocabulary> | undefined;
  /** Counts that are being made, with whichever vocabulary they began. */
  readonly #running = new Set<Promise<unknown>>();

  constructor(modelPath: string, countedWith: string) {
    this.#modelPath = modelPath;
    this.#countedWith = countedWith;
  }

  get countedWith(): string {
    return this.#countedWith;
  }

  /** What is being counted is finished with the vocabulary of before. */
  switchTo(modelPath: string, countedWith: string): void {
    if (modelPath === this.#modelPath && countedWith === this.#countedWith) return;
    this.#modelPath = modelPath;
    this.#countedWith = countedWith;
    void this.#let(this.#takeOpen());
  }

  count(document: DocumentText): Promise<TokenCounts> {
    const counting = this.#count(document);
    this.#running.add(counting);
    const done = () => this.#running.delete(counting);
    counting.then(done, done);
    return counting;
  }

  async #count({ text, pages }: DocumentText): Promise<TokenCounts> {
    const countedWith = this.#countedWith;
    const model = await this.#vocabulary();
    const tokens = (part: string) => model.tokenize(part, false, 'trimLeadingSpace').length;
    const total = tokens(text);
    const perPage: number[] = [];
    for (const [i, { start, end }] of pages.entries()) {
      if (i % 64 === 63) await setImmediate(); // a long book must not hold up the window's other questions
      perPage.push(start === end ? 0 : tokens(text.slice(start, end)));
    }
    return { total, pages: perPage, countedWith };
  }

  close(): Promise<void> {
    return this.#let(this.#takeOpen());
  }

  #takeOpen(): Promise<OpenVocabulary> | undefined {
    const open = this.#open;
    this.#open = undefined;
    return open;
  }

  async #let(open: Promise<OpenVocabulary> | undefined): Promise<void> {
    await Promise.allSettled(this.#running);
    const { llama, model } = (await open?.catch(() => undefined)) ?? {};
    await model?.dispose();
    await llama?.dispose();
  }

  async #vocabulary(): Promise<LlamaModel> {
    this.#open ??= openVocabulary(this.#modelPath);
    const open = this.#open;
    try {
      return (await open).model;
    } catch (error) {
      if (this.#open === open) this.#open = undefined;
      throw error;
    }
  }
}

interface OpenVocabulary {
  llama: Llama;
  model: LlamaModel;
}

async function openVocabulary(modelPath: string): Promise<OpenVocabulary> {
  const { getLlama, LlamaLogLevel } = await import('node-llama-cpp');
  const llama = await getLlama({ gpu: false, build: 'never', progressLogs: false, logLevel: LlamaLogLevel.disabled });
  try {
    return { llama, model: await llama.loadModel({ modelPath, vocabOnly: true }) };
  } catch (error) {
    await llama.dispose();
    const why = withoutFolders(
      error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
      modelPath,
    );
    throw new AppError('MODEL_FORMAT', `The vocabulary of ${basename(modelPath)} cannot be read: ${why}`, {
      cause: error,
    });
  }
}
