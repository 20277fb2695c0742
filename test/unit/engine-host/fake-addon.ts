/** A hand-written addon and vocabulary for tests of the host's own logic. Tests use the real engine wherever they can. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../../electron/contract/errors.ts';
import type { Vocabulary } from '../../../electron/engine-host/vocabulary.ts';
import type {
  NativeAddon,
  NativeAnswerRequest,
  NativeAskRequest,
  NativeBudgets,
  NativeCounters,
  NativeDocument,
  NativeEngine,
  NativeMemoryPlan,
  NativeMemoryShortage,
  NativeModelInfo,
  NativePlanRequest,
  NativeSession,
} from '../../../native/binding.ts';

/** The file that is opened as a model; the fake addon does not read it. */
export const modelFile = join(mkdtempSync(join(tmpdir(), 'rocketdoc-')), 'fake.gguf');
writeFileSync(modelFile, 'GGUF');

const specials = ['<|im_start|>', '<|im_end|>', '<bos>'];
/** The token of the byte 0. */
const firstByte = 16;
export const endToken = 1;

/** A vocabulary with one token for each byte, so that a character may take several tokens. */
export const byteVocabulary: Vocabulary = {
  bos: 2,
  bosText: '<bos>',
  eosText: '<|im_end|>',
  prependBos: true,
  endTokens: Int32Array.of(endToken),
  thinkingMarks: new Map(),
  hasMark: (text) => specials.includes(text),
  lineEnds: () => [firstByte + 10],
  chatTemplate:
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}" +
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
  tokenizeTemplate: (text) =>
    text
      .split(/(<\|im_start\|>|<\|im_end\|>|<bos>)/)
      .flatMap((part) => (specials.includes(part) ? [specials.indexOf(part)] : bytes(part))),
  tokenizeDocument: (text) => bytes(text),
  detokenize: (tokens) =>
    new TextDecoder().decode(Uint8Array.from(tokens.filter((t) => t >= firstByte).map((t) => t - firstByte))),
  close: async () => {},
};

export function bytes(text: string): number[] {
  return [...Buffer.from(text)].map((byte) => byte + firstByte);
}

export const fakeInfo: NativeModelInfo = {
  path: 'fake.gguf',
  fileBytes: 1000,
  architecture: 'llama',
  name: 'Fake',
  nLayer: 2,
  nEmbd: 8,
  nHead: 4,
  nHeadKv: 2,
  headDim: 4,
  nFf: 16,
  nVocab: 272,
  nCtxTrain: 2000,
  ropeBase: 10_000,
  ropeScaling: 'none',
  tiedEmbeddings: true,
  weightBytes: 900,
  nParams: 450,
  tensorTypes: { f16: 3 },
  hasVocabulary: true,
  kvBytesPerToken: 64,
  gpuProducts: { all: 29, ours: 28 },
  windows: [],
  rowBytes: [32, 32],
  sharedLayers: [],
  recurrentLayers: [],
  stateBytes: 0,
};

export interface FakeOptions {
  /** The text of every answer. */
  reply?: string | (() => string);
  /** How often an answer reads a token of the document; absent: never. */
  read?: (token: number) => number;
  /** Bytes free on the machine. */
  available?: number;
  info?: Partial<NativeModelInfo>;
  /** The last token's event comes after the call has ended, which the real addon may do too. */
  late?: boolean;
  /** Called before each segment of a reading with the tokens read so far; may wait. */
  onSegment?: (done: number) => Promise<void> | void;
  /** Kept files by path: the number of tokens, or the error that loading throws. A file is written in three parts. */
  kept?: Map<string, number | Error>;
  onSavePart?: () => Promise<void> | void;
  /** Called before each measured step; may wait. */
  onStep?: () => Promise<void> | void;
  /** Memory that every plan lacks when it is checked. */
  shortage?: NativeMemoryShortage;
  /** What every plan in another mode than full is refused with. */
  refusal?: { code: string; message: string };
  /** Present: a GPU computes, and RAM has this much room for a document. */
  gpu?: { hostAvailable: number };
  /** Called for each ask; may wait, or throw. */
  onAsk?: (request: NativeAskRequest) => Promise<void> | void;
}

