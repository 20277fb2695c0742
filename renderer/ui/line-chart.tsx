/** uPlot in React: made once for its series, then only fed. Colours come from the theme at the time it is drawn. */
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
  /** Where the values are far apart; else linear from zero. */
  logarithmic: boolean;
  /** Another value draws everything anew. */
  themeKey: string;
}

export function LineChart({ label, series, data, height, logarithmic, themeKey }: LineChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const first = useRef(data);
  first.current = data;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a theme changes what the custom properties mean
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const property = (name: string) => getComputedStyle(element).getPropertyValue(name).trim();
    const axis = {
      stroke: property('--muted'),
      grid: { stroke: property('--line'), width: 1 },
      ticks: { show: false },
      font: '11px Inter Variable',
    };
    const made = new uPlot(
      {
        width: element.clientWidth || 300,
        height,
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 8, 0, 0],
        scales: {
          x: { time: false },
          y: logarithmic ? { distr: 3 } : { range: (_, __, most) => [0, most * 1.15 || 1] },
        },
        axes: [
          { ...axis, size: 24, space: 64, values: (_, ticks) => ticks.map((tick) => `${tick} s`) },
          {
            ...axis,
            size: 44,
            space: 24,
            values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : String(tick))),
          },
        ],
        series: [
          {},
          ...series.map(({ label: name, color, points }) => ({
            label: name,
            stroke: property(color),
            width: points ? 0 : 1.5,
            spanGaps: false,
            points: { show: points, size: 7, fill: property(color) },
          })),
        ],
      },
      first.current,
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
  }, [series, height, logarithmic, themeKey]);

  useEffect(() => plot.current?.setData(data), [data]);

  return <div ref={host} role="img" aria-label={label} />;
}
