/**
 * Draws ablation.csv: mean KL over the bytes read per step and KV head, pooled over the three texts.
 *
 *   npx tsx test/model/plot-ablation.ts        writes ablation.svg
 */
import { writeFileSync } from 'node:fs';
import { chart, type Line } from '../../native/bench/line-chart.ts';
import { ablationBudgets, ablationRows, ablationWays, pool } from './pooled-rows.ts';

const colours = {
  pages: '#7d8590',
  'pages of 1': '#1a936f',
  codes: '#2a86b5',
  'codes + residual': '#c9651b',
};

const lines = ablationWays.flatMap(({ name, is }) =>
  ['max', 'triangle'].map((pooling): Line => {
    const own = ablationRows.filter((row) => is(row) && row.pooling === pooling);
    const points = ablationBudgets.map((budget): [number, number] => {
      const { readBytes, klMean } = pool(own.filter((row) => Number(row.budget) === budget));
      return [readBytes, klMean];
    });
    return { name: `${name}, ${pooling}`, colour: colours[name], isDashed: pooling === 'max', hasDots: true, points };
  }),
);

const kilobytes = [28, 32, 64, 128, 256, 272];
const atEnds = new Set([28, 272]);
writeFileSync(
  new URL('ablation.svg', import.meta.url),
  chart('Mean KL to full KV over the bytes read a step', 680, 410, [
    {
      title: 'mean KL to full KV, over KB read a step and KV head (t = 128, 256, 512, 1,024)',
      lines,
      x: {
        isLog: true,
        ticks: kilobytes.map((value) => ({ value: value * 1024, label: atEnds.has(value) ? '' : `${value} KB` })),
      },
      y: { isLog: true, ticks: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3].map((value) => ({ value, label: `${value}` })) },
      plot: { left: 46, right: 480, top: 34, bottom: 375 },
    },
  ]),
);
