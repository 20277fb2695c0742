/** Measurements as the rows of `bench --csv`: medians over the rounds. The column names are an interface. */
import { type Cell, median, rounded } from './format.ts';

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
] as const;

/** One run in one fresh process. */
export interface BenchRun {
  device: string;
  model: string;
  /** null at depth 0: nothing was read. */
  prefillTokS: number | null;
  decodeTokS: number;
  firstTokenMs: number;
  kvBytes: number;
  peakRssBytes: number;
}

export interface BenchVariant {
  engine: 'rocketdoc' | 'llama.cpp';
  mode: string;
  /** null where a budget has no meaning. */
  budget: number | null;
  /** null where stage 2 chooses nothing. */
  selector: string | null;
}

export function benchRow(variant: BenchVariant, depth: number, runs: readonly BenchRun[]): Cell[] {
  const middle = (pick: (run: BenchRun) => number | null, digits: number): number | null => {
    const values = runs.map(pick).filter((value) => value !== null);
    return values.length === 0 ? null : rounded(median(values), digits);
  };
  return [
    variant.engine,
    runs[0]?.device ?? '',
    runs[0]?.model ?? '',
    variant.mode,
    variant.budget,
    variant.selector,
    depth,
    middle((run) => run.prefillTokS, 2),
    middle((run) => run.decodeTokS, 2),
    middle((run) => run.firstTokenMs, 1),
    middle((run) => run.kvBytes, 0),
    middle((run) => run.peakRssBytes, 0),
  ];
}
