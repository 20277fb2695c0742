/**
 * The shape of the lab's addon, written by hand: what native/lab/addon.cc exports, the whole of the product's addon with it. What it makes
 * (random weights, vectors) and asks of an engine is for measuring and testing.
 */
import type { NativeAddon, NativeCuda, NativeEngine } from '../binding.ts';

/** Recorded vectors, each flat in row-major order of the shape given. */
export interface NativeVectors {
  nHead: number;
  nHeadKv: number;
  headDim: number;
  promptLen: number;
  window: number;
  kernel: number;
  page: number;
  topR: number;
  topK: number;
  steps: number;
  keep: number;
  /** [H, window, D] */
  qWindow: Float32Array;
  /** f16 bits, [G, T, D] */
  k: Uint16Array;
  v: Uint16Array;
  /** [G, keep], ascending, window not included. */
  stage1Indices: Int32Array;
  /** [G, keep], the order in which the kept rows were stored, window rows after them. */
  compactOrder: Int32Array;
  /** [steps, H, D], [steps, G, D], [steps, G, D] */
  decodeQ: Float32Array;
  decodeK: Float32Array;
  decodeV: Float32Array;
  /** [steps, G, topR], [steps, G, topK] (ascending compact-cache slots) */
  decodeTopR: Int32Array;
  decodeTopK: Int32Array;
  /** [steps, H, D] */
  decodeOut: Float32Array;
}

export interface NativeVectorsReport {
  /** Heads whose set differs outside the boundary's plateau. */
  stage1Mismatches: number;
  /** Heads whose rows, gathered in compactOrder, are not those of k and v. */
  gatherMismatches: number;
  /** (step, head) whose channels or tokens differ between unequal scores. Channels are compared with the scalar reference: a
   *  device's kernels choose them inside, and other channels show as other tokens. */
  topRMismatches: number;
  topKMismatches: number;
  /** Greatest |decode_out - attention over the recorded set|. */
  outMaxError: number;
  /** Sets that differ only between equal scores. */
  stage1Ties: number;
  topRTies: number;
  topKTies: number;
}

/** How far one next-token distribution lies from another over a text. */
export interface NativeDistance {
  /** KL divergence, in nats. */
  klMean: number;
  klMax: number;
  /** Share of positions at which both think the same token likeliest. */
  sameBest: number;
}

/** Logits at every token of a text beside llama.cpp's. */
export interface NativeAgreement {
  positions: number;
  ours: NativeDistance;
  /** Of llama.cpp from itself without flash attention; only where that was asked for. */
  llamaPlain?: NativeDistance;
}

/** Engines are those that this addon opened. */
export interface NativeLab extends NativeAddon {
  /**
   * A GGUF file with the shape of a real model (8b, qwen3-30b-a3b and so on: `find_shape`), random weights (q4_K, q8_0, f16) that are the same each time,
   * and no vocabulary. DISK_FULL, before anything is written where the disk has too little room.
   */
  writeShapeModel(model: { path: string; shape: string; weights: string }): Promise<void>;
  /** A text for such a model, no place like another; the same from the same `first` each time. */
  randomTokens(tokens: { first: number; count: number; nVocab: number }): Int32Array;
  /** cuda absent: recomputed on the CPU. */
  checkVectors(vectors: NativeVectors, cuda?: NativeCuda): Promise<NativeVectorsReport>;
  /** Vectors made by the scalar reference from a seed, for fixtures; `maxNew` and `tokenBudget` as in the method. */
  makeVectors(request: {
    seed: number;
    nHead: number;
    nHeadKv: number;
    headDim: number;
    promptLen: number;
    tokenBudget: number;
    maxNew: number;
    steps: number;
    window: number;
    kernel: number;
  }): NativeVectors & { capacity: number; promptBudget: number };
  /** Opens the model twice, here and in llama.cpp's library in backendDir, on the same device, and reads the tokens with both; with `itself` also with llama.cpp's other attention. */
  compareWithLlama(request: {
    modelPath: string;
    backendDir: string;
    threads: number;
    cuda?: NativeCuda | undefined;
    tokens: Int32Array;
    itself: boolean;
  }): Promise<NativeAgreement>;
  /** No more than this counts as available on the computing device from here on: for trying out a memory that is full. */
  limitAvailable(engine: NativeEngine, bytes: number): void;
  /** From here on the most that is in use of a GPU's memory is noted. */
  watchMemory(engine: NativeEngine): void;
  /** Since watchMemory(); without CUDA's own context. 0 on a CPU. */
  peakBytes(engine: NativeEngine): number;
}
