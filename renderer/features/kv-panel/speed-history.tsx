/** Tokens a second since this window was opened: reading as a line, each answer as a point. */
import { useMemo } from 'react';
import type uPlot from 'uplot';
import { useEngine } from '../../stores/engine.ts';
import { useUi } from '../../stores/ui.ts';
import { type ChartSeries, LineChart } from '../../ui/line-chart.tsx';
import { Section } from './section.tsx';

const series: readonly ChartSeries[] = [
  { label: 'reading', color: '--part-weights', points: false },
  { label: 'answering', color: '--accent', points: true },
];

export function SpeedHistory() {
  const speeds = useEngine((state) => state.speeds);
  const theme = useUi((state) => state.theme);
  const data = useMemo<uPlot.AlignedData>(() => {
    const start = speeds[0]?.at ?? 0;
    return [
      speeds.map(({ at }) => at - start),
      speeds.map(({ reading }) => reading),
      speeds.map(({ answering }) => answering),
    ];
  }, [speeds]);
  const values = speeds.map(({ reading, answering }) => reading ?? answering ?? 0).filter((value) => value > 0);
  if (speeds.length < 2) return null;
  const last = speeds.at(-1);
  return (
    <Section title="Speed" aside="tokens per second, since this window opened">
      <LineChart
        label={`Tokens per second; the last value is ${(last?.answering ?? last?.reading ?? 0).toFixed(0)}`}
        series={series}
        data={data}
        height={120}
        logarithmic={Math.max(...values) > 8 * Math.min(...values)}
        themeKey={theme}
      />
      <p className="mt-1 flex gap-4 text-[12px] leading-4 text-muted">
        <span>
          <span aria-hidden className="mr-1.5 inline-block h-0.5 w-3 bg-(--part-weights) align-middle" />
          reading
        </span>
        <span>
          <span aria-hidden className="mr-1.5 inline-block size-2 rounded-full bg-accent" />
          answering
        </span>
      </p>
    </Section>
  );
}
