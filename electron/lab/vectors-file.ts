/**
 * Recorded vectors of one layer (q, k, v, the choices of stage 1 and stage 2, the output of attention): converts the file's tensors and
 * metadata to the addon's struct, after checking every shape, index and derived parameter.
 */
import { readFile } from 'node:fs/promises';
import type { NativeAddon, NativeCuda } from '../../native/binding.ts';
import type { NativeLab, NativeVectors } from '../../native/lab/binding.ts';
import { AppError } from '../contract/errors.ts';
import { vectorsOutTolerance } from '../contract/lab.ts';
import { defaultRocketOptions } from '../contract/method.ts';
import { presets } from '../contract/method-values.ts';
import { parseSafetensors, type SafetensorsFile, type Tensor, toFloats, toHalves, toIndices } from './safetensors.ts';

const metadataKeys = [
  'n_head',
  'n_head_kv',
  'head_dim',
  'prompt_len',
  'max_new_tokens',
  'token_budget',
  'window',
  'kernel',
  'capacity_budget',
  'prompt_budget',
  'page',
  'top_r',
  'top_k',
  'steps',
] as const;
export type VectorsMetadata = Record<(typeof metadataKeys)[number], number>;

const wrong = (what: string) => new AppError('INVALID_ARGUMENT', `The recorded vectors cannot be checked: ${what}.`);

export function readMetadata(file: SafetensorsFile): VectorsMetadata {
  const entries = metadataKeys.map((key) => {
    const text = file.metadata[key];
    if (text === undefined) throw wrong(`the metadata have no ${key}`);
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0 || value > 1e9)
      throw wrong(`${key} is "${text.slice(0, 40)}", not a whole number`);
    return [key, value] as const;
  });
  const m = Object.fromEntries(entries) as VectorsMetadata;
  if (m.n_head < 1 || m.n_head_kv < 1 || m.n_head % m.n_head_kv !== 0)
    throw wrong(`${m.n_head} heads are not a multiple of ${m.n_head_kv} KV heads`);
  if (m.head_dim < 1 || m.window < 1 || m.prompt_len < m.window)
    throw wrong(`head_dim ${m.head_dim}, window ${m.window} and prompt_len ${m.prompt_len} do not fit together`);
  return m;
}

export interface DerivedParameters {
  mismatches: string[];
  /** A note on how S was computed, if it is not simply prompt + answer. */
  note: string | undefined;
}

/** The parameters derived from the budget must equal those in the metadata. S may have been rounded up to a multiple of 8. */
export function checkDerived(addon: Pick<NativeAddon, 'budgets'>, m: VectorsMetadata): DerivedParameters {
  const differences = (nPrompt: number) => {
    const budgets = addon.budgets({
      rocket: {
        ...defaultRocketOptions,
        ...presets.paper,
        tokenBudget: m.token_budget,
        window: m.window,
        kernel: m.kernel,
      },
      nPrompt,
      nQuestion: nPrompt,
      maxNew: m.max_new_tokens,
      headDim: m.head_dim,
      mode: 'rocketkv',
    });
    const pairs: [string, number, number][] = [
      ['capacity_budget', m.capacity_budget, budgets.capacity],
      ['prompt_budget', m.prompt_budget, budgets.promptBudget],
      ['page', m.page, budgets.page],
      ['top_r', m.top_r, budgets.r],
      ['top_k', m.top_k, budgets.k],
      ['window', m.window, budgets.window],
    ];
    return pairs
      .filter(([, declared, derived]) => declared !== derived)
      .map(([name, declared, derived]) => `${name} ${declared}, derived ${derived}`);
  };
  const exact = differences(m.prompt_len);
  if (exact.length === 0) return { mismatches: [], note: undefined };
  const total = m.prompt_len + m.max_new_tokens;
  const rounded = Math.ceil(total / 8) * 8;
  if (rounded !== total && differences(rounded - m.max_new_tokens).length === 0)
    return { mismatches: [], note: `S was rounded up from ${total} to ${rounded}` };
  return { mismatches: exact, note: undefined };
}

