/** Measurements as the rows of `bench --csv`: medians over the rounds. The column names are an interface. */
import { type Cell, median, quantile, rounded } from './format.ts';

export const benchColumns = [
  'engine',
  'device',
  'model',
  'mode',
  'budget',
  'selector',
  'depth',
  'prefill_tok_s',
  'decode_tok_s',
  'first_token_ms',
  'kv_bytes',
  'peak_rss_bytes',
  'weights',
  'stage1_ms',
  'peak_vram_bytes',
  'plan_vram_bytes',
  'home',
] as const;

/** One measurement. null: does not exist, as a GPU's memory on a CPU, or was not measured. */
export interface BenchRun {
  device: string;
  model: string;
  weights: string;
  /** For the whole text before the question; null at depth 0, where nothing is read. */
  prefillTokS: number | null;
  decodeTokS: number;
  firstTokenMs: number | null;
  kvBytes: number | null;
  /** The most resident memory of the measuring process so far. */
  peakRssBytes: number | null;
  stage1Ms: number | null;
  peakVramBytes: number | null;
  planVramBytes: number | null;
  /** Where the document's KV was while a GPU computed. */
  home: 'device' | 'host' | null;
}

export interface BenchVariant {
  engine: 'rocketdoc' | 'llama.cpp';
  mode: string;
  /** null where the mode has no budget. */
  budget: number | null;
  /** null where the mode has no stage 2. */
  selector: string | null;
}

export function benchRow(variant: BenchVariant, depth: number, runs: readonly BenchRun[]): Cell[] {
  const middle = (pick: (run: BenchRun) => number | null, digits: number): number | null => {
    const values = runs.map(pick).filter((value) => value !== null);
    return values.length === 0 ? null : rounded(median(values), digits);
  };
  const [first] = runs;
  return [
    variant.engine,
    first?.device ?? '',
    first?.model ?? '',
    variant.mode,
    variant.budget,
    variant.selector,
    depth,
    middle((run) => run.prefillTokS, 2),
    middle((run) => run.decodeTokS, 2),
    middle((run) => run.firstTokenMs, 1),
    middle((run) => run.kvBytes, 0),
    middle((run) => run.peakRssBytes, 0),
    first?.weights ?? '',
    middle((run) => run.stage1Ms, 2),
    middle((run) => run.peakVramBytes, 0),
    middle((run) => run.planVramBytes, 0),
    first?.home ?? null,
  ];
}

export const cancelColumns = [
  'device',
  'model',
  'phase',
  'home',
  'depth',
  'cancels',
  'p50_ms',
  'p95_ms',
  'max_ms',
] as const;

/** `seen`: how long each cancel took to take effect, in milliseconds, ascending. */
export function cancelRow(
  facts: Pick<BenchRun, 'device' | 'model' | 'home'>,
  phase: 'prefill' | 'decode',
  depth: number,
  seen: readonly number[],
): Cell[] {
  const at = (q: number) => rounded(quantile(seen, q), 1);
  return [facts.device, facts.model, phase, facts.home, depth, seen.length, at(0.5), at(0.95), at(1)];
}
