/** The two main numbers: the size of the cache that an answer works on, and how many rows each token reads. Both come from counters. */
import type { ReactNode } from 'react';
import type { Counters, MemoryPlan } from '../../../electron/contract/engine-reports.ts';
import { bytes, count, factor } from '../../format.ts';

const numberClass = 'tabular mt-1 text-figure leading-7 font-[620] tracking-[-0.01em]';

function Small({ children }: { children: ReactNode }) {
  return <span className="text-body font-normal tracking-normal text-muted">{children}</span>;
}

interface HeadlineProps {
  counters: Counters | null;
  /** The counters are of the answer that is being made. */
  isLive: boolean;
  planned: MemoryPlan | null;
}

export function Headline({ counters, isLive, planned }: HeadlineProps) {
  if (!counters) {
    const compact = planned ? planned.compactCache + planned.summaries : 0;
    const isCompressed = planned !== null && compact > 0 && !planned.budgets.dense;
    return (
      <div className="px-4 pt-1 pb-4">
        <p className="text-note leading-4 text-muted">Planned for the next question</p>
        {planned ? (
          <p className={`${numberClass} flex flex-wrap items-baseline gap-x-1.5`}>
            <span>{bytes(isCompressed ? compact : planned.fullKv)}</span>
            {isCompressed && compact < planned.fullKv ? (
              <>
                <Small>instead of</Small> <span>{bytes(planned.fullKv)}</span>
                <span className="ml-auto text-body leading-5 tracking-normal text-accent">
                  {factor(planned.fullKv / compact)} smaller
                </span>
              </>
            ) : (
              <Small>{isCompressed ? `full KV: ${bytes(planned.fullKv)}` : 'full KV, nothing left out'}</Small>
            )}
          </p>
        ) : (
          <p className="mt-1 text-muted">Numbers appear when the document fits.</p>
        )}
      </div>
    );
  }
  const { mode } = counters;
  const compact = counters.compactBytes + counters.summaryBytes;
  const isCompressed = compact > 0 && !counters.budgets.dense && mode !== 'full';
  const isSmaller = counters.fullBytes > 1.05 * compact;
  return (
    <div className="px-4 pt-1 pb-4" data-testid="headline">
      <p className="text-note leading-4 text-muted">
        {isLive ? 'Cache that this answer works on' : 'Cache that the last answer worked on'}
      </p>
      <p className={`${numberClass} flex flex-wrap items-baseline justify-between gap-x-3`}>
        {isCompressed && isSmaller ? (
          <>
            <span>
              {bytes(compact)} <Small>instead of</Small> {bytes(counters.fullBytes)}
            </span>
            <span className="text-body leading-5 tracking-normal text-accent">
              {factor(counters.fullBytes / compact)} smaller
            </span>
          </>
        ) : (
          <span>
            {bytes(isCompressed ? compact : counters.fullBytes)}{' '}
            <Small>
              {isCompressed
                ? `full KV: ${bytes(counters.fullBytes)}`
                : mode === 'full'
                  ? 'full KV, nothing left out'
                  : 'everything fits the budget'}
            </Small>
          </span>
        )}
      </p>
      {isCompressed && !isSmaller && (
        <p className="mt-1 text-note leading-4 text-muted">
          In a text this short, room for the answer and what rows are chosen by weigh more than what is left out.
        </p>
      )}
      <p className="tabular mt-1" data-testid="rows-read">
        Each token reads {count(counters.rowsRead)} of {count(counters.rowsTotal)} rows per head.
      </p>
      {mode === 'rocketkv-mt' && (
        <p className="tabular mt-1 text-note leading-4 text-muted">
          The document’s own KV, {bytes(counters.documentBytes)}, stays in memory beside it for the next question.
        </p>
      )}
    </div>
  );
}
