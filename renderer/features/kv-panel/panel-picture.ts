/** Draws the panel as one picture that can be saved: what the cache of an answer takes, what was kept and read. From the same numbers. */
import type { MapPage } from '../../../electron/contract/app-types.ts';
import type { Counters, MemoryPlan, ModelInfo } from '../../../electron/contract/engine-reports.ts';
import { bytes, count, factor, percent } from '../../format.ts';
import { modeNames } from '../../mode-names.ts';
import { viridis } from '../../ui/color-scale.ts';
import { columnWords, layerColumns } from './layer-columns.ts';
import { gapsOf, mapBins, mapLanes, pagePlace, placesOf } from './map-bins.ts';
import { memoryParts } from './memory-parts.ts';

export interface PanelPicture {
  document: string;
  modelTitle: string;
  model: ModelInfo | null;
  plan: MemoryPlan;
  counters: Counters;
  map: readonly MapPage[];
  /** Indices of the pages that the answer cites. */
  cited: readonly number[];
}

export const pictureWidth = 720;
export const pictureHeight = 592;
const margin = 32;
const inner = pictureWidth - 2 * margin;

/** `color` returns the value of a custom property in the theme that is shown. */
export function drawPanel(
  context: CanvasRenderingContext2D,
  color: (name: string) => string,
  data: PanelPicture,
): void {
  const pen = penOn(context, color);
  pen.box(0, 0, pictureWidth, pictureHeight, color('--surface'));
  drawHeadline(pen, data);
  drawMemory(pen, data);
  drawMap(pen, data);
  drawAttention(pen, data);
}

type Pen = ReturnType<typeof penOn>;

function penOn(context: CanvasRenderingContext2D, color: (name: string) => string) {
  const write = (text: string, x: number, y: number, style: { size?: number; weight?: number; ink?: string } = {}) => {
    const { size = 13, weight = 400, ink = '--ink' } = style;
    context.font = `${weight} ${size}px "Inter Variable", system-ui, sans-serif`;
    context.fillStyle = color(ink);
    context.fillText(text, x, y);
    return context.measureText(text).width;
  };
  return {
    write,
    quiet: (text: string, x: number, y: number) => write(text, x, y, { size: 12, ink: '--muted' }),
    right(text: string, y: number, ink = '--muted') {
      context.textAlign = 'right';
      write(text, pictureWidth - margin, y, { size: 12, ink });
      context.textAlign = 'left';
    },
    box(x: number, y: number, width: number, height: number, fill: string) {
      context.fillStyle = fill;
      context.fillRect(x, y, width, height);
    },
    outline(x: number, y: number, width: number, height: number) {
      context.strokeStyle = color('--ghost');
      context.setLineDash([3, 3]);
      context.strokeRect(x + 0.5, y + 0.5, width, height);
      context.setLineDash([]);
    },
    color,
  };
}

function drawHeadline(pen: Pen, { document, modelTitle, counters }: PanelPicture): void {
  const compact = counters.compactBytes + counters.summaryBytes;
  const isSmaller = compact > 0 && counters.fullBytes > compact;
  const shown = document.length > 64 ? `${document.slice(0, 63)}…` : document;
  pen.quiet(`${shown}, ${modelTitle}, ${modeNames[counters.mode]} ${count(counters.budgets.tokenBudget)}`, margin, 48);
  const numbers = isSmaller
    ? `${bytes(compact)} instead of ${bytes(counters.fullBytes)}`
    : `${bytes(counters.fullBytes)}, full KV`;
  const width = pen.write(numbers, margin, 82, { size: 26, weight: 620 });
  if (isSmaller)
    pen.write(`${factor(counters.fullBytes / compact)} smaller`, margin + width + 16, 82, {
      size: 15,
      weight: 620,
      ink: '--accent',
    });
  pen.write(`Each token reads ${count(counters.rowsRead)} of ${count(counters.rowsTotal)} rows per head.`, margin, 108);
}

