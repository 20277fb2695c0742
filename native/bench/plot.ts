/**
 * h100-engine.csv as a picture: decode speed and peak GPU memory over the tokens before, q4_K.
 *
 *   npx tsx native/bench/plot.ts        writes h100-engine.svg
 */
import { writeFileSync } from 'node:fs';
import { chart, type Line, type Panel, type Row, readRows } from './line-chart.ts';

const folder = new URL('./', import.meta.url);
const rows = readRows(new URL('h100-engine.csv', folder));

const weights = rows.filter((row) => row.weights === 'q4_K' && row.home === 'device');
const isUsual = (budget: string | undefined) => budget === '1024' || budget === '0' || budget === '';

/** `mode` undefined: whatever it is called. */
function speedOf(name: string, engine: string, mode: string | undefined, colour: string): Line {
  const isIt = (row: Row) => row.engine === engine && (mode === undefined || row.mode === mode);
  const own = weights.filter((row) => isIt(row) && isUsual(row.budget));
  // One row a depth: the first, as the ablation measures the deepest again.
  const byDepth = new Map(own.toReversed().map((row) => [Number(row.depth), Number(row.decode_tok_s)] as const));
  return { name, colour, points: [...byDepth].filter(([depth]) => depth > 0).sort(([a], [b]) => a - b) };
}

function memoryOf(name: string, mode: string, home: string, colour: string): Line {
  const own = rows.filter((row) => row.weights === 'q4_K' && row.mode === mode && row.home === home);
  const points = own
    .filter((row) => row.engine === 'rocketdoc' && isUsual(row.budget) && Number(row.depth) > 0)
    .map((row): [number, number] => [Number(row.depth), Number(row.peak_vram_bytes) / 1e9]);
  return { name, colour, points: [...new Map(points)].sort(([a], [b]) => a - b) };
}

const depths = [0, 32_768, 65_536, 98_304, 131_072];

/** Lines over the tokens before; y from 0 by `step`. */
function panel(title: string, lines: readonly Line[], step: number): Panel {
  const most = Math.max(...lines.flatMap(({ points }) => points.map(([, value]) => value)));
  const values = Array.from({ length: Math.ceil(most / step) + 1 }, (_, i) => i * step);
  return {
    title,
    lines,
    x: { ticks: depths.map((value) => ({ value, label: `${value / 1024}K` })) },
    y: { ticks: values.map((value) => ({ value, label: `${value}` })) },
    plot: { left: 46, right: 290, top: 34, bottom: 230 },
  };
}

const speed = [
  speedOf('rocketkv', 'rocketdoc', 'rocketkv', '#c2570c'),
  speedOf('full', 'rocketdoc', 'full', '#0b6e99'),
  speedOf('llama.cpp', 'llama.cpp', undefined, '#6b7280'),
];
const memory = [memoryOf('KV in RAM', 'rocketkv-mt', 'host', '#c2570c'), memoryOf('full', 'full', 'device', '#0b6e99')];
writeFileSync(
  new URL('h100-engine.svg', folder),
  chart('Decode speed and GPU memory over the tokens before', 380, 262, [
    panel('decode, tokens a second', speed, 100),
    panel('GPU memory in use at most, GB', memory, 5),
  ]),
);
