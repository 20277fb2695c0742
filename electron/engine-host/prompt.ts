/**
 * A prompt as tokens. What the document session reads: template start, our words, the document. What a question adds: the
 * rest of our words, the question, the end of its turn and the start of the answer.
 */
import type { ChatPieces } from './chat-template.ts';
import type { Wording } from './prompt-wording.ts';
import { documentPart, type PromptPart } from './text-trust.ts';
import { tokenizeParts, type Vocabulary } from './vocabulary.ts';

export interface DocumentPrompt {
  tokens: Int32Array;
  /** [start, end) of the document among them. */
  documentStart: number;
  documentEnd: number;
}

export class PromptBuilder {
  readonly #vocabulary: Vocabulary;
  readonly #pieces: ChatPieces;
  readonly #wording: Wording;

  constructor(vocabulary: Vocabulary, pieces: ChatPieces, wording: Wording) {
    this.#vocabulary = vocabulary;
    this.#pieces = pieces;
    this.#wording = wording;
  }

  /** Shown at the start of every answer, because the model was made to say it. */
  get answerOpening(): string {
    return this.#wording.answerOpening;
  }

  document(text: string): DocumentPrompt {
    const before = this.#tokens([...this.#pieces.start, ...words(this.#wording.documentBefore)]);
    const { bos, prependBos } = this.#vocabulary;
    // Most templates write BOS themselves; two of them would be one too many.
    if (prependBos && bos !== undefined && before[0] !== bos) before.unshift(bos);
    const document = this.#tokens(words(text));
    return {
      tokens: Int32Array.from([...before, ...document]),
      documentStart: before.length,
      documentEnd: before.length + document.length,
    };
  }

  question(question: string, isFirst: boolean): Int32Array {
    const { documentAfter, questionBefore, questionAfter, followUpBefore, followUpAfter, answerOpening } =
      this.#wording;
    const said = isFirst
      ? words(documentAfter + questionBefore + question + questionAfter)
      : [...this.#pieces.betweenTurns, ...words(followUpBefore + question + followUpAfter)];
    return Int32Array.from(this.#tokens([...said, ...this.#pieces.afterQuestion, ...words(answerOpening)]));
  }

  #tokens(parts: readonly PromptPart[]): number[] {
    return tokenizeParts(this.#vocabulary, parts);
  }
}

function words(text: string): PromptPart[] {
  return text === '' ? [] : [documentPart(text)];
}