function drawMemory(pen: Pen, { plan, counters, model }: PanelPicture): void {
  const top = 148;
  const parts = memoryParts(plan, counters, model);
  const total = parts.reduce((sum, { value }) => sum + value, 0);
  const full = plan.weights + counters.fullBytes;
  const scale = Math.max(total, full);
  pen.write('Memory', margin, top, { weight: 600 });
  pen.right(`${bytes(total)} in all`, top);
  pen.box(margin, top + 12, inner, 24, pen.color('--sunken'));
  let at = margin;
  for (const { color, value } of parts) {
    const width = (value / scale) * inner;
    pen.box(at, top + 12, Math.max(0, width - 1), 24, pen.color(/--[\w-]+/.exec(color)?.[0] ?? ''));
    at += width;
  }
  pen.outline(margin + (plan.weights / scale) * inner, top + 40, (counters.fullBytes / scale) * inner - 1, 9);
  // Three names stand on a line.
  const place = (i: number) => ({ x: margin + (i % 3) * (inner / 3), y: top + 72 + 18 * Math.floor(i / 3) });
  for (const [i, { name, value, color }] of parts.entries()) {
    const { x, y } = place(i);
    pen.box(x, y - 9, 9, 9, pen.color(/--[\w-]+/.exec(color)?.[0] ?? ''));
    pen.quiet(`${name} ${bytes(value)}`, x + 15, y);
  }
  const { x, y } = place(parts.length);
  pen.outline(x, y - 9, 8, 8);
  pen.quiet(`Full KV ${bytes(counters.fullBytes)}, for comparison`, x + 15, y);
}

function drawMap(pen: Pen, { map, counters, cited }: PanelPicture): void {
  const top = 306;
  const bins = mapBins(map);
  if (bins.length === 0) return;
  const places = placesOf(bins);
  const gapAfter = gapsOf(bins);
  const left = margin + 48;
  const width = inner - 48;
  pen.write('Map of the document', margin, top, { weight: 600 });
  const lanes = mapLanes(bins, counters);
  const pitch = 64 / lanes.length;
  for (const [row, lane] of lanes.entries()) {
    const y = top + 12 + pitch * row;
    pen.quiet(lane.name, margin, y + pitch / 2 + 2);
    for (const [i, bin] of bins.entries()) {
      const place = places[i] ?? { x: 0, width: 0 };
      const gap = gapAfter(bin) > 0 ? 1 : -0.5;
      pen.box(left + place.x * width, y, Math.max(1, place.width * width - gap), pitch - 6, viridis(lane.value(bin)));
    }
    pen.quiet(`${lane.name}: up to ${lane.most} ${lane.words}`, left, top + 120 + 16 * row);
  }
  pen.quiet('Cited', margin, top + 88);
  pen.box(left, top + 76, width, 14, pen.color('--sunken'));
  for (const page of cited) {
    const index = map.findIndex((entry) => entry.page === page);
    const place = pagePlace(bins, places, index);
    if (place)
      pen.box(left + place.x * width, top + 76, Math.max(6, place.width * width - 1), 14, pen.color('--accent'));
  }
}

function drawAttention(pen: Pen, { counters: { keptMass }, model }: PanelPicture): void {
  const top = 478;
  const columns = layerColumns(keptMass, model);
  if (columns.length === 0) return;
  const layers = columns.length;
  const mean = keptMass.reduce((sum, mass) => sum + mass, 0) / keptMass.length;
  const lowest = Math.min(...keptMass);
  const floor = Math.floor(lowest * 20) / 20;
  pen.write('Kept attention', margin, top, { weight: 600 });
  pen.right(columnWords(columns), top);
  pen.quiet(
    `The kept rows hold ${percent(mean)} of the question’s attention, lowest ${percent(lowest)}. Dark is ${percent(floor)}, bright 100 %.`,
    margin,
    top + 20,
  );
  const height = 52;
  const width = Math.max(1, inner / layers - 1);
  for (const { layer, instead, mass } of columns) {
    const x = margin + (layer / layers) * inner;
    if (instead !== null) pen.box(x, top + 30, width, height - 1, pen.color('--sunken'));
    for (const [head, share] of mass.entries()) {
      const y = top + 30 + (head / mass.length) * height;
      const fill = viridis((share - floor) / Math.max(0.001, 1 - floor));
      pen.box(x, y, width, Math.max(1, height / mass.length - 1), fill);
    }
  }
}
