/**
 * The whole shape of the native addon, written by hand: what native/binding/exports.cc exports. Only native, electron/engine-host
 * and electron/lab read it. Tensors never cross; tokens, counters, logits for measuring and small arrays do.
 * Every failed call rejects or throws an Error whose `code` is one of electron/contract/errors.ts; a lack of memory has `shortage` too.
 */

import type { choices } from '../electron/contract/method-values.ts';

/** full: dense over every row. rocketkv-mt: stage 1 + stage 2, full KV kept (chats). rocketkv: the same, full KV dropped.
 *  snapkv: stage 1, dense decode. hsa: stage 2 over every row. exact-topk: oracle, exact top-k of the full KV. */
export type NativeMode = 'full' | 'rocketkv' | 'rocketkv-mt' | 'snapkv' | 'hsa' | 'exact-topk';

export interface NativeRocketOptions {
  tokenBudget: number;
  window: number;
  /** Max-pooling kernel of stage 1, odd. */
  kernel: number;
  decomposition: (typeof choices.decomposition)[number];
  grouping: (typeof choices.grouping)[number];
  pooling: (typeof choices.pooling)[number];
  selector: (typeof choices.selector)[number];
  /** 0: derived from the budget. */
  page: number;
  r: number;
  k: number;
  nDenseLayers: number;
}

export interface NativeBudgets {
  tokenBudget: number;
  capacity: number;
  promptBudget: number;
  page: number;
  r: number;
  k: number;
  window: number;
  kernel: number;
  /** Stage 1 drops rows. */
  evicts: boolean;
  /** Everything fits the budget: decode reads all rows. */
  dense: boolean;
}

export interface NativeModelInfo {
  path: string;
  fileBytes: number;
  architecture: string;
  name: string;
  nLayer: number;
  nEmbd: number;
  nHead: number;
  nHeadKv: number;
  headDim: number;
  /** Of the one feed-forward of a layer; 0 where layers have experts alone. */
  nFf: number;
  /** Of each layer: how many there are, how many serve a token, how wide one is, and the one beside them that serves every token; 0: none. */
  experts?: { count: number; used: number; nFf: number; nFfShared: number };
  nVocab: number;
  nCtxTrain: number;
  ropeBase: number;
  /** none | linear | yarn | llama3 factors ('factors') */
  ropeScaling: string;
  tiedEmbeddings: boolean;
  weightBytes: number;
  nParams: number;
  /** e.g. { q4_1: 210, q8_0: 1, f32: 61 } */
  tensorTypes: Record<string, number>;
  /** False: weights alone. Token numbers go in and come out. */
  hasVocabulary: boolean;
  /** f16 K and V of one token, in the layers that keep every row. */
  kvBytesPerToken: number;
  /** Matrix products of a token on a GPU, and how many of them kernels of ours do; ggml's do the others. */
  gpuProducts: { all: number; ours: number };
  /** Of each layer that attends within a window: how many tokens it sees, and keeps; 0 of the others. Empty: no layer does. */
  windows: number[];
  /** Of each layer: bytes of f16 K and V of a token that it keeps; 0: it keeps none. */
  rowBytes: number[];
  /** Of each layer: the one whose rows it sees, from 0; -1: its own. */
  sharedLayers: number[];
  /** Layers, counted from 0, that keep no rows but a state of the text so far. */
  recurrentLayers: number[];
  /** Of that state, all layers; 0: no layer is recurrent. */
  stateBytes: number;
}

export interface NativeSampler {
  /** 0: greedy. */
  temperature: number;
  /** 0: off. */
  topK: number;
  /** 1: off. */
  topP: number;
  /** 0: off. */
  minP: number;
  /** 1: off. */
  repetitionPenalty: number;
  /** Tokens looked back at by the penalty. */
  repetitionWindow: number;
  seed: number;
}

export type DocumentKvType = 'f16' | 'q8_0';

export interface NativePlanRequest {
  /** T: document and question. */
  nPrompt: number;
  /** Tokens of the question's turn. */
  nQuestion: number;
  maxNew: number;
  mode: NativeMode;
  rocket: NativeRocketOptions;
  documentType: DocumentKvType;
  home?: DocumentHome | undefined;
}

/** Of HOST_OOM and GPU_OOM where the numbers were known: what one memory lacked, and what asks for less and fits, the first one first. */
export interface NativeMemoryShortage {
  place: 'gpu' | 'ram';
  needed: number;
  available: number;
  proposals: {
    changes: {
      mode?: NativeMode;
      tokenBudget?: number;
      kvType?: DocumentKvType;
      documentHome?: 'device' | 'host';
    };
    /** Of the memory that lacked. */
    needed: number;
  }[];
}

