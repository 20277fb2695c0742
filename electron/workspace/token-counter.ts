/**
 * Tokens of a text before anything is read, with the model's own vocabulary (the weights stay on disk). Document text: special
 * tokens in it are ordinary characters. One vocabulary is kept open.
 */
import { setImmediate } from 'node:timers/promises';
import type { Llama, LlamaModel } from 'node-llama-cpp';
import type { DocumentText } from '../library/document-store.ts';

export interface TokenCounts {
  total: number;
  pages: number[];
  countedWith: string;
}

export class TokenCounter {
  readonly #modelPath: string;
  readonly #countedWith: string;
  #open: Promise<{ llama: Llama; model: LlamaModel }> | undefined;

  constructor(modelPath: string, countedWith: string) {
    this.#modelPath = modelPath;
    this.#countedWith = countedWith;
  }

  get countedWith(): string {
    return this.#countedWith;
  }

  async count({ text, pages }: DocumentText): Promise<TokenCounts> {
    const model = await this.#vocabulary();
    const tokens = (part: string) => model.tokenize(part, false, 'trimLeadingSpace').length;
    const total = tokens(text);
    const perPage: number[] = [];
    for (const [i, { start, end }] of pages.entries()) {
      if (i % 64 === 63) await setImmediate(); // a long book must not hold up the window's other questions
      perPage.push(start === end ? 0 : tokens(text.slice(start, end)));
    }
    return { total, pages: perPage, countedWith: this.#countedWith };
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    const { llama, model } = (await open?.catch(() => undefined)) ?? {};
    await model?.dispose();
    await llama?.dispose();
  }

  async #vocabulary(): Promise<LlamaModel> {
    this.#open ??= openVocabulary(this.#modelPath);
    try {
      return (await this.#open).model;
    } catch (error) {
      this.#open = undefined;
      throw error;
    }
  }
}

async function openVocabulary(modelPath: string) {
  const { getLlama, LlamaLogLevel } = await import('node-llama-cpp');
  const llama = await getLlama({ gpu: false, build: 'never', progressLogs: false, logLevel: LlamaLogLevel.disabled });
  try {
    return { llama, model: await llama.loadModel({ modelPath, vocabOnly: true }) };
  } catch (error) {
    await llama.dispose();
    throw error;
  }
}