export function toVectors(file: SafetensorsFile, m: VectorsMetadata): NativeVectors {
  const { n_head: H, n_head_kv: G, head_dim: D, prompt_len: T, window, steps } = m;
  const keep = file.tensors.get('stage1_indices')?.shape[1] ?? 0;
  const get = (name: string, shape: number[]): Tensor => {
    const tensor = file.tensors.get(name);
    if (!tensor) throw wrong(`there is no tensor ${name}`);
    if (tensor.shape.join() !== shape.join())
      throw wrong(`${name} has the shape [${tensor.shape.join(', ')}] instead of [${shape.join(', ')}]`);
    return tensor;
  };
  const expectedKeep = Math.min(m.prompt_budget, T) - window;
  if (keep !== expectedKeep)
    throw wrong(`stage1_indices keeps ${keep} rows, prompt_budget and window leave ${expectedKeep}`);
  const indices = (name: string, shape: number[], limit: (row: number) => number, ascending: boolean): Int32Array =>
    checkIndices(name, toIndices(get(name, shape)), shape.at(-1) ?? 0, limit, ascending);
  const prefix = () => T - window;
  // A step attends to the kept rows, the window, and the new rows up to its own.
  const live = (row: number) => keep + window + Math.floor(row / G) + 1;
  return {
    nHead: H,
    nHeadKv: G,
    headDim: D,
    promptLen: T,
    window,
    kernel: m.kernel,
    page: m.page,
    topR: m.top_r,
    topK: m.top_k,
    steps,
    keep,
    qWindow: toFloats(get('q_window', [H, window, D])),
    k: toHalves(get('k', [G, T, D])),
    v: toHalves(get('v', [G, T, D])),
    stage1Indices: indices('stage1_indices', [G, keep], prefix, true),
    compactOrder: indices('compact_order', [G, keep], prefix, false),
    decodeQ: toFloats(get('decode_q', [steps, H, D])),
    decodeK: toFloats(get('decode_k', [steps, G, D])),
    decodeV: toFloats(get('decode_v', [steps, G, D])),
    decodeTopR: indices('decode_top_r', [steps, G, m.top_r], () => D, false),
    decodeTopK: indices('decode_top_k', [steps, G, m.top_k], live, true),
    decodeOut: toFloats(get('decode_out', [steps, H, D])),
  };
}

/** Checks that every index is in [0, limit) and none occurs twice in its row. */
function checkIndices(
  name: string,
  values: Int32Array,
  width: number,
  limit: (row: number) => number,
  ascending: boolean,
): Int32Array {
  for (let start = 0, row = 0; start < values.length; start += width, row++) {
    const most = limit(row);
    const line = values.subarray(start, start + width);
    if (line.some((index) => index < 0 || index >= most))
      throw wrong(`row ${row} of ${name} has an index outside 0..${most - 1}`);
    if (new Set(line).size !== line.length) throw wrong(`row ${row} of ${name} has an index twice`);
    if (ascending && line.some((index, i) => i > 0 && index <= (line[i - 1] ?? 0)))
      throw wrong(`row ${row} of ${name} is not ascending`);
  }
  return values;
}

export async function readVectors(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new AppError('IO', `${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Recomputes on the CPU if `cuda` is undefined. */
export async function checkVectorsFile(lab: NativeLab, file: Buffer, cuda: NativeCuda | undefined) {
  const parsed = parseSafetensors(file);
  const metadata = readMetadata(parsed);
  const derived = checkDerived(lab, metadata);
  const vectors = toVectors(parsed, metadata);
  const report = await lab.checkVectors(vectors, cuda);
  const { stage1Mismatches, gatherMismatches, topRMismatches, topKMismatches, outMaxError } = report;
  const ok =
    derived.mismatches.length === 0 &&
    stage1Mismatches + gatherMismatches + topRMismatches + topKMismatches === 0 &&
    outMaxError <= vectorsOutTolerance; // false for NaN too
  return {
    ...report,
    outMaxError: Number.isFinite(outMaxError) ? outMaxError : Number.MAX_VALUE,
    ok,
    parameterMismatches: derived.mismatches,
    ...(derived.note === undefined ? {} : { note: derived.note }),
    heads: metadata.n_head_kv,
    steps: metadata.steps,
  };
}
