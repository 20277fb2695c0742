import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { argmax, klDivergence } from '../../../electron/engine-host/measuring.ts';
import { repeatTokens } from '../../../electron/lab/speed.ts';

const row = fc.array(fc.float({ min: -30, max: 30, noNaN: true }), { minLength: 2, maxLength: 50 });

describe('KL divergence', () => {
  it('of two coins is known', () => {
    // p = (0.5, 0.5), q = (0.9, 0.1)
    const p = Float32Array.of(0, 0);
    const q = Float32Array.of(Math.log(9), 0);
    expect(klDivergence(p, q)).toBeCloseTo(0.5 * Math.log(0.5 / 0.9) + 0.5 * Math.log(0.5 / 0.1), 6);
  });

  it('is 0 for the same distribution, shifted or not, and never negative', () => {
    fc.assert(
      fc.property(row, row, (a, b) => {
        const p = Float32Array.from(a);
        const q = Float32Array.from(a.map((_, i) => b[i % b.length] ?? 0));
        expect(klDivergence(p, p)).toBe(0);
        expect(klDivergence(p, Float32Array.from(a.map((x) => x + 4)))).toBeLessThan(1e-5);
        expect(klDivergence(p, q)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('lives with tokens that are ruled out', () => {
    const p = Float32Array.of(0, Number.NEGATIVE_INFINITY, 1);
    expect(klDivergence(p, Float32Array.of(0, 0, 1))).toBeGreaterThan(0);
    expect(Number.isFinite(klDivergence(p, p))).toBe(true);
  });
});

it('argmax takes the first of equals', () => {
  expect(argmax(Float32Array.of(1, 3, 3, 2))).toBe(1);
});

it('text to measure with is repeated as needed', () => {
  expect([...repeatTokens([7, 8, 9], 7)]).toEqual([7, 8, 9, 7, 8, 9, 7]);
  expect(() => repeatTokens([], 3)).toThrow('empty');
});
