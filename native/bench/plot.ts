/**
 * h100-engine.csv as a picture: decode speed and peak GPU memory over the tokens before, q4_K.
 *
 *   npx tsx native/bench/plot.ts        writes h100-engine.svg
 */
import { readFileSync, writeFileSync } from 'node:fs';

const folder = new URL('./', import.meta.url);
const [header = '', ...lines] = readFileSync(new URL('h100-engine.csv', folder), 'utf8').trim().split('\n');
const names = header.split(',');
const rows = lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [names[i] ?? '', cell])));

/** A line of a panel: [tokens before, value], by depth. */
interface Line {
  name: string;
  colour: string;
  points: [number, number][];
}

const weights = rows.filter((row) => row.weights === 'q4_K' && row.home === 'device');
const isUsual = (budget: string | undefined) => budget === '1024' || budget === '0' || budget === '';

/** `mode` undefined: whatever it is called. */
function speedOf(name: string, engine: string, mode: string | undefined, colour: string): Line {
  const isIt = (row: (typeof rows)[number]) => row.engine === engine && (mode === undefined || row.mode === mode);
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

const width = 380;
const plot = { left: 46, right: 290, top: 34, bottom: 230 };
const deepest = 131_072;

function panel(title: string, panelLines: readonly Line[], step: number, offset: number): string {
  const most = Math.max(...panelLines.flatMap(({ points }) => points.map(([, value]) => value)));
  const top = Math.ceil(most / step) * step;
  const x = (depth: number) => (plot.left + (depth / deepest) * (plot.right - plot.left)).toFixed(1);
  const y = (value: number) => plot.bottom - (value / top) * (plot.bottom - plot.top);
  const parts = [`<text class="title" x="${plot.left}" y="18">${title}</text>`];
  for (let value = 0; value <= top; value += step) {
    parts.push(`<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${y(value)}" y2="${y(value)}"/>`);
    parts.push(`<text x="${plot.left - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${value}</text>`);
  }
  for (const depth of [0, 32_768, 65_536, 98_304, 131_072])
    parts.push(`<text x="${x(depth)}" y="${plot.bottom + 18}" text-anchor="middle">${depth / 1024}K</text>`);
  const ends = panelLines.map((line) => ({ line, y: y(line.points.at(-1)?.[1] ?? 0) })).sort((a, b) => a.y - b.y);
  let last = Number.NEGATIVE_INFINITY;
  for (const { line, y: end } of ends) {
    const path = line.points.map(([depth, value]) => `${x(depth)},${y(value).toFixed(1)}`);
    parts.push(`<polyline points="${path.join(' ')}" fill="none" stroke="${line.colour}" stroke-width="2"/>`);
    last = Math.max(end, last + 15);
    parts.push(
      `<text x="${plot.right + 6}" y="${(last + 4).toFixed(1)}" style="fill:${line.colour}">${line.name}</text>`,
    );
  }
  return `<g transform="translate(${offset} 0)">${parts.join('\n')}</g>`;
}

const speed = [
  speedOf('rocketkv', 'rocketdoc', 'rocketkv', '#c2570c'),
  speedOf('full', 'rocketdoc', 'full', '#0b6e99'),
  speedOf('llama.cpp', 'llama.cpp', undefined, '#6b7280'),
];
const memory = [memoryOf('KV in RAM', 'rocketkv-mt', 'host', '#c2570c'), memoryOf('full', 'full', 'device', '#0b6e99')];
writeFileSync(
  new URL('h100-engine.svg', folder),
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * width} 262" role="img" aria-label="Decode speed and GPU memory over the tokens before">
<style>
text { font: 12px system-ui, sans-serif; fill: #57606a }
.title { font-weight: 600 }
.grid { stroke: #8c959f; stroke-opacity: .3 }
@media (prefers-color-scheme: dark) { text { fill: #9ea7b3 } }
</style>
${panel('decode, tokens a second', speed, 100, 0)}
${panel('GPU memory in use at most, GB', memory, 5, width)}
</svg>
`,
);
