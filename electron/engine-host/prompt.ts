/**
 * A prompt as tokens. What the document session reads: template start, our words, the document. What a question adds: the
 * rest of our words, the question, the end of its turn and the start of the answer.
 */
import type { EarlierTurn } from '../contract/engine.ts';
import { hasChannelMarks } from './channels.ts';
import type { PromptPieces } from './prompt-pieces.ts';
import { documentPart, type PromptPart } from './text-trust.ts';
import type { ThinkingShape } from './thinking.ts';
import { tokenizeParts, type Vocabulary } from './vocabulary.ts';

export interface DocumentPrompt {
  tokens: Int32Array;
  /** [start, end) of the document among them. */
  documentStart: number;
  documentEnd: number;
}

export interface QuestionPlace {
  /** Of its chat: nothing but the document comes before. */
  isFirst: boolean;
  /** Turns that come before the question, put as they were when they were asked; what they say is never trusted. */
  earlier?: readonly EarlierTurn[];
  /** Asked to think first, where the template has a choice. */
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

  /** Shown at the start of an answer, because the model was made to say it. A block of thinking comes first and is not begun for it. */
  answerOpening(thinking = false): string {
    return this.mayThink(thinking) ? '' : this.#wording.answerOpening;
  }

  /** How thinking will look in an answer. */
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

  /** `now`: for templates that name the day. */
  document(text: string, now?: Date): DocumentPrompt {
    const before = this.#tokens([...this.#pieces.start(now), ...words(this.#wording.documentBefore)]);
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

  question(question: string, { isFirst, earlier = [], thinking = false }: QuestionPlace): Int32Array {
    const { afterQuestion, afterQuestionThinking, beforeEarlierAnswer } = this.#pieces;
    const parts = earlier.flatMap((turn, i) => [
      ...this.#asked(turn.question, isFirst && i === 0),
      // An answer that was thought about, or has a channel, stands as the template tells of it afterwards; another one as it was made.
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