/** Bytes per component, counted before anything is allocated. */
export interface NativeMemoryPlan {
  weights: number;
  /** Of the weights, what lies in RAM although a GPU computes: experts, and what is read with them; of how many layers. */
  weightsInRam: number;
  expertLayersInRam: number;
  /** What a token reads of them. */
  expertsReadInRam: number;
  /** Through which they visit the GPU while a text is read. */
  expertBuffers: number;
  documentKv: number;
  compactCache: number;
  summaries: number;
  /** One layer's rows in compute form, where the document KV is not in that form itself. */
  layerBuffers: number;
  /** Hidden states of one segment, graph workspace, attention mask. */
  activations: number;
  logits: number;
  /** States of recurrent layers: those computed with, and in RAM those of the document's end and the question's. */
  states: number;
  keptStates: number;
  /** The document's KV is on the computing device; false: in RAM, and one layer at a time visits a GPU. */
  documentOnDevice: boolean;
  /** Of the total, what lies on the computing device. */
  deviceTotal: number;
  total: number;
  /** f16 K and V of every token of prompt and answer: what full mode keeps. */
  fullKv: number;
  /** A GPU computes. */
  onGpu: boolean;
  /** What the computing device can still give, and what loaded weights already hold of it, bytes. */
  available: number;
  /** The same of RAM, where the document's KV may lie although a GPU computes. On a CPU both are one. */
  hostAvailable: number;
  /** As in NativeCounters, when the answer begins. */
  readBytesPerStep: number;
  budgets: NativeBudgets;
}

export interface NativeEngineOptions {
  modelPath: string;
  /** Folder of libggml-cpu-*.so. */
  backendDir: string;
  /** 0: chosen for the machine. */
  threads: number;
  /** Absent: the CPU. */
  cuda?: NativeCuda | undefined;
  /** Quantized weights become f16, so that products do not round their other side to 8 bits: for measuring. */
  floatWeights?: boolean | undefined;
}

export interface NativeCuda {
  /** Counted from 0. */
  device: number;
  /** libggml-cuda, and the library of our kernels. */
  library: string;
  kernels: string;
  /** Of so many layers the experts lie in RAM; absent: of as few as the GPU's memory allows. */
  expertsInRam?: number | undefined;
}

/** Where a document's KV lives when a GPU computes: auto, there while it fits. */
export type DocumentHome = 'auto' | 'device' | 'host';

export interface NativeCounters {
  mode: NativeMode;
  budgets: NativeBudgets;
  /** Rows of the history per KV head, and rows of the compact cache. */
  rowsTotal: number;
  rowsKept: number;
  /** Rows read exactly by the last decode step, per KV head. */
  rowsRead: number;
  /** f16 KV of the whole history. */
  fullBytes: number;
  /** Document KV as held (shared with other chats of the document), and turn rows. */
  documentBytes: number;
  compactBytes: number;
  summaryBytes: number;
  /** Per KV head and step: what stage 2 and attention read. */
  readBytesPerStep: number;
  /** Per KV head: rows and summaries held for decode. */
  storedBytesPerHead: number;
  /** [nLayer * nHeadKv], share of the question's attention mass on kept rows; empty when nothing was chosen. */
  keptMass: Float32Array;
  clampedCodes: number;
}

export interface NativeAnswerRequest {
  tokens: Int32Array;
  mode: NativeMode;
  rocket: NativeRocketOptions;
  maxNew: number;
}

export interface NativeAskRequest extends NativeAnswerRequest {
  sampler: NativeSampler;
  /** What follows the last tokens in the document or the chat is computed together with them, where that is faster. */
  drafts: boolean;
  /** Generation ends before the first of these. */
  stopTokens: Int32Array;
}

export type NativeAskEvent =
  | { type: 'prefill'; done: number; total: number }
  /** Prefill and stage 1 are over; the first token follows. */
  | { type: 'kept'; stage1Ms: number; prefillMs: number }
  | { type: 'tokens'; tokens: Int32Array };

export interface NativeAnswer {
  finishReason: 'stop' | 'length';
  /** Tokens of this turn that were prefilled (a pending last token of the previous answer included). */
  nPrefilled: number;
  nGenerated: number;
  /** Through the layers, of one token or a few. */
  nPasses: number;
  /** Tokens that were computed before they were chosen, and those of them that were chosen then. */
  nDrafted: number;
  nAccepted: number;
  prefillMs: number;
  stage1Ms: number;
  /** From the call to the first token. */
  firstTokenMs: number;
  decodeMs: number;
  /** Of the tokens after the first few, for which buffers and graphs are still made. */
  medianTokenMs: number;
}

