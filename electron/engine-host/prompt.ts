/**
 * A prompt as tokens. What the document session reads: template start, our words, the document. What a question adds: the
 * rest of our words, the question, the end of its turn and the start of the answer.
 */
import type { EarlierTurn } from '../contract/engine.ts';
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

  /** `earlier` turns come before the question, put as they were when they were asked; what they say is never trusted. */
  question(question: string, isFirst: boolean, earlier: readonly EarlierTurn[] = []): Int32Array {
    const parts = earlier.flatMap((turn, i) => [
      ...this.#asked(turn.question, isFirst && i === 0),
      ...words(turn.answer),
    ]);
    parts.push(...this.#asked(question, isFirst && earlier.length === 0), ...words(this.#wording.answerOpening));
    return Int32Array.from(this.#tokens(parts));
  }

  #asked(question: string, isFirst: boolean): PromptPart[] {
    const { documentAfter, questionBefore, questionAfter, followUpBefore, followUpAfter } = this.#wording;
    const said = isFirst
      ? words(documentAfter + questionBefore + question + questionAfter)
      : [...this.#pieces.betweenTurns, ...words(followUpBefore + question + followUpAfter)];
    return [...said, ...this.#pieces.afterQuestion];
  }

  #tokens(parts: readonly PromptPart[]): number[] {
    return tokenizeParts(this.#vocabulary, parts);
  }
}

function words(text: string): PromptPart[] {
  return text === '' ? [] : [documentPart(text)];
}
