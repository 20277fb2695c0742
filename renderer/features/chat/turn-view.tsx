/** One question with its answer, the line of numbers under it, and how it ended when it did not end well. */
import { memo } from 'react';
import type { Turn } from '../../../electron/contract/app-types.ts';
import { firstProposal, needsReading, ownWords } from '../../choice-words.ts';
import { answerAgain, askSmaller, useChat } from '../../stores/chat.ts';
import { Button } from '../../ui/button.tsx';
import { Problem } from '../../ui/problem.tsx';
import { AnswerActions } from './answer-actions.tsx';
import { CitedAnswer } from './citations.tsx';
import { Comparison } from './comparison.tsx';
import { LiveAnswer } from './live-answer.tsx';
import { ManyHint } from './many-hint.tsx';
import { QuestionBox } from './question-box.tsx';
import { StatsLine } from './stats-line.tsx';
import { Thinking } from './thinking.tsx';

interface TurnViewProps {
  turn: Turn;
  /** All turns with the same parent, this one among them. */
  versions: readonly Turn[];
}

export const TurnView = memo(function TurnView({ turn, versions }: TurnViewProps) {
  const besideId = useChat(({ beside }) => beside[turn.id]);
  const other = versions.find(({ id }) => id === besideId);
  return (
    <article className={`mx-auto w-full px-6 py-4 ${other ? 'max-w-[1100px]' : 'max-w-[760px]'}`}>
      <QuestionBox turn={turn} versions={versions} />
      <h2 className="sr-only">Answer</h2>
      {other ? (
        <Comparison shown={turn} other={other} />
      ) : turn.state === 'answering' ? (
        <LiveAnswer turnId={turn.id} />
      ) : (
        <StoredAnswer turn={turn} versions={versions} />
      )}
    </article>
  );
});

function StoredAnswer({ turn, versions }: TurnViewProps) {
  return (
    <>
      <Thinking text={turn.thinking} tokens={turn.report?.thinkingTokens} />
      <CitedAnswer turn={turn} />
      {turn.report && <StatsLine report={turn.report} choice={turn.choice} />}
      {turn.report?.notices.map((notice) => (
        <p key={notice} className="mt-2 text-note leading-4 text-warn">
          {notice}
        </p>
      ))}
      {turn.state === 'done' && <ManyHint turn={turn} versions={versions} />}
      {turn.state === 'done' && <AnswerActions turn={turn} versions={versions} />}
      {turn.state === 'stopped' && (
        <p className="mt-3 flex flex-wrap items-center gap-2 text-note leading-4 text-muted">
          Stopped. The model does not remember this question.
          <AskAgain turn={turn} />
        </p>
      )}
      {turn.state === 'failed' && (
        <div className="mt-3">
          <Problem
            message={`${turn.answer === '' ? '' : 'The answer ends here. '}${turn.failure?.message ?? 'It failed.'}`}
          >
            <AskSmaller turn={turn} />
            <AskAgain turn={turn} />
          </Problem>
        </div>
      )}
    </>
  );
}

/** A button for the engine's first proposal, where memory was too small. */
function AskSmaller({ turn }: { turn: Turn }) {
  const isBusy = useChat((state) => state.live !== null);
  const changes = firstProposal(turn.failure?.shortage);
  if (!changes) return null;
  const words = ownWords(changes);
  return (
    <Button kind="primary" disabled={isBusy} onClick={() => void askSmaller(turn, changes)}>
      {needsReading(changes) ? `Read again with ${words}, and ask` : `Ask with ${words}`}
    </Button>
  );
}

function AskAgain({ turn }: { turn: Turn }) {
  const isBusy = useChat((state) => state.live !== null);
  return (
    <Button kind="quiet" disabled={isBusy} onClick={() => void answerAgain(turn)}>
      Ask again
    </Button>
  );
}
