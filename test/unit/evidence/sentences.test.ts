import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SentenceIndex, textOf } from '../../../electron/evidence/sentence-index.ts';
import { sentencesOf } from '../../../electron/evidence/sentences.ts';
import { isSameWord, stopWordsOf, termsOf } from '../../../electron/evidence/terms.ts';
import { paged } from '../../fixtures/paged-text.ts';

const cut = (...texts: string[]) => {
  const document = paged(...texts);
  return [...sentencesOf(document)].map((sentence) => textOf(document, sentence));
};

describe('sentences', () => {
  it('end at full stops, not at line ends, abbreviations or initials', () => {
    expect(cut('Dr. J. Smith came to\nNo. 5 at 3.15 p.m. today. He left.\n\nNew paragraph')).toEqual([
      'Dr. J. Smith came to No. 5 at 3.15 p.m. today.',
      'He left.',
      'New paragraph',
    ]);
  });

  it('are the rows of a table and the items of a list', () => {
    expect(cut('Station\tMetres\nCorvane\t41\nRuan\t12\n\n- one foot\n- two feet\n')).toEqual([
      'Station Metres',
      'Corvane 41',
      'Ruan 12',
      '- one foot',
      '- two feet',
    ]);
  });

  it('go on over the end of a page, past its number and the next running title', () => {
    expect(
      cut('It lasts. The drying programme\n\n4\n\n', 'Annual report\n\nlasts 21 days and ends. Then rest.\n'),
    ).toEqual(['It lasts.', '4', 'Annual report', 'The drying programme lasts 21 days and ends.', 'Then rest.']);
  });

  it('do not go on where a new one begins', () => {
    expect(cut('A heading without a stop at all\n\n', 'The next page begins. So it is.\n')).toEqual([
      'A heading without a stop at all',
      'The next page begins.',
      'So it is.',
    ]);
  });

  it('of any text lie in it in order, hold every letter, and are never endless', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 2000 }), { minLength: 1, maxLength: 4 }),
        (texts) => {
          const document = paged(...texts);
          const covered = new Set<number>();
          for (const sentence of sentencesOf(document)) {
            for (const span of [sentence, ...(sentence.goesOn ? [sentence.goesOn] : [])]) {
              expect(span.end).toBeGreaterThan(span.start);
              expect(span.end - span.start).toBeLessThanOrEqual(700);
              for (let i = span.start; i < span.end; i++) {
                expect(covered.has(i)).toBe(false);
                covered.add(i);
              }
            }
          }
          for (const { index } of document.text.matchAll(/\S/g)) expect(covered.has(index)).toBe(true);
        },
      ),
    );
  });
});

describe('terms', () => {
  const stops = stopWordsOf('The tower of the island was built by the trust and it is there.');
  const keys = (text: string) => termsOf(text, stops).map(({ key, kind }) => `${key} ${kind}`);

  it('are numbers in one form, however they are written', () => {
    expect(keys('1,388 and 1 388 and 1’388.50 and 027.40')).toEqual([
      '1388 number',
      '1388 number',
      '1388.5 number',
      '27.4 number',
    ]);
    expect(keys('seven, X12, 400A')).toEqual(['7 number', 'x12 number', '400a number']);
  });

  it('are names inside of a sentence, and words else', () => {
    expect(keys('Towers by Ada Whitlock. Lamps of Ruan.')).toEqual([
      'towers word',
      'ada name',
      'whitlock name',
      'lamps word',
      'ruan name',
    ]);
  });

  it('are without stop words, of the language of the text too', () => {
    const german = stopWordsOf('Der Turm auf der Insel wurde von dem Verein gebaut und er steht dort noch heute.');
    expect(termsOf('Der Turm wurde von dem Verein gebaut', german).map(({ key }) => key)).toEqual([
      'turm',
      'verein',
      'gebaut',
    ]);
  });

  it('are the same in other forms, and never other numbers', () => {
    for (const [a, b] of [
      ['employ', 'employed'],
      ['painted', 'painting'],
      ['tower', 'towers'],
      ['café', 'café'],
    ] as const)
      expect(isSameWord(a, b), `${a} ${b}`).toBe(true);
    for (const [a, b] of [
      ['1887', '1888'],
      ['lamp', 'lamb'],
      ['found', 'foundation'],
    ] as const)
      expect(isSameWord(a, b), `${a} ${b}`).toBe(false);
  });
});

describe('an index', () => {
  it('of a long text lets other work through, and takes no longer for being one paragraph', async () => {
    const text = Array.from(
      { length: 20_000 },
      (_, i) => `Tower ${i} of the island stands ${i % 90} metres high. `,
    ).join('');
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const index = await SentenceIndex.of(paged(text));
    clearInterval(timer);
    expect(index.sentences).toHaveLength(20_000);
    expect(turns).toBeGreaterThan(20);
    expect(index.find(['19999'], 3)).toContain(19_999);
  }, 60_000);
});
