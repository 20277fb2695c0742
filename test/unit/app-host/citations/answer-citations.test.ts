import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outlineOf } from '../../../../electron/app-host/documents/document-texts.ts';
import type { MapPage } from '../../../../electron/contract/app-types.ts';
import { claimsOf } from '../../../../electron/evidence/answer-claims.ts';
import { locate, passageAt } from '../../../../electron/evidence/locate-claims.ts';
import { longestRuns } from '../../../../electron/evidence/word-runs.ts';
import { paged } from '../../../fixtures/paged-text.ts';

const report = paged(
  'The Harbour Trust was founded by Ada Whitlock in 1887. Its first keeper was paid nine pounds a year.\n\n',
  'In the winter of 1902 the lantern was replaced; the new one burned\nvaporised oil and was seen at nineteen miles.\n\n',
  '',
  'The keeper’s log of “fog and still water” is kept in the museum. The lantern was replaced again in 1951, by an electric one.\n',
);
const found = async (answer: string, document = report, map: MapPage[] = [], question = '') =>
  (await locate(answer, document, { map, question })).map(({ kind, passage, exact }) => ({
    kind,
    exact,
    text: passage && document.text.slice(passage.start, passage.end),
    page: passage?.page,
  }));

describe('a quote', () => {
  it('is found whatever its quotation marks, line ends and dashes are', async () => {
    const text = 'the new one burned\nvaporised oil';
    for (const quote of [
      '"the new one burned vaporised oil"',
      '“The new one burned—vaporised oil.”',
      '„the new one burned vaporised oil“',
      '«the new one burned vaporised oil»',
    ])
      expect(await found(`It says ${quote}.`), quote).toEqual([{ kind: 'quote', exact: true, text, page: 1 }]);
  });

  it('is found through emphasis and in a block of its own', async () => {
    expect(await found('> Its first **keeper** was paid\n> nine pounds')).toMatchObject([
      { kind: 'quote', exact: true, text: 'Its first keeper was paid nine pounds', page: 0 },
    ]);
  });

  it('that is not in the text is unverified', async () => {
    expect(await found('It says "the keeper was a retired sea captain".')).toEqual([
      { kind: 'quote', exact: false, text: null, page: undefined },
    ]);
  });

  it('with a slip of the pen is nearly there; with another number it is not', async () => {
    expect(await found('"the lantern was replaced again in 1951, by an electrical one"')).toMatchObject([
      { exact: false, page: 3, text: 'The lantern was replaced again in 1951, by an electric one' },
    ]);
    expect(await found('"founded by Ada Whitlock in 1881"')).toMatchObject([{ text: null }]);
  });

  it('of a word or two is a name and is left alone', async () => {
    expect(await found('The "Harbour Trust" did it.')).toEqual([]);
  });

  it('is not looked for in code', async () => {
    expect(await found('```\n"the keeper was a retired sea captain"\n```')).toEqual([]);
  });

  it('that stands in several places is cited where most was read', async () => {
    const twice = paged('He said it was so indeed.\n', 'He said it was so indeed.\n');
    const map = [0, 9].map((read, page) => ({ page, label: '', tokens: 5, kept: 0, read, opening: '', parts: [] }));
    expect(await found('"he said it was so"', twice)).toMatchObject([{ page: 0 }]);
    expect(await found('"he said it was so"', twice, map)).toMatchObject([{ page: 1 }]);
  });
});

