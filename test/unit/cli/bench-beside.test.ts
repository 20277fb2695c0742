/** Measurements beside a load: what runs when, what is left behind, and what the rows say. */
import { describe, expect, it } from 'vitest';
import { type BesideSpeed, besideColumns, besideRound, besideRow, loadOf } from '../../../electron/cli/bench-beside.ts';

const speed = (decodeTokS: number, prefillTokS: number | null = 10 * decodeTokS): BesideSpeed => ({
  prefillTokS,
  decodeTokS,
});
const never = new AbortController().signal;
const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('the load', () => {
  it('is a loop, an engine or a command', () => {
    expect(loadOf('loop')).toEqual({ kind: 'loop' });
    expect(loadOf('engine')).toEqual({ kind: 'engine' });
    expect(loadOf('window')).toEqual({ kind: 'window' });
    expect(loadOf('make -j2')).toEqual({ kind: 'command', command: 'make -j2' });
    expect(() => loadOf(' ')).toThrow(/loop, engine, window or a command/);
  });

  it('of another engine lasts until both have measured; the slower counts', async () => {
    let running = 0;
    const beside: number[] = [];
    let calls = 0;
    const measure = async (signal: AbortSignal) => {
      const call = calls++;
      running++;
      await later(call === 1 ? 20 : call === 2 ? 200 : 30); // 0 is alone; then 2, the second engine, is slow, and the first measures again
      running--;
      if (signal.aborted) throw new Error('stopped');
      if (call > 0) beside.push(running);
      return [speed(call === 0 ? 100 : call === 2 ? 20 : 40)];
    };
    const round = await besideRound({ kind: 'engine' }, measure, never);
    expect(round.alone).toEqual([speed(100)]);
    expect(round.beside).toEqual([speed(20)]);
    expect(calls).toBeGreaterThan(4);
    expect(beside.filter((others) => others === 1).length).toBeGreaterThan(2);
    expect(running).toBeLessThanOrEqual(1);
  });

  it('of another engine passes on what went wrong', async () => {
    let calls = 0;
    const measure = async () => {
      if (calls++ === 2) throw new Error('no memory');
      await later(10);
      return [speed(1)];
    };
    await expect(besideRound({ kind: 'engine' }, measure, never)).rejects.toThrow('no memory');
  });

  it('of a command runs during the second measurement only, and is gone with its children', async () => {
    const seen: string[] = [];
    let child = 0;
    const sleep = `sleep ${10_000 + Math.floor(1e6 * Math.random())}`;
    const { execFileSync } = await import('node:child_process');
    const pids = () => {
      try {
        return execFileSync('pgrep', ['-f', `^${sleep}$`], { encoding: 'utf8' })
          .trim()
          .split('\n')
          .map(Number);
      } catch {
        return [];
      }
    };
    const measure = async () => {
      const found = pids();
      seen.push(found.length > 0 ? 'beside' : 'alone');
      child = found[0] ?? child;
      return [speed(1)];
    };
    await besideRound(loadOf(`${sleep} & ${sleep}; true`), measure, never);
    expect(seen).toEqual(['alone', 'beside']);
    for (let i = 0; i < 100 && isAlive(child); i++) await later(10);
    expect(pids()).toEqual([]);
  });

  it('that ends early spoils the measurement, and says so', async () => {
    const measure = () => later(50).then(() => [speed(1)]);
    const slow =
      (calls = { n: 0 }) =>
      () =>
        calls.n++ === 0 ? measure() : later(3000).then(() => [speed(1)]);
    await expect(besideRound(loadOf('exit 7'), slow(), never)).rejects.toThrow(
      '"exit 7" ended with exit code 7 before the measurement did. It has to run on.',
    );
  });
});

describe('the row', () => {
  it('has medians, and the ratio of each round', () => {
    const rounds = [
      { alone: [speed(100)], beside: [speed(50)] },
      { alone: [speed(10)], beside: [speed(9)] },
      { alone: [speed(200)], beside: [speed(120)] },
    ];
    const facts = { device: 'cpu', model: 'm', depth: 64, load: { kind: 'loop' } as const };
    const variant = { engine: 'rocketdoc', mode: 'full', budget: null, selector: null } as const;
    const row = besideRow(facts, variant, 0, rounds);
    expect(row).toHaveLength(besideColumns.length);
    expect(row).toEqual(['cpu', 'm', 'full', null, null, 64, 'loop', 1000, 500, 0.6, 100, 50, 0.6]);
    const unread = rounds.map(({ alone, beside }) => ({
      alone: alone.map((one) => ({ ...one, prefillTokS: null })),
      beside: beside.map((one) => ({ ...one, prefillTokS: null })),
    }));
    expect(besideRow({ ...facts, depth: 0 }, variant, 0, unread).slice(7, 10)).toEqual([null, null, null]);
  });
});
