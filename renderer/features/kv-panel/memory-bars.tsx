/** Where the memory goes, on one scale with the outline of full KV: planned before an answer, measured after it. */
import type { Counters, MemoryPlan } from '../../../electron/contract/engine-reports.ts';
import { bytes, deviceName } from '../../format.ts';
import { useEngine } from '../../stores/engine.ts';
import { StackedBar } from '../../ui/stacked-bar.tsx';
import { fullWords, type MemoryPart, memoryParts, partsInRam } from './memory-parts.ts';
import { Section } from './section.tsx';

interface MemoryBarsProps {
  plan: MemoryPlan;
  counters: Counters | null;
  /** The plan is of a budget that is not chosen yet. */
  isPreview: boolean;
  /** The counters are of the answer that is being made. */
  isLive?: boolean;
}

export function MemoryBars({ plan, counters, isPreview, isLive = false }: MemoryBarsProps) {
  const machineBytes = useEngine(({ telemetry }) => telemetry?.machineBytes ?? 0);
  const opened = useEngine(({ telemetry }) => telemetry?.engine.model ?? null);
  const model = opened?.info ?? null;
  const parts = memoryParts(plan, counters, model);
  const total = sum(parts);
  const fullKv = counters?.fullBytes ?? plan.fullKv;
  const full = fullWords(fullKv, counters?.rowsTotal ?? null, model);
  // What lies in the machine's memory while the rest is on the GPU has a bar of its own.
  const inRam = partsInRam(parts, plan);
  const onDevice = parts.filter((part) => !inRam.includes(part));
  const limit = plan.onGpu ? plan.available : machineBytes;
  const weights = plan.weights - plan.weightsInRam;
  const wanted = 1.1 * Math.max(sum(onDevice), sum(inRam), plan.documentOnDevice ? weights + fullKv : 0);
  // On the scale of the whole machine a small model would be too thin to be seen: then the scale ends earlier, and says so.
  const scale = limit > 0 && wanted > limit / 4 ? Math.max(limit, sum(onDevice)) : wanted;
  const ghost = { from: weights, to: weights + fullKv, label: full };
  const label = (of: MemoryPart[]) => of.map(({ name, value }) => `${name}: ${bytes(value)}`).join(', ');
  return (
    <Section title="Memory" aside={`${bytes(total)} ${counters ? 'in all' : 'planned'}`}>
      {plan.onGpu && <BarName name={deviceName(opened?.device ?? 'GPU')} value={sum(onDevice)} />}
      <StackedBar
        label={`${label(onDevice)}; full KV would be ${bytes(fullKv)}`}
        parts={onDevice.map(barPart)}
        scale={scale}
        ghost={ghost}
        isPreview={isPreview}
        isLive={isLive}
      />
      <p className="tabular mt-1 flex justify-between text-note leading-4 text-muted">
        <span>0</span>
        <span>{scaleEnd(scale, limit, ghost.to, !plan.onGpu)}</span>
      </p>
      {inRam.length > 0 && (
        <div className="mt-2">
          <BarName name="RAM" value={sum(inRam)} />
          <StackedBar
            label={label(inRam)}
            parts={inRam.map(barPart)}
            scale={Math.max(machineBytes, sum(inRam))}
            isPreview={isPreview}
            isLive={isLive}
          />
          <p className="tabular mt-1 flex justify-between text-note leading-4 text-muted">
            <span>0</span>
            <span>this machine’s {bytes(machineBytes)}</span>
          </p>
        </div>
      )}
      <table className="mt-2 w-full text-note leading-5">
        <caption className="sr-only">Memory by part</caption>
        <tbody>
          {parts.map(({ key, name, value, planned, color, words }) => (
            <tr key={key} title={words}>
              <th scope="row" className="text-left font-normal">
                <span
                  aria-hidden
                  className="mr-2 inline-block size-2.5 rounded-[3px] align-[-1px]"
                  style={{ background: color }}
                />
                {name}
              </th>
              <td className="text-right text-muted">{planned === null ? '' : `planned ${bytes(planned)}`}</td>
              <td className="w-20 text-right" data-testid={`memory-${key}`} data-bytes={value}>
                {bytes(value)}
              </td>
            </tr>
          ))}
          <tr className="text-muted" title={full}>
            <th scope="row" className="text-left font-normal">
              <span
                aria-hidden
                className="mr-2 inline-block size-2.5 rounded-[3px] border border-dashed border-(--ghost) align-[-1px]"
              />
              Full KV, for comparison
            </th>
            <td />
            <td className="text-right" data-testid="memory-full" data-bytes={fullKv}>
              {bytes(fullKv)}
            </td>
          </tr>
        </tbody>
      </table>
    </Section>
  );
}

const sum = (parts: readonly MemoryPart[]) => parts.reduce((total, { value }) => total + value, 0);

const barPart = ({ key, words, value, color }: MemoryPart) => ({ key, label: words, value, color });

function BarName({ name, value }: { name: string; value: number }) {
  return (
    <p className="mb-1 flex justify-between gap-2 text-note leading-4">
      <span className="truncate">{name}</span>
      <span className="tabular">{bytes(value)}</span>
    </p>
  );
}

function scaleEnd(scale: number, limit: number, full: number, isMachine: boolean): string {
  const end = isMachine
    ? scale < limit
      ? `${bytes(scale)} of this machine’s ${bytes(limit)}`
      : `this machine’s ${bytes(limit)}`
    : scale < limit
      ? `${bytes(scale)} of ${bytes(limit)} to be had`
      : `${bytes(limit)} to be had`;
  return full > scale ? `${end}; full KV would need ${bytes(full)}` : end;
}
