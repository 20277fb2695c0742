/** The line of numbers under an answer. */
import type { AskChoice, TurnReport } from '../../../electron/contract/app-types.ts';
import { statsParts } from './answer-stats.ts';

export function StatsLine({ report, choice }: { report: TurnReport; choice: AskChoice }) {
  const parts = statsParts(report, choice);
  return (
    <p className="mt-3 text-note leading-4 text-muted" data-testid="answer-stats">
      {parts.map((part, i) => (
        <span key={part}>
          <span className="whitespace-nowrap">{part}</span>
          {i < parts.length - 1 ? ' · ' : ''}
        </span>
      ))}
    </p>
  );
}