export class FakeAddon implements NativeAddon {
  readonly ggmlVersion = 'fake';
  readonly errorCodes = [];
  readonly log: string[] = [];
  /** The home that each plan and document asked for. */
  readonly homes: string[] = [];
  readonly #options: FakeOptions;

  constructor(options: FakeOptions = {}) {
    this.#options = options;
  }

  get info(): NativeModelInfo {
    return { ...fakeInfo, ...this.#options.info };
  }

  inspectModel = () => this.info;
  plan = (_: string, request: NativePlanRequest) => this.#plan(request);
  budgets = ({ rocket }: Parameters<NativeAddon['budgets']>[0]): NativeBudgets => fakeBudgets(rocket.tokenBudget);
  probeCuda: NativeAddon['probeCuda'] = () => {
    throw new AppError('GPU_NONE', 'There is no GPU here.');
  };

  openEngine = async (): Promise<NativeEngine> => ({
    info: this.info,
    device: 'fake',
    threads: 2,
    plan: (request) => this.#plan(request),
    checkPlan: (request) => {
      const plan = this.#plan(request);
      const { shortage } = this.#options;
      if (shortage) throw Object.assign(new Error('There is too little.'), { code: 'HOST_OOM', shortage });
      return plan;
    },
    createDocument: ({ documentType, home }) => {
      this.homes.push(`document ${documentType} ${home}`);
      return this.#document(home !== 'host');
    },
    close: () => void this.log.push('engine closed'),
  });

  #plan(request: NativePlanRequest): NativeMemoryPlan {
    const documentKv = request.nPrompt * 64;
    const { available = 1e9, gpu, refusal } = this.#options;
    if (refusal && request.mode !== 'full') throw Object.assign(new Error(refusal.message), refusal);
    const documentOnDevice = !gpu || request.home === 'device';
    this.homes.push(`plan ${request.home}`);
    return {
      weights: 900,
      documentKv,
      compactCache: 0,
      summaries: 0,
      ...{ weightsInRam: 0, expertLayersInRam: 0, expertsReadInRam: 0, expertBuffers: 0 },
      layerBuffers: 0,
      activations: 100,
      logits: 0,
      states: 0,
      keptStates: 0,
      documentOnDevice,
      deviceTotal: (documentOnDevice ? documentKv : 0) + 1000,
      total: documentKv + 1000,
      fullKv: documentKv,
      onGpu: gpu !== undefined,
      available,
      hostAvailable: gpu?.hostAvailable ?? available,
      readBytesPerStep: 100,
      budgets: fakeBudgets(request.rocket.tokenBudget),
    };
  }

