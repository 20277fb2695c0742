/** What happened since this window was opened, over the time that the engine worked: speed, memory, rows read; a line at each question. */
import { useMemo, useRef } from 'react';
import type uPlot from 'uplot';
import { bytes, count, speed } from '../../format.ts';
import { type HistorySample, useEngine } from '../../stores/engine.ts';
import { useUi } from '../../stores/ui.ts';
import { useInSight } from '../../ui/in-sight.tsx';
import { type ChartSeries, LineChart } from '../../ui/line-chart.tsx';
import { Section } from './section.tsx';

interface Chart {
  name: string;
  series: readonly (ChartSeries & { of: (sample: HistorySample) => number | null })[];
  format: (value: number) => string;
  /** How a value is written on the axis, without its unit: the chart's name has it. */
  tick: (value: number) => string;
  isBytes?: boolean;
}

const charts: readonly Chart[] = [
  {
    name: 'Tokens per second',
    series: [
      { label: 'reading', color: '--part-weights', points: false, of: ({ reading }) => reading },
      { label: 'answering', color: '--accent', points: true, of: ({ answering }) => answering },
    ],
    format: speed,
    tick: count,
  },
  {
    name: 'Memory',
    series: [
      { label: 'engine', color: '--part-weights', points: false, of: ({ engineBytes }) => engineBytes },
      { label: 'answer’s cache', color: '--accent', points: true, of: ({ cacheBytes }) => cacheBytes },
    ],
    format: bytes,
    tick: bytes,
    isBytes: true,
  },
  {
    name: 'Rows read per token',
    series: [{ label: 'answering', color: '--accent', points: true, of: ({ rowsRead }) => rowsRead }],
    format: count,
    tick: count,
  },
];

/** Seconds. A longer pause between two samples counts as this long, so that idle time takes no room on the axis. */
const longestGap = 1;

/** For each sample, how many seconds the engine had worked by then. */
export function workedSeconds(samples: readonly Pick<HistorySample, 'at'>[]): number[] {
  let worked = 0;
  return samples.map(({ at }, i) => {
    worked += Math.min(longestGap, Math.max(0, at - (samples[i - 1]?.at ?? at)));
    return worked;
  });
}

export function History() {
  const [watch, isInSight] = useInSight();
  // Out of sight nothing is drawn while the engine works, but for the first charts: until then there is nothing to be seen.
  const drawn = useRef<HistorySample[]>([]);
  const samples = useEngine(({ history, telemetry }) =>
    isInSight || drawn.current.length < 2 || !telemetry?.jobs.length ? history : drawn.current,
  );
  drawn.current = samples;
  const questions = useEngine((state) => state.questions);
  const theme = useUi((state) => state.theme);
  const x = useMemo(() => workedSeconds(samples), [samples]);
  const marks = useMemo(
    () => questions.flatMap((at) => x[samples.findIndex((sample) => sample.at >= at)] ?? []),
    [questions, samples, x],
  );
  const shown = charts.filter(({ series }) => series.some(({ of }) => samples.some((sample) => of(sample) !== null)));
  return (
    <div ref={watch}>
      {samples.length >= 2 && (
        <Section title="History" aside="while it worked; a line at each question">
          <div className="space-y-3">
            {shown.map((chart, i) => (
              <HistoryChart
                key={chart.name}
                chart={chart}
                samples={samples}
                x={x}
                marks={marks}
                themeKey={theme}
                hasAxis={i === shown.length - 1}
              />
            ))}
          </div>
        </Section>
      )}
    </div>
  );
}

interface HistoryChartProps {
  chart: Chart;
  samples: readonly HistorySample[];
  x: number[];
  marks: readonly number[];
  themeKey: string;
  hasAxis: boolean;
}

function HistoryChart({
  chart: { name, series, format, tick, isBytes = false },
  samples,
  x,
  marks,
  themeKey,
  hasAxis,
}: HistoryChartProps) {
  const data = useMemo<uPlot.AlignedData>(() => [x, ...series.map(({ of }) => samples.map(of))], [x, series, samples]);
  const last = (of: (sample: HistorySample) => number | null) => {
    const sample = samples.findLast((entry) => of(entry) !== null);
    return sample === undefined ? null : of(sample);
  };
  const values = series.flatMap(({ label, color, points, of }) => {
    const value = last(of);
    return value === null ? [] : [{ label, color, points, value: format(value) }];
  });
  const all = samples.flatMap((sample) => series.map(({ of }) => of(sample) ?? 0)).filter((value) => value > 0);
  return (
    <figure>
      <figcaption className="tabular mb-1 flex flex-wrap items-baseline gap-x-3 text-note leading-4 text-muted">
        <span className="mr-auto">{name}</span>
        {values.map(({ label, color, points, value }) => (
          <span key={label}>
            <span
              aria-hidden
              className={`mr-1 inline-block align-middle ${points ? 'size-1.5 rounded-full' : 'h-0.5 w-2.5'}`}
              style={{ background: `var(${color})` }}
            />
            {label} {value}
          </span>
        ))}
      </figcaption>
      <LineChart
        label={`${name}: ${values.map(({ label, value }) => `${label} ${value}`).join(', ')} at the end`}
        series={series}
        data={data}
        marks={marks}
        height={hasAxis ? 88 : 64}
        isUpper={!hasAxis}
        format={tick}
        isBytes={isBytes}
        logarithmic={Math.max(...all) > 8 * Math.min(...all)}
        themeKey={themeKey}
      />
    </figure>
  );
}
