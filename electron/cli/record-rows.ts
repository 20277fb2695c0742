/** Answers that must list or count many records, as the rows of `fidelity --task extraction --csv`. The column names are an interface. */
import { agreementCells, agreementColumns, variantCells, variantColumns } from './fidelity-rows.ts';
import type { Compared } from './fidelity-turns.ts';
import { type Cell, rounded } from './format.ts';
import { listedIn, numberIn, type RecordQuestion, type RecordSet } from './records.ts';

export const recordColumns = [
  'file',
  'kind',
  'records',
  'task',
  ...variantColumns,
  'expected',
  'listed',
  'found',
  'precision',
  'recall',
  'number',
  'full_found',
  'found_of_full',
  ...agreementColumns,
  'read_bytes',
  'stored_bytes',
  'capacity',
] as const;

/** What an answer has of what was asked for. A count has only a number, a list everything else. */
interface Judged {
  /** Distinct things that it names. */
  listed: number | null;
  found: Set<string>;
  number: number | null;
}

function judge(answer: string, { task, expected }: RecordQuestion, { records }: RecordSet): Judged {
  if (task === 'count') return { listed: null, found: new Set(), number: numberIn(answer) };
  const { keys, others } = listedIn(
    answer,
    records.map(({ key }) => key),
  );
  return { listed: keys.size + others, found: new Set(expected.filter((key) => keys.has(key))), number: null };
}

function answerCells(question: RecordQuestion, judged: Judged | null, full: Judged): Cell[] {
  const { task, expected } = question;
  if (task === 'count') return [expected.length, null, null, null, null, judged?.number ?? null, null, null];
  const kept = judged ? [...judged.found].filter((key) => full.found.has(key)).length : null;
  if (!judged) return [expected.length, null, null, null, null, null, full.found.size, kept];
  const { listed, found } = judged;
  return [
    expected.length,
    listed,
    found.size,
    listed ? rounded(found.size / listed, 4) : null,
    rounded(found.size / expected.length, 4),
    null,
    full.found.size,
    kept,
  ];
}

/** For each question full KV's row, and the variants' in their order. */
export function recordRows(file: string, set: RecordSet, compared: Compared): Cell[][] {
  return set.questions.flatMap((question, i) => {
    const named: Cell[] = [file, set.kind, set.records.length, question.task];
    const answers = [...compared].flatMap(([variant, all]) => (all[i] ? [{ variant, ...all[i] }] : []));
    const full = judge(answers[0]?.fullAnswer ?? '', question, set);
    const fullRow = [...named, 'full', null, null, null, ...answerCells(question, full, full)];
    const rows = answers.map(({ variant, answer, ...measured }): Cell[] => [
      ...named,
      ...variantCells(variant),
      ...answerCells(question, answer === null ? null : judge(answer, question, set), full),
      ...agreementCells([measured]),
      measured.counters.readBytesPerStep,
      measured.counters.storedBytesPerHead,
      measured.counters.budgets.capacity,
    ]);
    return answers.length === 0 ? [] : [[...fullRow, ...recordColumns.slice(fullRow.length).map(() => null)], ...rows];
  });
}
