/**
 * `bench --beside`: reading and decode speed, alternately alone and beside a load on the same cores, and their ratio. Speeds are means over
 * the whole answer, so they include the time that the engine needs to notice that the load begins or ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { AppError } from '../contract/errors.ts';
import { usageError } from './arguments.ts';
import type { BenchVariant } from './bench-rows.ts';
import { type Cell, median, rounded } from './format.ts';

/** The load: one busy loop, the same measurement in another engine, the app's own window, or a person's command. */
export type Load = { kind: 'loop' | 'engine' | 'window' } | { kind: 'command'; command: string };

export function loadOf(text: string): Load {
  if (text.trim() === '') throw usageError('--beside is loop, engine, window or a command.');
  return text === 'loop' || text === 'engine' || text === 'window'
    ? { kind: text }
    : { kind: 'command', command: text };
}

/** Speeds of one variant, in tokens per second. */
export interface BesideSpeed {
  /** null at depth 0, where nothing is read. */
  prefillTokS: number | null;
  decodeTokS: number;
}

/** Measures every variant once, in an engine of its own. */
export type Measure = (signal: AbortSignal) => Promise<BesideSpeed[]>;

/** The speeds of one round, for each variant. */
export interface BesideRound {
  alone: BesideSpeed[];
  beside: BesideSpeed[];
}

export async function besideRound(load: Load, measure: Measure, signal: AbortSignal): Promise<BesideRound> {
  const alone = await measure(signal);
  const beside =
    load.kind === 'engine' ? slower(await twoAtOnce(measure, signal)) : await besideProgram(load, measure, signal);
  return { alone, beside };
}

/** Both measure repeatedly until each has measured once, so that neither is alone at the end. */
async function twoAtOnce(measure: Measure, signal: AbortSignal): Promise<BesideSpeed[][]> {
  const enough = new AbortController();
  const either = AbortSignal.any([signal, enough.signal]);
  let done = 0;
  const engine = async () => {
    const first = await measure(either);
    done++;
    while (done < 2)
      await measure(either).catch((error) => (enough.signal.aborted ? undefined : Promise.reject(error)));
    enough.abort();
    return first;
  };
  try {
    return await Promise.all([engine(), engine()]);
  } finally {
    enough.abort();
  }
}

function slower(engines: readonly BesideSpeed[][]): BesideSpeed[] {
  const [first = [], second = []] = engines;
  return first.map((one, i) => {
    const other = second[i] ?? one;
    const read = [one.prefillTokS, other.prefillTokS].filter((speed) => speed !== null);
    return {
      prefillTokS: read.length > 0 ? Math.min(...read) : null,
      decodeTokS: Math.min(one.decodeTokS, other.decodeTokS),
    };
  });
}

/** Ends when its parent has ended, also when that was killed. */
const busyLoop = `const parent = process.ppid;
while (process.ppid === parent) for (let i = 0; i < 1e7; i++);`;

/** How long a program gets to start. */
const startMs = 1000;

async function besideProgram(load: Load, measure: Measure, signal: AbortSignal): Promise<BesideSpeed[]> {
  const program =
    load.kind === 'command'
      ? spawn(load.command, { shell: true, stdio: 'ignore', detached: process.platform !== 'win32' })
      : spawn(process.execPath, ['-e', busyLoop], { stdio: 'ignore' });
  const what = load.kind === 'command' ? `"${load.command}"` : 'The busy loop';
  const ended = new Promise<never>((_, reject) => {
    const fail = (how: string) =>
      reject(new AppError('INVALID_ARGUMENT', `${what} ${how} before the measurement did. It has to run on.`));
    program.on('error', (error) => fail(`failed (${error.message})`));
    program.on('exit', (code, by) => fail(by ? `was ended by ${by}` : `ended with exit code ${code}`));
  });
  const stop = new AbortController();
  try {
    const work = async () => {
      await new Promise((resolve) => setTimeout(resolve, startMs));
      return measure(AbortSignal.any([signal, stop.signal]));
    };
    return await Promise.race([work(), ended]);
  } finally {
    ended.catch(() => {});
    stop.abort();
    end(program, load.kind === 'command');
  }
}

/** Ends the program with everything that its shell started. */
function end(program: ChildProcess, isGroup: boolean): void {
  if (program.pid === undefined || program.exitCode !== null || program.signalCode !== null) return;
  if (!isGroup || process.platform === 'win32') program.kill('SIGKILL');
  else process.kill(-program.pid, 'SIGKILL');
}

export const besideColumns = [
  'device',
  'model',
  'mode',
  'budget',
  'selector',
  'depth',
  'beside',
  'prefill_alone_tok_s',
  'prefill_beside_tok_s',
  'prefill_ratio',
  'decode_alone_tok_s',
  'decode_beside_tok_s',
  'decode_ratio',
] as const;

/** Medians over the rounds; each ratio compares the two speeds of one round. `index`: the variant's position in each round. */
export function besideRow(
  facts: { device: string; model: string; depth: number; load: Load },
  { mode, budget, selector }: BenchVariant,
  index: number,
  rounds: readonly BesideRound[],
): Cell[] {
  const { device, model, depth, load } = facts;
  const middle = (pick: (round: BesideRound) => number | null | undefined, digits = 2) => {
    const values = rounds.map(pick).filter((value) => value !== null && value !== undefined);
    return values.length === 0 ? null : rounded(median(values), digits);
  };
  const speeds = (name: keyof BesideSpeed): Cell[] => {
    const alone = (round: BesideRound) => round.alone[index]?.[name];
    const beside = (round: BesideRound) => round.beside[index]?.[name];
    const ratio = (round: BesideRound) => {
      const [a, b] = [alone(round), beside(round)];
      return typeof a === 'number' && typeof b === 'number' ? b / a : null;
    };
    return [middle(alone), middle(beside), middle(ratio, 3)];
  };
  const what = load.kind === 'command' ? load.command : load.kind;
  return [device, model, mode, budget, selector, depth, what, ...speeds('prefillTokS'), ...speeds('decodeTokS')];
}
