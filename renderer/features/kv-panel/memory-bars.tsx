/** Where the memory goes, on one scale, with the outline of full KV behind it. The plan before an answer, what it took after. */
import type { Counters, MemoryPlan } from '../../../electron/contract/engine-reports.ts';
import { bytes } from '../../format.ts';
import { useEngine } from '../../stores/engine.ts';
import { type BarPart, StackedBar } from '../../ui/stacked-bar.tsx';
import { Section } from './section.tsx';

/** Counters where something was measured, the plan for the rest. */
export function memoryParts(plan: MemoryPlan, counters: Counters | null): BarPart[] {
  const parts: [key: string, name: string, value: number, color: string][] = [
    ['weights', 'Model weights', plan.weights, 'var(--part-weights)'],
    ['document', 'Document KV', counters?.documentBytes ?? plan.documentKv, 'var(--part-document)'],
    ['compact', 'Compact cache', counters?.compactBytes ?? plan.compactCache, 'var(--part-compact)'],
    ['summaries', 'Page summaries', counters?.summaryBytes ?? plan.summaries, 'var(--part-summaries)'],
    ['work', 'Workspace', plan.layerBuffers + plan.activations + plan.logits, 'var(--part-work)'],
  ];
  return parts.map(([key, name, value, color]) => ({ key, label: `${name}: ${bytes(value)}`, value, color }));
}

export function MemoryBars({ plan, counters }: { plan: MemoryPlan; counters: Counters | null }) {
  const machineBytes = useEngine(({ telemetry }) => telemetry?.machineBytes ?? 0);
  const parts = memoryParts(plan, counters);
  const total = parts.reduce((sum, part) => sum + part.value, 0);
  const fullKv = counters?.fullBytes ?? plan.fullKv;
  const ghostEnd = plan.weights + fullKv;
  // A small model would be a sliver of the whole machine: the scale ends early then, and says so.
  const wanted = 1.1 * Math.max(total, ghostEnd);
  const scale = machineBytes > 0 && wanted > machineBytes / 4 ? Math.max(machineBytes, total) : wanted;
  return (
    <Section title="Memory" aside={`${bytes(total)} ${counters ? 'in all' : 'planned'}`}>
      <StackedBar
        label={`${parts.map((part) => part.label).join(', ')}; full KV would be ${bytes(fullKv)}`}
        parts={parts}
        scale={scale}
        ghost={{ from: plan.weights, to: ghostEnd, label: `full KV: ${bytes(fullKv)}` }}
      />
      <p className="tabular mt-1 flex justify-between text-[12px] leading-4 text-muted">
        <span>0</span>
        <span>
          {bytes(scale)}
          {scale < machineBytes && ` of this machine's ${bytes(machineBytes)}`}
        </span>
      </p>
      <table className="mt-2 w-full text-[12px] leading-5">
        <caption className="sr-only">Memory by part</caption>
        <tbody>
          {parts.map((part) => (
            <tr key={part.key}>
              <th scope="row" className="text-left font-normal">
                <span
                  aria-hidden
                  className="mr-2 inline-block size-2.5 rounded-[3px] align-[-1px]"
                  style={{ background: part.color }}
                />
                {part.label.split(':')[0]}
              </th>
              <td className="text-right" data-testid={`memory-${part.key}`} data-bytes={part.value}>
                {bytes(part.value)}
              </td>
            </tr>
          ))}
          <tr className="text-muted">
            <th scope="row" className="text-left font-normal">
              <span
                aria-hidden
                className="mr-2 inline-block size-2.5 rounded-[3px] border border-dashed border-(--ghost) align-[-1px]"
              />
              Full KV, for comparison
            </th>
            <td className="text-right" data-testid="memory-full" data-bytes={fullKv}>
              {bytes(fullKv)}
            </td>
          </tr>
        </tbody>
      </table>
    </Section>
  );
}
