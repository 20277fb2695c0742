/**
 * Prints the tables of test/model/README.md from gate.csv, ablation.csv, fidelity-models.csv and extraction.csv.
 *
 *   npx tsx test/model/print-tables.ts
 */
import type { Row } from '../../native/bench/line-chart.ts';
import {
  ablationBudgets,
  ablationRows,
  ablationWays,
  extractionRows,
  gateRows,
  modelRows,
  pool,
} from './pooled-rows.ts';

const ways = [
  { name: 'paper', mode: 'rocketkv', selector: 'pages', pooling: 'max' },
  { name: 'coded', mode: 'rocketkv', selector: 'codes', pooling: 'triangle' },
  { name: 'coded + residual', mode: 'rocketkv', selector: 'codes-residual', pooling: 'triangle' },
  { name: 'stage 1 alone, max', mode: 'snapkv', selector: '', pooling: 'max' },
  { name: 'stage 1 alone, triangle', mode: 'snapkv', selector: '', pooling: 'triangle' },
  { name: 'paper, mt', mode: 'rocketkv-mt', selector: 'pages', pooling: 'max' },
  { name: 'coded, mt', mode: 'rocketkv-mt', selector: 'codes', pooling: 'triangle' },
] as const;
type Way = (typeof ways)[number];

const texts = ['whale', 'address-1921', 'address-1871'];
const budgets = [256, 512];

