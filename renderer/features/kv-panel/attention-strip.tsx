/** How much of the question's attention the kept rows hold, layer by layer and head by head: the honest warning light. */
import type { Counters } from '../../../electron/contract/engine-reports.ts';
import { percent } from '../../format.ts';
import { useEngine } from '../../stores/engine.ts';
import { viridis } from '../../ui/color-scale.ts';
import { Section } from './section.tsx';

/** Below this share in the mean the panel suggests a larger budget. */
const warnBelow = 0.9;

export function AttentionStrip({ counters }: { counters: Counters }) {
  const nHeadKv = useEngine(({ telemetry }) => telemetry?.engine.model?.info.nHeadKv ?? 0);
  const { keptMass } = counters;
  if (keptMass.length === 0 || nHeadKv === 0 || keptMass.length % nHeadKv !== 0) return null;
  const nLayer = keptMass.length / nHeadKv;
  const mean = keptMass.reduce((sum, mass) => sum + mass, 0) / keptMass.length;
  const lowest = Math.min(...keptMass);
  const lowestLayer = Math.floor(keptMass.indexOf(lowest) / nHeadKv);
  // From the lowest value up, so that differences near 100 % can be seen; the legend says so.
  const floor = Math.floor(lowest * 20) / 20;
  const shade = (mass: number) => viridis((mass - floor) / Math.max(0.001, 1 - floor));
  return (
    <Section title="Kept attention" aside={`${nLayer} layers × ${nHeadKv} KV heads`}>
      <p className="tabular mb-2" data-testid="kept-attention">
        The kept rows hold {percent(mean)} of the question's attention, lowest {percent(lowest)} in layer{' '}
        {lowestLayer + 1}.
      </p>
      <svg
        role="img"
        aria-label={`Share of attention on kept rows, mean ${percent(mean)}, lowest ${percent(lowest)} in layer ${lowestLayer + 1}`}
        viewBox={`0 0 ${nLayer * 10} ${nHeadKv * 10}`}
        preserveAspectRatio="none"
        className="w-full rounded-sm"
        style={{ height: Math.min(96, Math.max(36, nHeadKv * 12)) }}
      >
        {keptMass.map((mass, i) => {
          const layer = Math.floor(i / nHeadKv);
          const head = i % nHeadKv;
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: the index is the place
            <rect key={i} x={layer * 10} y={head * 10} width={9} height={9} fill={shade(mass)}>
              <title>{`layer ${layer + 1}, KV head ${head + 1}: ${percent(mass)}`}</title>
            </rect>
          );
        })}
      </svg>
      <p className="tabular mt-1 flex justify-between text-[12px] leading-4 text-muted">
        <span>layer 1</span>
        <span>dark {percent(floor)}, bright 100 %</span>
        <span>layer {nLayer}</span>
      </p>
      {mean < warnBelow && (
        <p className="mt-2 text-[12px] leading-4 text-warn">
          That is little. A larger budget keeps more; the slider above shows what it would take.
        </p>
      )}
    </Section>
  );
}
