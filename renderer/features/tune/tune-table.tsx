/** The numbers behind the charts, and what was answered with each budget. */
import type { TuningRow } from '../../../electron/contract/tuning.ts';
import { bytes, count, percent, seconds, speed } from '../../format.ts';
import { inOrder } from './tune-rows.ts';

const columns = [
  'Budget',
  'Same token',
  'KL mean',
  'KL median',
  'Kept attention',
  'Speed',
  'First token',
  'KV',
  'Read a token',
];

export function TuneTable({ rows, recommended }: { rows: readonly TuningRow[]; recommended: number | null }) {
  const sorted = inOrder(rows);
  return (
    <>
      <div className="mt-4 overflow-x-auto">
        <table className="tabular w-full text-note leading-5" data-testid="tuning">
          <caption className="sr-only">Agreement with full KV, speed and memory at each budget</caption>
          <thead>
            <tr className="text-left text-muted">
              {columns.map((name, i) => (
                <th key={name} scope="col" className={`py-1 pr-3 font-normal ${i > 0 ? 'text-right' : ''}`}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted.map((row) => (
              <tr
                key={row.budget ?? 'full'}
                data-budget={row.budget ?? 'full'}
                className={`border-t border-line ${row.budget !== null && row.budget === recommended ? 'bg-accent-soft' : ''}`}
              >
                <th scope="row" className="py-1 pr-3 text-left font-[560]">
                  {row.budget === null ? 'Full KV' : count(row.budget)}
                </th>
                {cells(row).map((value, i) => (
                  <td key={columns[i + 1]} className="py-1 pr-3 text-right">
                    {value}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <details className="mt-3">
        <summary className="text-note leading-4 text-muted">What was answered</summary>
        <dl className="mt-2 space-y-2">
          {sorted.map(({ budget, answer }) => (
            <div key={budget ?? 'full'}>
              <dt className="tabular text-note leading-4 text-muted">{budget === null ? 'Full KV' : count(budget)}</dt>
              <dd className="max-h-40 max-w-[72ch] overflow-y-auto whitespace-pre-wrap wrap-anywhere">{answer}</dd>
            </div>
          ))}
        </dl>
      </details>
    </>
  );
}

/** A KL divergence in nats, with four places: smaller values are written as less than .0001. */
const nats = (kl: number) => (kl === 0 ? '0' : kl < 0.0001 ? '< .0001' : kl.toFixed(4).replace(/^0/, ''));

function cells(row: TuningRow): string[] {
  return [
    percent(row.sameTop1),
    nats(row.klMean),
    nats(row.klMedian),
    row.keptMassMean === null ? 'all' : percent(row.keptMassMean),
    row.decodeTokS === null ? 'too short' : speed(row.decodeTokS),
    seconds(row.firstTokenMs / 1000),
    bytes(row.kvBytes),
    bytes(row.readBytesPerStep),
  ];
}