function rowsOf({ mode, selector, pooling }: Way, device: string, weights: string, budget: number): Row[] {
  return gateRows.filter(
    (row) =>
      row.device === device &&
      row.weights === weights &&
      Number(row.budget) === budget &&
      row.mode === mode &&
      row.selector === selector &&
      row.pooling === pooling,
  );
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

function printTable(title: string, header: readonly string[], cells: readonly (readonly string[])[]): void {
  console.log(`\n${title}\n`);
  for (const line of [header, header.map(() => '---'), ...cells]) console.log(`| ${line.join(' | ')} |`);
}

/** Prints rows pooled over the texts; `ratio`, read and stored are shares of the numbers of `paper` at the same budget. */
function printPooled(
  title: string,
  device: string,
  weights: string,
  chosen: readonly Way[],
  hasAnswers: boolean,
): void {
  const cells = budgets.flatMap((budget) => {
    const paper = pool(rowsOf(ways[0], device, weights, budget));
    return chosen.map((way) => {
      const own = pool(rowsOf(way, device, weights, budget));
      if (own.texts !== texts.length) throw new Error(`${title}, ${way.name}, ${budget}: ${own.texts} texts`);
      return [
        `${budget}`,
        way.name,
        own.klMean.toFixed(4),
        (own.klMean / paper.klMean).toFixed(3),
        percent(own.top1),
        ...(hasAnswers ? [`${own.kept} of ${own.fullRight}`] : []),
        (own.readBytes / paper.readBytes).toFixed(3),
        (own.storedBytes / paper.storedBytes).toFixed(3),
      ];
    });
  });
  const answers = hasAnswers ? ["full KV's right answers kept"] : [];
  printTable(title, ['t', 'way', 'KL mean', 'of paper', 'same top-1', ...answers, 'read', 'stored'], cells);
}

const single = ways.slice(0, 3);
const singleTurn = ways.filter(({ mode }) => mode !== 'rocketkv-mt');
printPooled('CPU, q4_1', 'cpu', 'q4_1', ways, true);
printPooled('CPU, f16', 'cpu', 'f16', singleTurn, false);
printPooled('GPU, q4_1', 'cuda:0', 'q4_1', singleTurn, true);
printPooled('GPU, f16', 'cuda:0', 'f16', single, false);

printTable(
  'By text, CPU, q4_1: KL mean / median / 90th percentile, same top-1, answers kept',
  ['text', 't', ...single.map(({ name }) => name)],
  texts.flatMap((text) =>
    budgets.map((budget) => [
      text,
      `${budget}`,
      ...single.map((way) => {
        const row = rowsOf(way, 'cpu', 'q4_1', budget).find(({ file }) => file === text);
        if (!row) throw new Error(`${text}, ${way.name}, ${budget}: no row`);
        const kl = [row.kl_mean, row.kl_median, row.kl_p90].map((value) => Number(value).toFixed(4)).join(' / ');
        return `${kl}, ${percent(Number(row.top1))}, ${row.right_of_full} of ${row.full_right}`;
      }),
    ]),
  ),
);

printTable(
  'Ablation, CPU, q4_1, pooled: KL mean (same top-1)',
  ['stage 2', 'pooling', ...ablationBudgets.map((budget) => `t = ${budget}`)],
  ablationWays.flatMap(({ name, is }) =>
    ['max', 'triangle'].map((pooling) => [
      name,
      pooling,
      ...ablationBudgets.map((budget) => {
        const rows = ablationRows.filter((row) => is(row) && row.pooling === pooling && Number(row.budget) === budget);
        const own = pool(rows);
        if (own.texts !== texts.length) throw new Error(`${name}, ${pooling}, ${budget}: ${own.texts} texts`);
        return `${own.klMean.toFixed(4)} (${percent(own.top1)})`;
      }),
    ]),
  ),
);

const modelBudgets = [256, 512, 1024];
const modelNames = [...new Set(modelRows.map(({ model }) => model ?? ''))];
printTable(
  "Twelve texts, by model: KL mean, same top-1, full KV's right answers kept",
  ['model', 'way', ...modelBudgets.map((budget) => `t = ${budget}`)],
  modelNames.flatMap((model) =>
    singleTurn.flatMap(({ name, mode, selector, pooling }) => {
      const own = modelRows.filter(
        (row) => row.model === model && row.mode === mode && row.selector === selector && row.pooling === pooling,
      );
      if (own.length === 0) return [];
      const cells = modelBudgets.map((budget) => {
        const { klMean, top1, kept, fullRight, texts } = pool(own.filter((row) => Number(row.budget) === budget));
        if (texts !== 12) throw new Error(`${model}, ${name}, ${budget}: ${texts} texts`);
        return `${klMean.toFixed(4)}, ${percent(top1)}, ${kept} of ${fullRight}`;
      });
      return [[model, name, ...cells]];
    }),
  ),
);
printTable(
  'Twelve texts, t = 512: KL mean of paper / coded, answers kept of paper / coded',
  ['text', ...modelNames],
  [...new Set(modelRows.map(({ file }) => file ?? ''))].map((file) => [
    file,
    ...modelNames.map((model) => {
      const [paper, coded] = ways.slice(0, 2).map(({ mode, selector, pooling }) => {
        const row = modelRows.find(
          (one) =>
            one.model === model &&
            one.file === file &&
            one.mode === mode &&
            one.selector === selector &&
            one.pooling === pooling &&
            one.budget === '512',
        );
        if (!row) throw new Error(`${model}, ${file}: no row`);
        return row;
      });
      const kl = [paper, coded].map((row) => Number(row?.kl_mean).toFixed(4)).join(' / ');
      return `${kl}, ${paper?.right_of_full} / ${coded?.right_of_full} of ${paper?.full_right}`;
    }),
  ]),
);

const extractionBudgets = [256, 512, 1024];
const asked = [...new Set(extractionRows.map(({ records, file }) => `${records} ${file}`))].sort();
printTable(
  'Extraction, the whole list: records found by full KV; by each preset (of these also by full KV), wrong items, mean KL',
  ['records', 'text', 'full KV', 'preset', ...extractionBudgets.map((budget) => `t = ${budget}`)],
  asked.flatMap((key) => {
    const rows = extractionRows.filter(({ task, records, file }) => task === 'list' && `${records} ${file}` === key);
    const full = rows.find(({ mode }) => mode === 'full');
    if (!full) throw new Error(`${key}: no row of full KV`);
    const wrong = ({ listed, found }: Row) => `${Number(listed) - Number(found)} wrong`;
    return ways.slice(0, 2).map(({ name, selector }) => [
      `${full.records}`,
      `${full.file} (${full.kind})`,
      `${full.found}, ${wrong(full)}`,
      name,
      ...extractionBudgets.map((budget) => {
        const row = rows.find((one) => one.selector === selector && Number(one.budget) === budget);
        if (!row) return '';
        const kl = row.kl_mean === '' ? '' : `, ${Number(row.kl_mean).toFixed(3)}`;
        return `${row.found} (${row.found_of_full}), ${wrong(row)}${kl}`;
      }),
    ]);
  }),
);
