import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnswerSpeed } from '../../../../electron/app-host/library/speed-store.ts';
import { firstTokenMs, readingMs, tokenMs } from '../../../../electron/app-host/planning/speed-prediction.ts';

const answer = (changes: Partial<AnswerSpeed>): AnswerSpeed => ({
  generated: 64,
  decodeMs: 640,
  bytes: 1e6,
  question: 30,
  rows: 5000,
  firstTokenMs: 200,
  ...changes,
});
/** Answers of a machine that takes 5 ms for a token and 2 ns for each byte it reads. */
const measured = (bytes: number, noise = 1) => answer({ bytes, decodeMs: 64 * (5 + bytes * 2e-6) * noise });

describe('a token', () => {
  it('is predicted between and somewhat outside of what was measured', () => {
    const answers = [1e6, 2e6, 4e6].map((bytes) => measured(bytes));
    for (const bytes of [5e5, 1.5e6, 8e6]) expect(tokenMs(answers, bytes)).toBeCloseTo(5 + bytes * 2e-6, 6);
    expect(tokenMs(answers, 2e5)).toBeNull();
    expect(tokenMs(answers, 2e7)).toBeNull();
  });

  it('is not predicted from too little', () => {
    expect(tokenMs([], 1e6)).toBeNull();
    expect(tokenMs([measured(1e6), measured(2e6)], 1e6)).toBeNull();
    const short = [1e6, 2e6, 3e6].map((bytes) => ({ ...measured(bytes), generated: 4 }));
    expect(tokenMs(short, 1e6)).toBeNull();
  });

  it('of one budget only is predicted near that budget and nowhere else', () => {
    const answers = [1, 1.02, 0.98].map((noise) => measured(1e6, noise));
    expect(tokenMs(answers, 1.1e6)).toBeCloseTo(7, 0);
    expect(tokenMs(answers, 2e6)).toBeNull();
  });

  it('is not predicted where the past does not explain itself', () => {
    const answers = [1, 5, 0.2, 9, 0.1, 4].map((noise, i) => measured((i + 1) * 1e6, noise));
    expect(tokenMs(answers, 3e6)).toBeNull();
  });

  it('stays within the noise of what was measured, and is never negative', () => {
    const noisy = fc.array(
      fc.record({ bytes: fc.integer({ min: 1e5, max: 1e8 }), noise: fc.double({ min: 0.9, max: 1.1 }) }),
      {
        minLength: 3,
        maxLength: 30,
      },
    );
    fc.assert(
      fc.property(noisy, (samples) => {
        const answers = samples.map(({ bytes, noise }) => measured(bytes, noise));
        const { bytes } = samples[0] ?? { bytes: 0 };
        const predicted = tokenMs(answers, bytes);
        if (predicted === null) return;
        expect(predicted).toBeGreaterThan(0);
        // Where all answers read about the same number of bytes, the two parts cannot be told apart, so the bounds are wide.
        expect(predicted / (5 + bytes * 2e-6)).toBeGreaterThan(0.6);
        expect(predicted / (5 + bytes * 2e-6)).toBeLessThan(1.7);
      }),
    );
  });

  it('goes by the newest: a machine that became faster is predicted so', () => {
    const fast = Array.from({ length: 30 }, (_, i) => measured((i + 1) * 1e6));
    const slow = Array.from({ length: 70 }, (_, i) => measured((i + 1) * 1e6, 10));
    expect(tokenMs([...fast, ...slow], 2e6)).toBeCloseTo(9, 6);
  });
});

describe('the first token', () => {
  const asked = (question: number, rows: number) =>
    answer({ question, rows, firstTokenMs: question * (3 + rows * 1e-3) });

  it('is predicted for a question of the usual length on more rows', () => {
    const answers = [asked(20, 2000), asked(30, 4000), asked(40, 8000)];
    expect(firstTokenMs(answers, 6000)).toBeCloseTo(30 * 9, 6);
    expect(firstTokenMs(answers, 60_000)).toBeNull();
    expect(firstTokenMs(answers.slice(1), 6000)).toBeNull();
  });
});

describe('a reading', () => {
  const read = (tokens: number) => ({ tokens, ms: tokens * (2 + tokens * 1e-4) });

  it('goes by the only one there was', () => {
    expect(readingMs([], 1000)).toBeNull();
    expect(readingMs([{ tokens: 1000, ms: 3000 }], 2000)).toBeCloseTo(6000, 6);
  });

  it('takes longer for each token the longer the text is, once that was seen', () => {
    expect(readingMs([read(1000), read(8000)], 16_000)).toBeCloseTo(read(16_000).ms, 3);
  });
});
