/**
 * The model's vocabulary, loaded through node-llama-cpp without the weights. It ensures that document text never becomes a control token:
 * special tokens are parsed in TemplateText only.
 */
import type { Llama, LlamaModel, Token } from 'node-llama-cpp';
import { AppError } from '../contract/errors.ts';
import { channelMarks, guarded, hasChannelMarks } from './channels.ts';
import type { DocumentText, PromptPart, TemplateText } from './text-trust.ts';
import { thinkingMarks } from './thinking.ts';

/** What prompts and answers need from a vocabulary. */
export interface Vocabulary {
  readonly bos: number | undefined;
  readonly bosText: string;
  readonly eosText: string;
  /** The model expects BOS first. */
  readonly prependBos: boolean;
  /** Tokens that end an answer. */
  readonly endTokens: Int32Array;
  /** Marks of thinking that are one token: control tokens, which detokenise to nothing. */
  readonly thinkingMarks: ReadonlyMap<number, string>;
  /** Source of the model's chat template. */
  readonly chatTemplate: string | undefined;
  /** Whether a mark of a chat template is one control token. */
  hasMark(text: string): boolean;
  /** Tokens with a line break in them. */
  lineEnds(): number[];
  tokenizeTemplate(text: TemplateText): number[];
  tokenizeDocument(text: DocumentText): number[];
  /** `before`: tokens that come before, where a vocabulary joins words with spaces. */
  detokenize(tokens: readonly number[], before?: readonly number[]): string;
  close(): Promise<void>;
}

/** Tokenises a prompt part by part, so that no token spans template and document. */
export function tokenizeParts(vocabulary: Vocabulary, parts: readonly PromptPart[]): number[] {
  return parts.flatMap((part) =>
    part.kind === 'template' ? vocabulary.tokenizeTemplate(part.text) : vocabulary.tokenizeDocument(part.text),
  );
}

class LlamaVocabulary implements Vocabulary {
  readonly bos: number | undefined;
  readonly bosText: string;
  readonly eosText: string;
  readonly prependBos: boolean;
  readonly endTokens: Int32Array;
  readonly thinkingMarks: ReadonlyMap<number, string>;
  readonly chatTemplate: string | undefined;
  readonly #llama: Llama;
  readonly #model: LlamaModel;

  constructor(llama: Llama, model: LlamaModel) {
    this.#llama = llama;
    this.#model = model;
    this.bos = model.tokens.bos ?? undefined;
    this.bosText = model.tokens.bosString ?? '';
    this.eosText = model.tokens.eosString ?? '';
    this.prependBos = model.tokens.shouldPrependBosToken && this.bos !== undefined;
    this.thinkingMarks = thinkingTokens(model);
    this.endTokens = Int32Array.from(endTokens(model, hasChannelMarks(this.thinkingMarks)));
    const { chat_template: template } = model.fileInfo.metadata.tokenizer ?? {};
    this.chatTemplate = typeof template === 'string' && template.trim() !== '' ? template : undefined;
  }

  hasMark(text: string): boolean {
    const [token, ...more] = this.#model.tokenize(text, true);
    return token !== undefined && more.length === 0 && this.#model.isSpecialToken(token);
  }

  lineEnds(): number[] {
    return [...this.#model.iterateAllTokens()].filter((token) => this.#model.detokenize([token]).includes('\n'));
  }

  tokenizeTemplate(text: TemplateText): number[] {
    return this.#model.tokenize(text, true, 'trimLeadingSpace');
  }

  tokenizeDocument(text: DocumentText): number[] {
    return this.#model.tokenize(text, false, 'trimLeadingSpace');
  }

  detokenize(tokens: readonly number[], before: readonly number[] = []): string {
    return this.#model.detokenize(tokens as readonly Token[], false, before as readonly Token[]);
  }

  async close(): Promise<void> {
    await this.#model.dispose();
    await this.#llama.dispose();
  }
}

const cannotRead = (): never => {
  throw new AppError(
    'MODEL_UNSUPPORTED',
    'This file holds weights without a vocabulary: it can be measured, but no text can be read with it. Choose another model.',
  );
};

/** For a file that has weights only. */
export const noVocabulary: Vocabulary = {
  bos: undefined,
  bosText: '',
  eosText: '',
  prependBos: false,
  endTokens: new Int32Array(0),
  thinkingMarks: new Map(),
  chatTemplate: undefined,
  hasMark: () => false,
  lineEnds: () => [],
  tokenizeTemplate: cannotRead,
  tokenizeDocument: cannotRead,
  detokenize: cannotRead,
  close: async () => {},
};

/** Tokens that end a turn, which some files have in their vocabulary but not in their metadata. */
const turnEnds = ['<|im_end|>', '<|eot_id|>', '<|end|>', '<end_of_turn>', '<|endoftext|>', '</s>'];

/** With channels <|end|> does not end the answer but one of its messages. */
function endTokens(model: LlamaModel, hasChannels: boolean): Set<number> {
  const ends = new Set<number>();
  for (const token of model.iterateAllTokens()) if (model.isEogToken(token)) ends.add(token);
  for (const text of turnEnds) {
    if (hasChannels && text === '<|end|>') continue;
    const tokens = model.tokenize(text, true);
    if (tokens.length === 1 && tokens[0] !== undefined && model.isSpecialToken(tokens[0])) ends.add(tokens[0]);
  }
  return ends;
}

function thinkingTokens(model: LlamaModel): Map<number, string> {
  const found = new Map<number, string>();
  for (const mark of thinkingMarks.flat()) {
    const [token, ...more] = model.tokenize(mark, true);
    if (token !== undefined && more.length === 0) found.set(token, mark);
  }
  const channels = channelMarks.map((mark) => ({ mark, tokens: model.tokenize(mark, true) }));
  const isControl = (tokens: readonly Token[]) =>
    tokens.length === 1 && tokens.every((one) => model.isSpecialToken(one));
  if (channels.every(({ tokens }) => isControl(tokens)))
    for (const { mark, tokens } of channels) for (const token of tokens) found.set(token, guarded(mark));
  return found;
}

export async function openVocabulary(modelPath: string): Promise<Vocabulary> {
  const { llama, model } = await loadVocabulary(modelPath);
  return new LlamaVocabulary(llama, model);
}

/** What counting needs from a vocabulary; preparing the rest takes a while. */
export interface Tokenizer {
  count(text: DocumentText): number;
  close(): Promise<void>;
}

export async function openTokenizer(modelPath: string): Promise<Tokenizer> {
  const { llama, model } = await loadVocabulary(modelPath);
  return {
    count: (text) => model.tokenize(text, false, 'trimLeadingSpace').length,
    async close() {
      await model.dispose();
      await llama.dispose();
    },
  };
}

async function loadVocabulary(modelPath: string): Promise<{ llama: Llama; model: LlamaModel }> {
  const { getLlama, LlamaLogLevel } = await import('node-llama-cpp'); // takes half a second: only when a model is opened
  const llama = await getLlama({ gpu: false, build: 'never', progressLogs: false, logLevel: LlamaLogLevel.disabled });
  try {
    // No weights are loaded, so the check of memory for them is left out.
    const only = { vocabOnly: true, gpuLayers: 0, ignoreMemorySafetyChecks: true };
    return { llama, model: await llama.loadModel({ modelPath, ...only }) };
  } catch (error) {
    await llama.dispose();
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new AppError('MODEL_FORMAT', `The vocabulary of ${modelPath} cannot be read: ${why}`, { cause: error });
  }
}
