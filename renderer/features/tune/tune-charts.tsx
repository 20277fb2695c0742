/** Three charts side by side: agreement, speed and memory by budget. */
import { useMemo } from 'react';
import type uPlot from 'uplot';
import type { TuningRow } from '../../../electron/contract/tuning.ts';
import { bytes } from '../../format.ts';
import { useUi } from '../../stores/ui.ts';
import { LineChart } from '../../ui/line-chart.tsx';
import { inOrder } from './tune-rows.ts';

const series = (label: string) => [{ label, color: '--accent', points: true }];
const agreementSeries = series('agreement');
const speedSeries = series('speed');
const memorySeries = series('memory');
/** Up to six budgets have to fit below a chart, so 2,048 is written as 2K; 1,536 has no shorter form. */
const shortCount = (n: number) => (n % 1024 === 0 ? `${n / 1024}K` : String(n));
const percents = (share: number) => `${Math.round(share * 100)} %`;

export function TuneCharts({ rows }: { rows: readonly TuningRow[] }) {
  const theme = useUi((ui) => ui.theme);
  const sorted = useMemo(() => inOrder(rows), [rows]);
  const places = useMemo(() => sorted.map(({ budget }) => (budget === null ? 'full' : shortCount(budget))), [sorted]);
  const data = useMemo(() => {
    const over = (value: (row: TuningRow) => number | null): uPlot.AlignedData => [
      sorted.map((_, i) => i),
      sorted.map(value),
    ];
    return {
      agreement: over(({ sameTop1 }) => sameTop1),
      speed: over(({ decodeTokS }) => decodeTokS),
      memory: over(({ kvBytes }) => kvBytes),
    };
  }, [sorted]);
  // The axis begins at the tenth below the lowest value, so that differences near 100 % can be seen; its numbers say so.
  const floor = Math.max(0, Math.floor(Math.min(...sorted.map(({ sameTop1 }) => sameTop1)) * 10 - 0.5) / 10);
  const range = useMemo(() => [floor, 1 + (1 - floor) * 0.06] as const, [floor]);
  const common = { places, height: 140, logarithmic: false, themeKey: theme };
  const last = sorted.at(-1);
  if (!last) return null;
  return (
    <div className="grid gap-4 min-[640px]:grid-cols-3">
      <Chart title="Same best token as full KV">
        <LineChart
          {...common}
          label={`Agreement with full KV at budgets ${places.join(', ')}; the table below has the numbers`}
          series={agreementSeries}
          data={data.agreement}
          range={range}
          format={percents}
        />
      </Chart>
      <Chart title="Tokens a second">
        <LineChart
          {...common}
          label={`Speed at budgets ${places.join(', ')}; the table below has the numbers`}
          series={speedSeries}
          data={data.speed}
        />
      </Chart>
      <Chart title="KV that the answer works on">
        <LineChart
          {...common}
          label={`Memory at budgets ${places.join(', ')}; the table below has the numbers`}
          series={memorySeries}
          data={data.memory}
          format={bytes}
          isBytes
        />
      </Chart>
    </div>
  );
}

function Chart({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <figure className="min-w-0">
      <figcaption className="mb-1 text-note leading-4 text-muted">{title}</figcaption>
      {children}
    </figure>
  );
}
