import { describe, expect, it } from 'vitest';
import { insertRecords, listedIn, makeRecords, mostRecords, numberIn } from '../../../electron/cli/records.ts';

const text = Array.from(
  { length: 30 },
  (_, i) => `Paragraph ${i} begins here. It has three sentences. This ends it.`,
).join('\n\n');
const document = {
  title: 'T',
  format: 'txt' as const,
  text,
  pages: [{ label: '1', start: 0, end: text.length }],
  notes: [],
};
const seeds = [0, 1, 2, 3, 4, 5];

describe('records', () => {
  it('have keys and values that the text does not have, each key in its own sentence alone', () => {
    for (const seed of seeds) {
      const { records, questions } = makeRecords(text, 40, seed);
      expect(records).toHaveLength(40);
      for (const { key, value, sentence } of records) {
        expect(sentence).toContain(key);
        expect(sentence).toContain(value);
        expect(sentence).not.toMatch(/[{}]/);
        expect(text.toLowerCase()).not.toContain(key.toLowerCase());
        expect(text.toLowerCase()).not.toContain(value.toLowerCase());
        expect(records.filter((record) => record.sentence.includes(key))).toHaveLength(1);
        for (const { question } of questions) expect(question).not.toContain(key);
      }
    }
  });

  it('are asked for all, for those of one value, and for their number', () => {
    for (const seed of seeds) {
      const { records, questions } = makeRecords(text, 40, seed);
      const [list, filter, count] = questions;
      expect(questions.map(({ task }) => task)).toEqual(['list', 'filter', 'count']);
      expect(list?.expected).toEqual(records.map(({ key }) => key));
      expect(count?.expected).toHaveLength(40);
      expect(filter?.expected).toHaveLength(10);
      const values = new Set(records.filter(({ key }) => filter?.expected.includes(key)).map(({ value }) => value));
      expect(values.size).toBe(1);
      expect(filter?.question).toContain([...values][0]);
      // A value is in several wordings, so that a wording does not tell it.
      const wordings = records
        .filter(({ value }) => values.has(value))
        .map(({ key, sentence }) => sentence.replace(key, ''));
      expect(new Set(wordings).size).toBeGreaterThan(2);
    }
  });

  it('follow from the seed, which changes kind and names', () => {
    expect(makeRecords(text, 20, 7)).toEqual(makeRecords(text, 20, 7));
    const kinds = seeds.map((seed) => makeRecords(text, 20, seed).kind);
    expect(new Set(kinds).size).toBe(3);
    expect(makeRecords(text, 20, 0).records).not.toEqual(makeRecords(text, 20, 3).records);
  });

  it('leave out names and values that the text has', () => {
    const [first] = makeRecords(text, 10, 0).records;
    const { records } = makeRecords(`${text} ${first?.key.toUpperCase()} brought ${first?.value}.`, 10, 0);
    expect(records.some(({ key }) => key === first?.key)).toBe(false);
    expect(records.some(({ value }) => value === first?.value)).toBe(false);
  });

  it('lie at even depths behind whole sentences, and change nothing else', () => {
    const { records } = makeRecords(text, 40, 1);
    const { text: full, pages } = insertRecords(document, records);
    expect(pages).toEqual([{ label: 'T', start: 0, end: full.length }]);
    let rest = full;
    for (const [i, { sentence }] of records.entries()) {
      const at = full.indexOf(sentence);
      expect(Math.abs(at / full.length - (i + 0.5) / 40)).toBeLessThan(0.03);
      expect(full.slice(0, at).trimEnd()).toMatch(/^$|[.]$/);
      rest = rest.replace(sentence, '');
    }
    expect(rest.split(/\s+/).join(' ')).toBe(text.split(/\s+/).join(' '));
  });

  it('find places in a text without sentences, and as many as are allowed', () => {
    const { records } = makeRecords('no sentence', mostRecords, 2);
    const { text: full } = insertRecords({ ...document, text: 'no sentence' }, records);
    for (const { sentence } of records) expect(full).toContain(sentence);
    expect(full.startsWith(records[0]?.sentence ?? '-')).toBe(true);
  });
});

describe('what an answer lists', () => {
  const keys = ['Corvane', 'Halmere', 'Selvik', 'Ulbryn'];
  const listed = (answer: string) => {
    const { keys: named, others } = listedIn(answer, keys);
    return [[...named].sort().join(' '), others];
  };

  it.each([
    ['lines with marks', '1. Corvane\n2) Selvik\n- **Halmere**\n* Ulbryn.', 'Corvane Halmere Selvik Ulbryn', 0],
    ['between commas', 'Selvik, Corvane, and Halmere.', 'Corvane Halmere Selvik', 0],
    [
      'quoted sentences',
      '"With alum in her hold, the ship Selvik called." "The ship Corvane came in, and left."',
      'Corvane Selvik',
      0,
    ],
    ['twice', 'Corvane\ncorvane\nThe CORVANE', 'Corvane', 0],
    ['an announcement', 'The ships are:\n\nCorvane', 'Corvane', 0],
    ['something else, once each', '- Corvane\n- Pequod\n- pequod\n- Corvain', 'Corvane', 2],
    ['something else between commas', 'Corvane, Pequod, Selvik', 'Corvane Selvik', 1],
    ['a sentence that lists', 'They are Corvane, Pequod, Selvik, and Moby.', 'Corvane Selvik', 2],
    ['a sentence with commas', 'With alum, salt, and tin, the ship Corvane came to the harbour.', 'Corvane', 0],
    ['a sentence without a key', 'The ship Corvane came in. The ship Pequod sailed.', 'Corvane', 1],
    ['part of a longer word', 'Corvanes', '', 1],
    ['repetitions that are cut', 'The Corvane, the Selvik, the Pequod, the Corvane, the Cor', 'Corvane Selvik', 1],
    ['nothing', ' \n-\n', '', 0],
  ])('%s', (_, answer, named, others) => {
    expect(listed(answer)).toEqual([named, others]);
  });
});

describe('the number that an answer says', () => {
  it.each([
    ['40', 40],
    ['There are 1,204 ships.', 1204],
    ['Forty ships came.', 40],
    ['It had forty-two of them.', 42],
    ['Seven', 7],
    ['1. Corvane\n2. Selvik', null],
    ['Many ships.', null],
    ['', null],
  ])('%j', (answer, number) => {
    expect(numberIn(answer)).toBe(number);
  });
});
