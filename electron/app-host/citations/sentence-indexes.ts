/** The sentence indexes of the documents that were used last. */
import { SentenceIndex } from '../../evidence/sentence-index.ts';
import type { DocumentTexts } from '../documents/document-texts.ts';

const keptIndexes = 2;

/** Indexes by document; they stay valid because a document's text never changes. */
export class SentenceIndexes {
  readonly #indexes = new Map<string, Promise<SentenceIndex>>();

  get(app: { texts: DocumentTexts }, documentId: string): Promise<SentenceIndex> {
    const known = this.#indexes.get(documentId);
    this.#indexes.delete(documentId);
    const index = known ?? SentenceIndex.of(app.texts.get(documentId));
    this.#indexes.set(documentId, index);
    index.catch(() => this.#indexes.delete(documentId));
    const oldest = this.#indexes.keys().next().value;
    if (this.#indexes.size > keptIndexes && oldest !== undefined) this.#indexes.delete(oldest);
    return index;
  }
}
