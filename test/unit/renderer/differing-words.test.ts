import fc from 'fast-check';
import { expect, it } from 'vitest';
import { answerTitle, statsParts } from '../../../renderer/features/chat/answer-stats.ts';
import { differingWords, type Piece } from '../../../renderer/features/chat/differing-words.ts';
import { fakeReport } from '../../fixtures/fake-engine.ts';

const joined = (pieces: readonly Piece[]) => pieces.map(({ text }) => text).join('');
const marked = (pieces: readonly Piece[]) => pieces.filter(({ differs }) => differs).map(({ text }) => text.trim());

it('marks in each answer what the other does not say', () => {
  const { left, right, differing, total } = differingWords(
    'It was founded in 1887 by Ann.',
    'It was founded in 1878 by Ann and Ben.',
  );
  expect(marked(left)).toEqual(['1887']);
  expect(marked(right)).toEqual(['1878', 'and Ben']);
  expect([differing, total]).toEqual([4, 16]);
});

it('finds equal answers equal, and empty ones too', () => {
  expect(differingWords('Same words.', 'Same words.')).toMatchObject({ differing: 0, total: 4 });
  expect(differingWords('', '')).toEqual({ left: [], right: [], differing: 0, total: 0 });
});

it('gives back both answers whole, whatever they say', () => {
  const text = fc.array(fc.constantFrom('a', 'the', ' ', '\n', '**', '<b>', 'größe', '海'), { maxLength: 40 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      const { left, right } = differingWords(a.join(''), b.join(''));
      // A space beside a change may be counted as either side's: words are what is compared.
      const words = (value: string) => value.replace(/\s+/g, '');
      expect([words(joined(left)), words(joined(right))]).toEqual([words(a.join('')), words(b.join(''))]);
    }),
  );
});

it('says the numbers of an answer in one line, and why it ended', () => {
  expect(statsParts(fakeReport('Yes.'), {}).join(' · ')).toBe(
    '200 tok/s · first token 5 ms · 12 tokens · RocketKV-MT 128 · kept 96 of 500 rows · ended by itself',
  );
  const full = { ...fakeReport('Yes.'), mode: 'full' as const, finishReason: 'length' as const };
  expect(statsParts(full, { sampled: true }).slice(-4)).toEqual([
    'Full KV',
    'all 500 rows',
    'drawn by chance',
    'cut at 256 tokens',
  ]);
});

it('names an answer by what it was made with, and before that by what was wished for', () => {
  const turn = { report: null, choice: { mode: 'full' } } as Parameters<typeof answerTitle>[0];
  expect(answerTitle(turn)).toBe('Full KV');
  expect(answerTitle({ ...turn, report: fakeReport('Yes.') })).toBe('RocketKV-MT, budget 128');
});
