/** Under an answer that was to name many things and was made without some of the rows: it may miss some, and full KV would not. */

import type { Turn } from '../../../electron/contract/app-types.ts';
import { mayMissSome } from '../../../electron/contract/asks-for-many.ts';
import { count } from '../../format.ts';
import { answerAgain, useChat } from '../../stores/chat.ts';
import { Button } from '../../ui/button.tsx';
import { readsAll } from './answer-stats.ts';

export function ManyHint({ turn, versions }: { turn: Turn; versions: readonly Turn[] }) {
  const isBusy = useChat((state) => state.live !== null);
  const { report, question } = turn;
  if (!report || !mayMissSome(question, report)) return null;
  // Who has full KV's answer to it needs no advice.
  if (versions.some((version) => version.question === question && version.report && readsAll(version.report)))
    return null;
  const { rowsKept, rowsTotal } = report.counters;
  return (
    <div role="note" className="mt-3 flex flex-wrap items-center gap-2 text-note leading-4" data-testid="many-hint">
      <p className="min-w-0 flex-[1_1_20rem] text-warn">
        This question asks for many things, and {count(rowsTotal - rowsKept)} of {count(rowsTotal)} rows were left out:
        some may be missing. A larger budget is safer, full KV safest.
      </p>
      <Button
        disabled={isBusy}
        title="Asks the same with every row of the cache, and shows both answers"
        onClick={() => void answerAgain(turn, { mode: 'full' }, true)}
      >
        Ask again with full KV
      </Button>
    </div>
  );
}