describe('a sentence', () => {
  it('that repeats five words of the text is cited with them', async () => {
    expect(
      await found('The trust was founded by Ada Whitlock in 1887, it says. I like it very much indeed.'),
    ).toMatchObject([{ kind: 'sentence', exact: true, page: 0, text: 'Trust was founded by Ada Whitlock in 1887' }]);
  });

  it('that is nearly a passage is cited as near', async () => {
    expect(await found('Its first keeper got paid nine pounds a year.')).toMatchObject([
      { kind: 'sentence', exact: false, page: 0, text: 'Its first keeper was paid nine pounds a year' },
    ]);
  });

  it('of other words has no citation, and no turn of phrase makes one', async () => {
    expect(await found('Nothing in this sentence stands in that text anywhere.')).toEqual([]);
    const phrase = paged(...Array.from({ length: 6 }, (_, i) => `At the end of the long day ${i} came.\n`));
    expect(await found('I slept well at the end of the long night.', phrase)).toEqual([]);
  });

  it('that only repeats the question is not cited, with the words that answer it it is', async () => {
    const question = 'By whom was the Harbour Trust founded?';
    expect(await found('The Harbour Trust was founded by a fisherman.', report, [], question)).toEqual([]);
    expect(await found('The Harbour Trust was founded by Ada Whitlock.', report, [], question)).toMatchObject([
      { text: 'The Harbour Trust was founded by Ada Whitlock' },
    ]);
  });

  it('around a quote is not cited beside it', async () => {
    const citations = await found('She wrote that "fog and still water" were common there in the winter.');
    expect(citations.map(({ kind }) => kind)).toEqual(['quote']);
  });
});

describe('claims', () => {
  it('end with what is written', () => {
    expect(claimsOf('')).toEqual([]);
    expect(claimsOf('Unclosed “quote of many words').map(({ kind }) => kind)).toEqual(['sentence']);
  });

  it('are made of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
        for (const { words } of claimsOf(text)) expect(words.length).toBeGreaterThanOrEqual(3);
      }),
    );
  });
});

describe('runs of words', () => {
  it('are as long as a slow search finds them', async () => {
    const word = fc.constantFrom('a', 'b', 'c', 'd');
    const words = fc.array(word, { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(words, fc.array(words, { minLength: 1, maxLength: 3 }), async (text, claims) => {
        const runs = await longestRuns(text.join(' '), claims);
        for (const [i, claim] of claims.entries()) {
          let longest = 0;
          for (let from = 0; from < claim.length; from++)
            for (let to = from + 1; to <= claim.length; to++)
              if (` ${text.join(' ')} `.includes(` ${claim.slice(from, to).join(' ')} `))
                longest = Math.max(longest, to - from);
          expect(runs[i]?.[0]?.length ?? 0).toBe(longest >= 2 ? longest : 0);
          for (const { first, length, start, end } of runs[i] ?? [])
            expect(text.join(' ').slice(start, end)).toBe(claim.slice(first, first + length).join(' '));
        }
      }),
    );
  });

  it('are found in two million letters within two seconds', async () => {
    const long = `${'The lamp of the tower was lit at dusk by its keeper and the sea was calm. '.repeat(27_000)} Unique words stand here at last.`;
    const begun = performance.now();
    const [runs] = await longestRuns(
      long,
      [
        ['unique', 'words', 'stand', 'here'],
        ['the', 'lamp', 'of', 'the', 'sea'],
      ].map((x) => x),
    );
    expect(runs?.[0]).toMatchObject({ length: 4, first: 0 });
    expect(performance.now() - begun).toBeLessThan(2000);
  });
});

describe('an outline', () => {
  it('cuts every text into blocks that cover it, none too long, never inside a character', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 9000 }), { minLength: 1, maxLength: 4 }), (texts) => {
        const document = paged(...texts);
        const { pages, length } = outlineOf(document);
        expect(length).toBe(document.text.length);
        for (const { start, end, blocks } of pages) {
          expect(blocks[0]).toBe(start);
          for (const [i, from] of blocks.entries()) {
            const to = blocks[i + 1] ?? end;
            expect(to - from).toBeLessThanOrEqual(3000);
            const pair = `${document.text[to - 1] ?? ''}${document.text[to] ?? ''}`;
            if (to < end) expect(/^[\ud800-\udbff][\udc00-\udfff]$/.test(pair)).toBe(false);
          }
        }
      }),
    );
  });

  it('knows the page of a passage, past pages without text', () => {
    expect(passageAt(report, report.text.indexOf('The keeper’s'), 0)).toMatchObject({ page: 3, label: '4' });
    expect(passageAt(report, 0, 5)).toMatchObject({ page: 0 });
  });
});
