/**
 * Builds prompts as tokens. The document part has the template's start, the wording before the document, and the document. A question adds
 * the rest of the wording, the question, the end of its turn and the start of the answer.
 */
import type { EarlierTurn } from '../contract/engine.ts';
import { hasChannelMarks } from './channels.ts';
import type { StartOptions } from './chat-template.ts';
import type { PromptPieces } from './prompt-pieces.ts';
import { documentPart, type PromptPart } from './text-trust.ts';
import type { ThinkingShape } from './thinking.ts';
import { tokenizeParts, type Vocabulary } from './vocabulary.ts';

export interface DocumentPrompt {
  tokens: Int32Array;
  /** The document's tokens are [documentStart, documentEnd). */
  documentStart: number;
  documentEnd: number;
}

export interface QuestionPlace {
  /** The first question of its chat: only the document comes before it. */
  isFirst: boolean;
  /**
   * Turns that come before the question, written as when they were asked; their texts are tokenised as document text, without special
   * tokens.
   */
  earlier?: readonly EarlierTurn[];
  /** Whether to think first, where the template has a choice. */
  thinking?: boolean;
}

export class PromptBuilder {
  readonly #vocabulary: Vocabulary;
  readonly #pieces: PromptPieces['pieces'];
  readonly #wording: PromptPieces['wording'];
  readonly #isPlain: boolean;
  #stopTokens: Int32Array | undefined;

  constructor(vocabulary: Vocabulary, { pieces, wording, isPlain }: Omit<PromptPieces, 'family' | 'notices'>) {
    this.#vocabulary = vocabulary;
    this.#pieces = pieces;
    this.#wording = wording;
    this.#isPlain = isPlain;
  }

  /** Tokens that end an answer. */
  get stopTokens(): Int32Array {
    const { endTokens } = this.#vocabulary;
    this.#stopTokens ??= this.#isPlain ? Int32Array.from([...endTokens, ...this.#vocabulary.lineEnds()]) : endTokens;
    return this.#stopTokens;
  }

  /** The text that the model was made to begin its answer with, shown at the start. It is empty where the model may think first. */
  answerOpening(thinking = false): string {
    return this.mayThink(thinking) ? '' : this.#wording.answerOpening;
  }

  /** How thinking is marked in an answer. */
  shape(thinking = false): ThinkingShape {
    const { opened, expected, channels } = this.#pieces.thinking;
    const { thinkingMarks } = this.#vocabulary;
    return {
      opened: thinking ? opened.on : opened.off,
      expected: expected || thinkingMarks.size > 0,
      channels: channels && hasChannelMarks(thinkingMarks),
    };
  }

  get thinking(): PromptPieces['pieces']['thinking']['kind'] {
    return this.#pieces.thinking.kind;
  }

  get hasEffort(): boolean {
    return this.#pieces.hasEffort;
  }

  document(text: string, told?: StartOptions): DocumentPrompt {
    const before = this.#tokens([...this.#pieces.start(told), ...words(this.#wording.documentBefore)]);
    const { bos, prependBos } = this.#vocabulary;
    // Most templates write BOS themselves; it must not stand there twice.
    if (prependBos && bos !== undefined && before[0] !== bos) before.unshift(bos);
    const document = this.#tokens(words(text));
    return {
      tokens: Int32Array.from([...before, ...document]),
      documentStart: before.length,
      documentEnd: before.length + document.length,
    };
  }

  question(question: string, { isFirst, earlier = [], thinking = false }: QuestionPlace): Int32Array {
    const { afterQuestion, afterQuestionThinking, beforeEarlierAnswer } = this.#pieces;
    const parts = earlier.flatMap((turn, i) => [
      ...this.#asked(turn.question, isFirst && i === 0),
      // An earlier answer that came after thinking or in a channel is written as the template writes earlier answers, another one as it was
      // made.
      ...(turn.thought || this.#pieces.thinking.channels ? beforeEarlierAnswer : afterQuestion),
      ...words(turn.answer),
    ]);
    parts.push(
      ...this.#asked(question, isFirst && earlier.length === 0),
      ...((thinking ? afterQuestionThinking : undefined) ?? afterQuestion),
      ...words(this.answerOpening(thinking)),
    );
    return Int32Array.from(this.#tokens(parts));
  }

  mayThink(thinking: boolean): boolean {
    const { kind } = this.#pieces.thinking;
    return kind === 'always' || (kind === 'switch' && thinking);
  }

  #asked(question: string, isFirst: boolean): PromptPart[] {
    const { documentAfter, questionBefore, questionAfter, followUpBefore, followUpAfter } = this.#wording;
    return isFirst
      ? words(documentAfter + questionBefore + question + questionAfter)
      : [...this.#pieces.betweenTurns, ...words(followUpBefore + question + followUpAfter)];
  }

  #tokens(parts: readonly PromptPart[]): number[] {
    return tokenizeParts(this.#vocabulary, parts);
  }
}

function words(text: string): PromptPart[] {
  return text === '' ? [] : [documentPart(text)];
}
