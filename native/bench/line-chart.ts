/** Measured rows as line charts: an SVG that is legible on light and dark pages. */
import { readFileSync } from 'node:fs';

export type Row = Record<string, string>;

/** A CSV file without quotes: a row each, by the header's names. */
export function readRows(file: URL): Row[] {
  const [header = '', ...lines] = readFileSync(file, 'utf8').trim().split('\n');
  const names = header.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [names[i] ?? '', cell])));
}

export interface Line {
  name: string;
  colour: string;
  isDashed?: boolean;
  /** A dot at each point, where points are few. */
  hasDots?: boolean;
  /** [x, y], in the axes' units. */
  points: [number, number][];
}

/** From the first tick to the last. */
export interface Axis {
  isLog?: boolean;
  ticks: { value: number; label: string }[];
}

export interface Panel {
  title: string;
  lines: readonly Line[];
  x: Axis;
  y: Axis;
  /** Pixels: the axes' ends within the panel. Names of lines stand right of it. */
  plot: { left: number; right: number; top: number; bottom: number };
}

/** Pixels between the names at the lines' ends. */
const nameHeight = 15;

function placeOn({ isLog, ticks }: Axis, from: number, to: number): (value: number) => number {
  const scale = (value: number) => (isLog ? Math.log(value) : value);
  const [least, most] = [scale(ticks[0]?.value ?? 0), scale(ticks.at(-1)?.value ?? 1)];
  return (value) => from + ((scale(value) - least) / (most - least)) * (to - from);
}

function draw({ title, lines, x: xAxis, y: yAxis, plot }: Panel): string {
  const x = placeOn(xAxis, plot.left, plot.right);
  const y = placeOn(yAxis, plot.bottom, plot.top);
  const parts = [`<text class="title" x="${plot.left}" y="18">${title}</text>`];
  for (const { value, label } of yAxis.ticks) {
    const at = y(value).toFixed(1);
    parts.push(`<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${at}" y2="${at}"/>`);
    parts.push(`<text x="${plot.left - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${label}</text>`);
  }
  for (const { value, label } of xAxis.ticks)
    parts.push(`<text x="${x(value).toFixed(1)}" y="${plot.bottom + 18}" text-anchor="middle">${label}</text>`);
  const ends = lines.map((line) => ({ line, y: y(line.points.at(-1)?.[1] ?? 0) })).sort((a, b) => a.y - b.y);
  let last = Number.NEGATIVE_INFINITY;
  for (const { line, y: end } of ends) {
    const places = line.points.map(([across, up]) => ({ x: x(across).toFixed(1), y: y(up).toFixed(1) }));
    const path = places.map((place) => `${place.x},${place.y}`).join(' ');
    const dashes = line.isDashed ? ' stroke-dasharray="5 4"' : '';
    parts.push(`<polyline points="${path}" fill="none" stroke="${line.colour}" stroke-width="2"${dashes}/>`);
    if (line.hasDots)
      for (const place of places) parts.push(`<circle cx="${place.x}" cy="${place.y}" r="3" fill="${line.colour}"/>`);
    last = Math.max(end, last + nameHeight);
    parts.push(
      `<text x="${plot.right + 8}" y="${(last + 4).toFixed(1)}" style="fill:${line.colour}">${line.name}</text>`,
    );
  }
  return parts.join('\n');
}

/** Panels side by side, each `width` by `height` pixels. */
export function chart(label: string, width: number, height: number, panels: readonly Panel[]): string {
  const groups = panels.map((panel, i) => `<g transform="translate(${i * width} 0)">${draw(panel)}</g>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${panels.length * width} ${height}" role="img" aria-label="${label}">
<style>
text { font: 12px system-ui, sans-serif; fill: #57606a }
.title { font-weight: 600 }
.grid { stroke: #8c959f; stroke-opacity: .3 }
@media (prefers-color-scheme: dark) { text { fill: #9ea7b3 } }
</style>
${groups.join('\n')}
</svg>
`;
}
