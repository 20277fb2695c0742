import { describe, expect, it } from 'vitest';
import type { ComparedAnswer } from '../../../electron/cli/fidelity-turns.ts';
import { csvLine } from '../../../electron/cli/format.ts';
import { recordColumns, recordRows } from '../../../electron/cli/record-rows.ts';
import type { RecordSet } from '../../../electron/cli/records.ts';
import type { Counters } from '../../../electron/contract/engine-reports.ts';
import { rocketOptionsFor } from '../../../electron/contract/method.ts';
import { presets } from '../../../electron/contract/method-values.ts';

const keys = ['Corvane', 'Halmere', 'Selvik', 'Ulbryn'];
const set: RecordSet = {
  kind: 'ships',
  records: keys.map((key, i) => ({ key, value: i < 2 ? 'alum' : 'indigo', sentence: `${key}.` })),
  questions: [
    { task: 'list', question: 'List every ship.', expected: keys },
    { task: 'filter', question: 'List every ship with alum.', expected: keys.slice(0, 2) },
    { task: 'count', question: 'How many ships?', expected: keys },
  ],
};
const counters = {
  budgets: { capacity: 900 },
  readBytesPerStep: 77,
  storedBytesPerHead: 88,
  keptMass: [0.8, 0.9],
} as unknown as Counters;
const variant = { mode: 'rocketkv' as const, rocket: rocketOptionsFor({ mode: 'rocketkv' }, presets.paper) };
const position = { kl: 0.2, sameTop1: true, recall: 0.5, mass: 0.9 };
const compared = (fullAnswer: string, answer: string | null): ComparedAnswer => ({
  fullAnswer,
  answer,
  positions: [position],
  counters,
});
const rowsOf = (...answers: ComparedAnswer[]) =>
  recordRows('a.txt', set, new Map([[variant, answers]])).map((row) => {
    expect(row).toHaveLength(recordColumns.length);
    expect(csvLine(row)).not.toContain('NaN');
    return Object.fromEntries(recordColumns.map((name, i) => [name, row[i]]));
  });

describe('fidelity --task extraction --csv', () => {
  it('has the columns of its interface', () => {
    expect(csvLine(recordColumns)).toBe(
      'file,kind,records,task,mode,budget,selector,pooling,expected,listed,found,precision,recall,number,full_found,found_of_full,positions,kl_mean,kl_median,kl_p90,top1,mass_kept,read_bytes,stored_bytes,capacity',
    );
  });

  it('compares each answer with full KV’s, which has a row of its own', () => {
    const rows = rowsOf(
      compared('Corvane\nHalmere\nSelvik', 'Selvik\nUlbryn\nPequod\nMoby'),
      compared('Corvane\nSelvik', 'none'),
      compared('There are 4.', 'There are three.'),
    );
    expect(rows.map(({ task, mode, budget }) => `${task} ${mode} ${budget}`)).toEqual([
      'list full null',
      'list rocketkv 512',
      'filter full null',
      'filter rocketkv 512',
      'count full null',
      'count rocketkv 512',
    ]);
    const [fullList, list, fullFilter, filter, fullCount, count] = rows;
    expect(fullList).toMatchObject({ expected: 4, listed: 3, found: 3, precision: 1, recall: 0.75, full_found: 3 });
    expect(fullList).toMatchObject({ positions: null, kl_mean: null, capacity: null });
    expect(list).toMatchObject({ listed: 4, found: 2, precision: 0.5, recall: 0.5, full_found: 3, found_of_full: 1 });
    expect(list).toMatchObject({ kind: 'ships', records: 4, selector: 'pages', pooling: 'max', kl_mean: 0.2, top1: 1 });
    expect(list).toMatchObject({ mass_kept: 0.9, read_bytes: 77, stored_bytes: 88, capacity: 900, number: null });
    // A record with another value is no right answer.
    expect(fullFilter).toMatchObject({ expected: 2, listed: 2, found: 1, precision: 0.5, recall: 0.5 });
    expect(filter).toMatchObject({ listed: 1, found: 0, precision: 0, recall: 0, found_of_full: 0 });
    expect(fullCount).toMatchObject({ expected: 4, number: 4, listed: null, found: null, recall: null });
    expect(count).toMatchObject({ expected: 4, number: 3, full_found: null });
  });

  it('leaves empty what was not answered, and the precision of an answer that lists nothing', () => {
    const [full, list] = rowsOf(compared('', null));
    expect(full).toMatchObject({ listed: 0, found: 0, precision: null, recall: 0 });
    expect(list).toMatchObject({ listed: null, found: null, recall: null, found_of_full: null, positions: 1 });
  });
});