export interface NativeStep {
  /** [nVocab] */
  logits: Float32Array;
  /** With `oracle`: share of the exact top-k that stage 2 chose, and exact attention mass on the chosen rows; means over
   *  layers and heads. NaN where the mode has no stage 2. */
  recall: number;
  mass: number;
}

/**
 * One chat: a timeline of rows on top of a document. An engine does one thing at a time: while a call runs on it, or an answer that
 * startAnswer began is not finished, everything else that computes rejects with BUSY, also of other chats and documents.
 */
export interface NativeSession {
  readonly nTokens: number;
  /** nTokens after the document and after each turn: where truncate may cut. */
  readonly borders: number[];
  ask(request: NativeAskRequest, onEvent: (event: NativeAskEvent) => void): Promise<NativeAnswer>;
  /** Measuring: prefill and stage 1, then one step a token, along a given text. startAnswer returns the logits after the prompt. */
  startAnswer(request: NativeAnswerRequest): Promise<NativeStep>;
  step(token: number, oracle: boolean): Promise<NativeStep>;
  /** Ends the answer that startAnswer began; the history keeps its rows. */
  finishAnswer(): void;
  /** Appends tokens densely and returns the logits of every one, [tokens.length * nVocab]. */
  score(tokens: Int32Array): Promise<Float32Array>;
  /** Drops every row from nTokens on; must be one of `borders`. */
  truncate(nTokens: number): Promise<void>;
  counters(): NativeCounters;
  /** How many (layer, KV head) kept each prompt token, and how often stage 2 read it in this answer. */
  documentMap(): { kept: Uint32Array; read: Uint32Array };
  /** Ends this chat's running call with CANCELLED, from the moment it was made; the chat is as it was before. A step that is cancelled finishes its answer. */
  cancel(): void;
  close(): void;
}

export interface NativeDocument {
  /** These, `bytes`, `onDevice` and `fileBytes` answer while the engine is busy too. */
  readonly nTokens: number;
  readonly bytes: number;
  readonly onDevice: boolean;
  /** Appends tokens, segment by segment. Rejects with CANCELLED after cancel(); whole segments stay, so reading can go on. */
  read(
    tokens: Int32Array,
    options: { segment: number; tile: number },
    onProgress: (done: number) => void,
  ): Promise<{ ms: number }>;
  /** Instead of read, into an empty document: what savePart left of these tokens. KV_MISMATCH, KV_CORRUPT, IO: read them. */
  load(path: string, tokens: Int32Array, onProgress: (done: number) => void): Promise<{ ms: number }>;
  /** About `mostBytes` more of a file of what was read, no chat's rows. It has its name when done; closing or endSave removes it. */
  savePart(path: string, mostBytes: number): Promise<{ done: boolean }>;
  endSave(): void;
  /** Of such a file. */
  readonly fileBytes: number;
  /** A new chat on this document. The document may not be read further while chats exist. */
  fork(): NativeSession;
  /** Ends a running read or load with CANCELLED. */
  cancel(): void;
  close(): void;
}

export interface NativeEngine {
  readonly info: NativeModelInfo;
  readonly device: string;
  readonly threads: number;
  plan(request: NativePlanRequest): NativeMemoryPlan;
  /** The plan of a document that is to be read; GPU_OOM or HOST_OOM when it does not fit. Answers check their own. */
  checkPlan(request: NativePlanRequest): NativeMemoryPlan;
  createDocument(options: { documentType: DocumentKvType; home?: DocumentHome | undefined }): NativeDocument;
  close(): void;
}

export interface NativeAddon {
  readonly ggmlVersion: string;
  readonly errorCodes: string[];
  /** Reads the header only; checks every size against the file. */
  inspectModel(path: string): NativeModelInfo;
  /** Bytes for a model that is not loaded, on this GPU; cuda absent: on the CPU. */
  plan(path: string, request: NativePlanRequest, cuda?: NativeCuda): NativeMemoryPlan;
  budgets(request: {
    rocket: NativeRocketOptions;
    nPrompt: number;
    nQuestion: number;
    maxNew: number;
    headDim: number;
    mode: NativeMode;
  }): NativeBudgets;
  openEngine(options: NativeEngineOptions): Promise<NativeEngine>;
  /** Tries the GPU out. May end the process: for one that nobody needs. */
  probeCuda(cuda: NativeCuda): { name: string; freeBytes: number; totalBytes: number };
}
