/**
 * Counts tokens of a text before anything is read, with the vocabulary of the model in use. Each page is counted once, by the inspection
 * host.
 */
import { maxCountedTexts, maxCountedUnits } from '../../contract/engine.ts';
import { AppError, toAppError } from '../../contract/errors.ts';
import type { DocumentText } from '../library/document-store.ts';
import { type InspectionHost, isDeath } from './inspection-host.ts';
import { withoutFolders } from './model-headers.ts';

export interface TokenCounts {
  total: number;
  pages: number[];
  countedWith: string;
}

export class TokenCounter {
  readonly #host: InspectionHost;
  #modelPath: string;
  #countedWith: string;

  constructor(host: InspectionHost, modelPath: string, countedWith: string) {
    this.#host = host;
    this.#modelPath = modelPath;
    this.#countedWith = countedWith;
  }

  get countedWith(): string {
    return this.#countedWith;
  }

  /** A count that has begun is finished with the old vocabulary. */
  switchTo(modelPath: string, countedWith: string): void {
    this.#modelPath = modelPath;
    this.#countedWith = countedWith;
  }

  async count({ text, pages }: DocumentText): Promise<TokenCounts> {
    const [path, countedWith] = [this.#modelPath, this.#countedWith];
    const counts = pages.map(() => 0);
    for (const batch of batches(text, pages)) {
      const found = await this.#countTexts(
        path,
        batch.map((piece) => text.slice(piece.start, piece.end)),
      );
      for (const [i, { page }] of batch.entries()) counts[page] = (counts[page] ?? 0) + (found[i] ?? 0);
    }
    return { total: counts.reduce((sum, count) => sum + count, 0), pages: counts, countedWith };
  }

  /** Counts a text without pages: a question, an answer. */
  async countText(text: string): Promise<number> {
    return (await this.count({ text, pages: [{ label: '', start: 0, end: text.length }] })).total;
  }

  /** Tries a second time if the host died, since other work may have ended it: it also reads headers of unknown files. */
  async #countTexts(path: string, texts: string[]): Promise<number[]> {
    const ask = () => this.#host.use((verbs) => verbs.countTokens({ path, texts }));
    try {
      return (await ask().catch((error) => (isDeath(error) ? ask() : Promise.reject(error)))).counts;
    } catch (error) {
      const { code, message } = toAppError(error);
      throw new AppError(code, withoutFolders(message, path), { cause: error });
    }
  }
}

interface Piece {
  page: number;
  start: number;
  end: number;
}

/** Groups pieces of pages into batches for one call, of at most `maxCountedUnits` together. */
function* batches(text: string, pages: DocumentText['pages']): Generator<Piece[]> {
  let batch: Piece[] = [];
  let units = 0;
  for (const [page, { start, end }] of pages.entries())
    for (let at = start; at < end; ) {
      const to = pieceEnd(text, at, end);
      if (batch.length === maxCountedTexts || units + to - at > maxCountedUnits) {
        if (batch.length > 0) yield batch;
        batch = [];
        units = 0;
      }
      batch.push({ page, start: at, end: to });
      units += to - at;
      at = to;
    }
  if (batch.length > 0) yield batch;
}

/**
 * Where to cut a long page: where a line begins, else before a space, because no vocabulary has tokens across these places; never inside a
 * character.
 */
function pieceEnd(text: string, start: number, end: number): number {
  const most = start + maxCountedUnits;
  if (end <= most) return end;
  const window = text.slice(start, most);
  const line = lastLineStart(window);
  if (line > 0) return start + line;
  const space = window.lastIndexOf(' ');
  if (space > 0) return start + space;
  const isPair = /[\ud800-\udbff]$/.test(window);
  return isPair ? most - 1 : most;
}

/** Where the last line begins whose first character is not a space; 0: there is none. */
function lastLineStart(text: string): number {
  for (let at = text.lastIndexOf('\n'); at > 0; at = text.lastIndexOf('\n', at - 1))
    if (/\S/.test(text.charAt(at + 1))) return at + 1;
  return 0;
}