  #document(onDevice: boolean): NativeDocument {
    const log = this.log;
    const { onSegment, onSavePart, kept } = this.#options;
    let parts = 0;
    let nTokens = 0;
    let isCancelled = false;
    return {
      get nTokens() {
        return nTokens;
      },
      get bytes() {
        return nTokens * 64;
      },
      onDevice,
      async read(tokens, { segment: requested }, onProgress) {
        const segment = requested || 4096; // 0 lets the engine choose
        log.push(`read ${tokens.length}`);
        isCancelled = false;
        for (let at = 0; at < tokens.length; at += segment) {
          await onSegment?.(nTokens);
          if (isCancelled) throw Object.assign(new Error('Stopped.'), { code: 'CANCELLED' });
          const size = Math.min(segment, tokens.length - at);
          onProgress(at + Math.floor(size / 2));
          onProgress(at + size);
          nTokens += size;
        }
        return { ms: 5 };
      },
      get fileBytes() {
        return nTokens * 64 + 100;
      },
      async load(path, tokens, onProgress) {
        log.push(`load ${path}`);
        const said = kept?.get(path);
        if (said instanceof Error) throw said;
        if (said === undefined) throw Object.assign(new Error('It is not there.'), { code: 'IO' });
        onProgress(tokens.length);
        nTokens = tokens.length;
        return { ms: 1 };
      },
      async savePart(path) {
        log.push(`save ${path}`);
        await onSavePart?.();
        parts++;
        if (parts < 3) return { done: false };
        kept?.set(path, nTokens);
        return { done: true };
      },
      endSave: () => void log.push('end save'),
      fork: () => this.#session(nTokens),
      cancel() {
        isCancelled = true;
        log.push('document cancelled');
      },
      close: () => void log.push('document closed'),
    };
  }

  #session(start: number): NativeSession {
    const { log } = this;
    const { reply: said = 'Hello.' } = this.#options;
    const replyNow = () => bytes(typeof said === 'string' ? said : said());
    const reply = typeof said === 'string' ? replyNow() : [];
    const { onAsk, onStep, late } = this.#options;
    const borders = [start];
    let nTokens = start;
    let stop: (() => void) | undefined;
    let steps = 0;
    const logits = () => {
      const row = new Float32Array(fakeInfo.nVocab);
      row[reply[steps] ?? endToken] = 9;
      return { logits: row, recall: 1, mass: 1 };
    };
    return {
      get nTokens() {
        return nTokens;
      },
      borders,
      async ask(request, onEvent) {
        log.push(`ask ${request.tokens.length} ${request.maxNew}`);
        onEvent({ type: 'prefill', done: request.tokens.length, total: request.tokens.length });
        const cancelled = new Promise<never>((_, reject) => {
          stop = () => reject(Object.assign(new Error('Stopped.'), { code: 'CANCELLED' }));
        });
        await Promise.race([onAsk?.(request), cancelled]);
        onEvent({ type: 'kept', stage1Ms: 1, prefillMs: 2 });
        const tokens = replyNow().slice(0, request.maxNew);
        for (const [i, token] of tokens.entries()) {
          const event = { type: 'tokens' as const, tokens: Int32Array.of(token) };
          if (late && i === tokens.length - 1) setTimeout(() => onEvent(event), 20);
          else onEvent(event);
        }
        nTokens += request.tokens.length + tokens.length;
        borders.push(nTokens);
        return {
          finishReason: tokens.length === request.maxNew ? 'length' : 'stop',
          nPrefilled: request.tokens.length,
          nGenerated: tokens.length,
          nPasses: tokens.length - 1,
          nDrafted: 0,
          nAccepted: 0,
          prefillMs: 2,
          stage1Ms: 1,
          firstTokenMs: 3,
          decodeMs: 4,
          medianTokenMs: 1,
        };
      },
      async startAnswer(request: NativeAnswerRequest) {
        log.push(`start ${request.mode}`);
        steps = 0;
        return logits();
      },
      async step() {
        await onStep?.();
        steps++;
        return logits();
      },
      finishAnswer() {
        log.push('finish');
        borders.push(nTokens);
      },
      score: () => Promise.reject(new Error('not here')),
      async truncate(to) {
        nTokens = to;
        borders.length = borders.indexOf(to) + 1;
        log.push(`truncate ${to}`);
      },
      counters: (): NativeCounters => ({
        mode: 'rocketkv-mt',
        budgets: fakeBudgets(512),
        rowsTotal: nTokens,
        rowsKept: Math.floor(nTokens / 2),
        rowsRead: 8,
        fullBytes: nTokens * 64,
        documentBytes: start * 64,
        compactBytes: nTokens * 32,
        summaryBytes: nTokens * 8,
        readBytesPerStep: 100,
        storedBytesPerHead: 200,
        keptMass: Float32Array.of(0.5, 0.75, 1, 0.25),
        clampedCodes: 0,
      }),
      documentMap: () => ({
        kept: Uint32Array.from({ length: nTokens }, (_, i) => (i % 2 ? 4 : 0)),
        read: Uint32Array.from({ length: nTokens }, (_, i) => this.#options.read?.(i) ?? 0),
      }),
      cancel() {
        log.push('session cancelled');
        stop?.();
      },
      close: () => void log.push('session closed'),
    };
  }
}

export function fakeBudgets(tokenBudget: number): NativeBudgets {
  return {
    tokenBudget,
    capacity: 100,
    promptBudget: 90,
    page: 2,
    r: 3,
    k: 8,
    window: 32,
    kernel: 63,
    evicts: true,
    dense: false,
  };
}
