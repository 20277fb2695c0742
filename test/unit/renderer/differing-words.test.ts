import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ComparedWord, wordsIn } from '../../../electron/contract/words.ts';
import { answerTitle, statsParts } from '../../../renderer/features/chat/answer-stats.ts';
import { differingWords } from '../../../renderer/features/chat/differing-words.ts';
import { differenceMarks } from '../../../renderer/markdown/differences.ts';
import { element, type Node, text } from '../../../renderer/markdown/tree.ts';
import { fakeReport } from '../../fixtures/fake-engine.ts';

const marked = (words: readonly ComparedWord[]) => words.filter(({ differs }) => differs).map(({ word }) => word);

it('tells of each answer what the other does not say', () => {
  const { left, right, differing, total } = differingWords(
    'It was founded in 1887 by Ann.',
    'It was founded in 1878 by Ann and Ben.',
  );
  expect(marked(left)).toEqual(['1887']);
  expect(marked(right)).toEqual(['1878', 'and', 'ben']);
  expect([differing, total]).toEqual([4, 16]);
});

it('finds equal answers equal, and empty ones too', () => {
  expect(differingWords('Same words.', 'Same words.')).toMatchObject({ differing: 0, total: 4 });
  expect(differingWords('', '')).toEqual({ left: [], right: [], differing: 0, total: 0 });
});

it('has every word of both answers, whatever they say; what does not differ is the same', () => {
  const text = fc.array(fc.constantFrom('a', 'the', ' ', '\n', '**', '<b>', 'größe', '海'), { maxLength: 40 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      const { left, right } = differingWords(a.join(''), b.join(''));
      const words = (pieces: string[]) => [...wordsIn(pieces.join(''))].map(({ word }) => word);
      expect([left, right].map((side) => side.map(({ word }) => word))).toEqual([words(a), words(b)]);
      const same = (side: readonly ComparedWord[]) => side.filter(({ differs }) => !differs).map(({ word }) => word);
      expect(same(left)).toEqual(same(right));
    }),
  );
});

/** The text of a paragraph as it is shown, with [marked] words in brackets. */
function shown(source: string, other: string, children: Node[]): string {
  const tree = element('p', {}, children);
  differenceMarks(differingWords(source, other).left)(tree);
  const write = (node: Node): string =>
    node.type === 'text' ? (node.value ?? '') : (node.children ?? []).map(write).join('');
  const writeMarked = (node: Node): string =>
    node.tagName === 'mark'
      ? `[${write(node)}]`
      : node.type === 'text'
        ? (node.value ?? '')
        : (node.children ?? []).map(writeMarked).join('');
  return writeMarked(tree);
}

it('marks the words where they are shown, past addresses, emphasis and numbers of lists', () => {
  const strong = (value: string) => element('strong', {}, [text(value)]);
  expect(
    shown(
      'In [the 1887 book](https://trust.example/1887/new) it is **1887**, new.',
      'In the 1887 book it is 1878, new.',
      [text('In '), element('a', {}, [text('the 1887 book')]), text(' it is '), strong('1887'), text(', new.')],
    ),
  ).toBe('In the 1887 book it is [1887], new.');
  expect(shown('1. One tower, two lights.', 'Three lights.', [text('One tower, two lights.')])).toBe(
    '[One tower, two] lights.',
  );
  // Words that are not in the source are not marked, and do not keep later words from being marked.
  expect(shown('It was Ann.', 'It was Ben.', [text('Note: it was Ann.')])).toBe('Note: it was [Ann].');
});

it('says the numbers of an answer in one line, and why it ended', () => {
  expect(statsParts(fakeReport('Yes.'), {}).join(' · ')).toBe(
    '200 tok/s · first token 5 ms · 12 tokens · RocketKV-MT 128 · kept 96 of 500 rows · ended by itself',
  );
  const { timings } = fakeReport('Yes.');
  const drafted = { ...fakeReport('Yes.'), timings: { ...timings, passes: 4, drafted: 9, accepted: 7 } };
  expect(statsParts(drafted, {})).toContain('7 of 9 drafts right');
  const full = { ...fakeReport('Yes.'), mode: 'full' as const, finishReason: 'length' as const };
  expect(statsParts(full, { sampled: true }).slice(-4)).toEqual([
    'Full KV',
    'all 500 rows',
    'drawn by chance',
    'cut at 256 tokens',
  ]);
});

it('names an answer by what it was made with, and before that by what was chosen', () => {
  const turn = { report: null, choice: { mode: 'full' } } as Parameters<typeof answerTitle>[0];
  expect(answerTitle(turn)).toBe('Full KV');
  expect(answerTitle({ ...turn, report: fakeReport('Yes.') })).toBe('RocketKV-MT, budget 128');
});
