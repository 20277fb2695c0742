/**
 * Counts tokens of texts before anything is read, with a vocabulary that is kept open while its weights stay on disk. The texts are
 * document text: special tokens in them are ordinary characters.
 */
import { statModel } from './model-files.ts';
import { documentPart } from './text-trust.ts';
import { openTokenizer, type Tokenizer } from './vocabulary.ts';

export class TokenCounting {
  #open: { key: string; tokenizer: Promise<Tokenizer> } | undefined;

  async count(path: string, texts: readonly string[]): Promise<{ counts: number[] }> {
    const tokenizer = await this.#tokenizer(path);
    return {
      counts: texts.map((text) => (text === '' ? 0 : tokenizer.count(documentPart(text).text))),
    };
  }

  /** The key includes size, time and inode: a file that was replaced has another vocabulary. */
  #tokenizer(path: string): Promise<Tokenizer> {
    const key = JSON.stringify([path, ...statModel(path).map(({ stats }) => [stats.size, stats.mtimeMs, stats.ino])]);
    if (this.#open?.key === key) return this.#open.tokenizer;
    const old = this.#open?.tokenizer;
    const opening = (old ?? Promise.resolve(undefined))
      .then((open) => open?.close())
      .catch(() => {})
      .then(() => openTokenizer(path));
    const open = { key, tokenizer: opening };
    this.#open = open;
    opening.catch(() => {
      if (this.#open === open) this.#open = undefined;
    });
    return opening;
  }
}
