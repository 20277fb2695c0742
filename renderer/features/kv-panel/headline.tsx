/** The two truths: how small the cache is that an answer works on, and how few rows each token reads. From counters alone. */
import type { TurnReport } from '../../../electron/contract/app-types.ts';
import type { MemoryPlan } from '../../../electron/contract/engine-reports.ts';
import { bytes, count, factor } from '../../format.ts';

export function Headline({ report, planned }: { report: TurnReport | null; planned: MemoryPlan | null }) {
  if (!report) {
    const compact = planned ? planned.compactCache + planned.summaries : 0;
    const isCompressed = planned !== null && compact > 0 && !planned.budgets.dense;
    return (
      <div className="px-4 pt-1 pb-4">
        <p className="text-[12px] leading-4 text-muted">Planned for the first question</p>
        {planned ? (
          <p className="tabular mt-1 text-[20px] leading-7 font-[620] tracking-[-0.01em]">
            {isCompressed ? `${bytes(compact)} instead of ${bytes(planned.fullKv)}` : bytes(planned.fullKv)}
          </p>
        ) : (
          <p className="mt-1 text-muted">Numbers appear when the document fits.</p>
        )}
      </div>
    );
  }
  const { counters } = report;
  const compact = counters.compactBytes + counters.summaryBytes;
  const isCompressed = compact > 0 && !counters.budgets.dense && report.mode !== 'full';
  return (
    <div className="px-4 pt-1 pb-4" data-testid="headline">
      <p className="text-[12px] leading-4 text-muted">Cache that the last answer worked on</p>
      {isCompressed ? (
        <>
          <p className="tabular mt-1 flex items-baseline gap-3 text-[20px] leading-7 font-[620] tracking-[-0.01em]">
            <span>
              {bytes(compact)} <span className="text-[13px] font-normal tracking-normal text-muted">instead of</span>{' '}
              {bytes(counters.fullBytes)}
            </span>
            <span className="text-accent">{factor(counters.fullBytes / compact)}</span>
          </p>
        </>
      ) : (
        <p className="tabular mt-1 text-[20px] leading-7 font-[620] tracking-[-0.01em]">
          {bytes(counters.fullBytes)}{' '}
          <span className="text-[13px] font-normal tracking-normal text-muted">
            {report.mode === 'full' ? 'full KV, nothing left out' : 'everything fits the budget'}
          </span>
        </p>
      )}
      <p className="tabular mt-1" data-testid="rows-read">
        Each token reads {count(counters.rowsRead)} of {count(counters.rowsTotal)} rows per head.
      </p>
    </div>
  );
}
