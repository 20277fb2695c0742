/** uPlot in React. A chart is created once for its series, then only gets new data. Its colours are the theme's when it is created. */
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';

export interface ChartSeries {
  label: string;
  /** Name of a custom property. */
  color: string;
  points: boolean;
}

interface LineChartProps {
  label: string;
  series: readonly ChartSeries[];
  data: uPlot.AlignedData;
  height: number;
  /** For values that are far apart; without it the y axis is linear from zero. */
  logarithmic: boolean;
  /** Names of the places 0, 1, 2, ... on the x axis; without them it counts seconds. */
  places?: readonly string[];
  /** Least and most of the y axis, where they are known. */
  range?: readonly [number, number];
  /** How a value of the y axis is written. */
  format?: (value: number) => string;
  /** Bytes get round values between powers of two on the y axis. */
  isBytes?: boolean;
  /** Places on the x axis with a line from top to bottom. */
  marks?: readonly number[];
  /** No numbers below the x axis: the chart stands above one with the same axis, which has them. */
  isUpper?: boolean;
  /** Another value creates the chart anew, in the colours of the theme. */
  themeKey: string;
}

const plain = (value: number) => String(value);
const none: readonly number[] = [];

/** Distances between grid lines in round numbers, from the smallest: 1, 2 and 5 of each unit. */
const steps = (units: readonly number[]) => units.flatMap((unit) => [unit, 2 * unit, 5 * unit]);
const decimalSteps = steps(Array.from({ length: 16 }, (_, i) => 10 ** (i - 4)));
const byteSteps = steps(Array.from({ length: 5 }, (_, i) => [1, 10, 100].map((many) => many * 1024 ** i)).flat());

function powersOfTen(least: number, most: number): number[] {
  const [from, to] = [Math.ceil(Math.log10(least)), Math.floor(Math.log10(most))];
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => 10 ** (from + i));
}

export function LineChart({ label, series, data, height, logarithmic, themeKey, ...more }: LineChartProps) {
  const { places, range, format = plain, isBytes = false, marks = none, isUpper = false } = more;
  const placesKey = places?.join();
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef({ data, marks });
  latest.current = { data, marks };

  // biome-ignore lint/correctness/useExhaustiveDependencies: a theme changes what the custom properties mean; places by their names
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const property = (name: string) => getComputedStyle(element).getPropertyValue(name).trim();
    const axis = {
      stroke: property('--muted'),
      grid: { stroke: property('--line'), width: 1 },
      ticks: { show: false },
      // A canvas takes no font size in rem.
      font: `${(11 / 16) * Number.parseFloat(getComputedStyle(document.documentElement).fontSize)}px Inter Variable`,
    };
    const markColor = property('--line-strong');
    const drawMarks = ({ ctx, bbox, valToPos }: uPlot) => {
      ctx.fillStyle = markColor;
      for (const mark of latest.current.marks)
        ctx.fillRect(
          Math.round(valToPos(mark, 'x', true)),
          bbox.top,
          Math.max(1, window.devicePixelRatio),
          bbox.height,
        );
    };
    const made = new uPlot(
      {
        width: element.clientWidth || 300,
        height,
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 8, isUpper ? 8 : 0, 0],
        hooks: { drawClear: [drawMarks] },
        scales: {
          x: places ? { time: false, range: [-0.25, places.length - 0.75] } : { time: false },
          y: logarithmic ? { distr: 3 } : { range: range ? [...range] : (_, __, most) => [0, most * 1.15 || 1] },
        },
        axes: [
          places
            ? {
                ...axis,
                size: 24,
                splits: () => places.map((_, i) => i),
                values: (_, ticks) => ticks.map((tick) => places[tick] ?? ''),
              }
            : {
                ...axis,
                size: isUpper ? 0 : 24,
                space: 64,
                values: (_, ticks) => (isUpper ? [] : ticks.map((tick) => `${tick} s`)),
              },
          {
            ...axis,
            size: 52,
            space: 24,
            incrs: isBytes ? byteSteps : decimalSteps,
            // Only powers of ten get grid lines: with the lines between them the grid would hide the curves.
            ...(logarithmic ? { splits: (_, __, least, most) => powersOfTen(least, most) } : {}),
            values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : format(tick))),
          },
        ],
        series: [
          {},
          ...series.map(({ label: name, color, points }) => ({
            label: name,
            stroke: property(color),
            width: points && !places ? 0 : 1.5,
            spanGaps: false,
            points: { show: points, size: 7, fill: property(color) },
          })),
        ],
      },
      latest.current.data,
      element,
    );
    plot.current = made;
    const resize = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [series, height, logarithmic, themeKey, placesKey, range, format, isBytes, isUpper]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new mark is drawn too
  useEffect(() => plot.current?.setData(data), [data, marks]);

  return <div ref={host} role="img" aria-label={label} />;
}
