/** What can be done with an answer: copy, ask again, check it against full KV or a larger budget, fork the chat here. */
import { GitFork, RotateCw } from 'lucide-react';
import type { Turn } from '../../../electron/contract/app-types.ts';
import { count } from '../../format.ts';
import { answerAgain, showBeside, useChat } from '../../stores/chat.ts';
import { forkChat } from '../../stores/chat-list.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { readsAll } from './answer-stats.ts';

export function AnswerActions({ turn, versions }: { turn: Turn; versions: readonly Turn[] }) {
  const isBusy = useChat((state) => state.live !== null);
  const { report } = turn;
  const other = versions.findLast(
    ({ id, question, answer }) => id !== turn.id && question === turn.question && answer !== '',
  );
  const twice = report && 2 * report.counters.budgets.tokenBudget;
  return (
    <div className="mt-1 -ml-2 flex flex-wrap items-center gap-1 text-note">
      <CopyButton label="Copy the answer" text={turn.answer} />
      <IconButton
        label="Another answer, drawn by chance"
        disabled={isBusy}
        onClick={() => void answerAgain(turn, { ...turn.choice, sampled: true })}
      >
        <RotateCw size={14} aria-hidden />
      </IconButton>
      <IconButton label="Fork the chat here" disabled={isBusy} onClick={() => void forkChat(turn.id)}>
        <GitFork size={14} aria-hidden />
      </IconButton>
      {report && !readsAll(report) && (
        <>
          <Button
            kind="bare"
            disabled={isBusy}
            title="Asks the same with every row of the cache, and shows both answers"
            onClick={() => void answerAgain(turn, { mode: 'full' }, true)}
          >
            With full KV
          </Button>
          {twice !== null && (
            <Button
              kind="bare"
              disabled={isBusy}
              title={`Asks the same with a budget of ${count(twice)}, and shows both answers`}
              onClick={() => void answerAgain(turn, { mode: report.mode, tokenBudget: twice }, true)}
            >
              With twice the budget
            </Button>
          )}
        </>
      )}
      {other && (
        <Button kind="bare" onClick={() => showBeside(turn.id, other.id)}>
          Compare
        </Button>
      )}
    </div>
  );
}
