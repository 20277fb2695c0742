/** Two answers to one question side by side, with the words that only one of them has marked. */
import { type ReactNode, useMemo } from 'react';
import type { Turn } from '../../../electron/contract/app-types.ts';
import type { ComparedWord } from '../../../electron/contract/words.ts';
import { count, plural } from '../../format.ts';
import { SafeMarkdown } from '../../markdown/safe-markdown.tsx';
import { choose, closeBeside } from '../../stores/chat.ts';
import { askLink } from '../../stores/ui.ts';
import { Button } from '../../ui/button.tsx';
import { answerTitle } from './answer-stats.ts';
import { differingWords } from './differing-words.ts';
import { LiveAnswer } from './live-answer.tsx';
import { StatsLine } from './stats-line.tsx';

/** `shown` is on the path, `other` answers the same question on another branch. The older of the two stands left. */
export function Comparison({ shown, other }: { shown: Turn; other: Turn }) {
  const [left, right] = shown.createdAt < other.createdAt ? [shown, other] : [other, shown];
  const isReady = shown.state !== 'answering';
  const words = useMemo(
    () => (isReady ? differingWords(left.answer, right.answer) : null),
    [isReady, left.answer, right.answer],
  );
  const keep = (turn: Turn) => {
    closeBeside(shown.id);
    if (turn.id !== shown.id) void choose(turn.id);
  };
  const side = (turn: Turn, compared: ComparedWord[] | undefined) => (
    <Side turn={turn} onKeep={isReady ? () => keep(turn) : null}>
      {turn.id === shown.id && !isReady ? (
        <LiveAnswer turnId={turn.id} />
      ) : (
        <SafeMarkdown
          key={compared ? 'compared' : 'alone'}
          text={turn.answer}
          streaming={false}
          onLink={askLink}
          {...(compared ? { compared } : {})}
        />
      )}
    </Side>
  );
  return (
    <section aria-label="Two answers side by side">
      <div className="grid gap-4 min-[900px]:grid-cols-2">
        {side(left, words?.left)}
        {side(right, words?.right)}
      </div>
      <div className="mt-2 flex items-center gap-3 text-note leading-4 text-muted">
        <p className="tabular" data-testid="difference">
          {words ? summary(words.differing, words.total) : 'The words that differ are marked when both are there.'}
        </p>
        <Button kind="bare" className="ml-auto" onClick={() => closeBeside(shown.id)}>
          Close the comparison
        </Button>
      </div>
    </section>
  );
}

function summary(differing: number, total: number): string {
  if (differing === 0) return 'Both say the same, word for word.';
  return `${plural(differing, 'word')} of ${count(total)} differ${differing === 1 ? 's' : ''}, marked in both.`;
}

function Side({ turn, onKeep, children }: { turn: Turn; onKeep: (() => void) | null; children: ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col rounded-lg border border-line p-4">
      <h3 className="mb-2 text-note leading-4 font-[560] text-muted">{answerTitle(turn)}</h3>
      <div className="flex-1 wrap-anywhere">{children}</div>
      {turn.state === 'stopped' && <p className="mt-2 text-note leading-4 text-muted">Stopped before its end.</p>}
      {turn.failure && <p className="mt-2 text-note leading-4 text-danger">{turn.failure.message}</p>}
      {turn.report && <StatsLine report={turn.report} choice={turn.choice} />}
      {onKeep && (
        <Button className="mt-3 self-start" onClick={onKeep}>
          Go on with this answer
        </Button>
      )}
    </div>
  );
}
