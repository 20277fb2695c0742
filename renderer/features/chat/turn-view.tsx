/** One question with its answer, the line of numbers under it, and how it ended when it did not end well. */
import { Check, Copy } from 'lucide-react';
import { memo, useState } from 'react';
import type { Turn, TurnReport } from '../../../electron/contract/app-types.ts';
import { copyText } from '../../bridge/browser.ts';
import { count, seconds, speed } from '../../format.ts';
import { SafeMarkdown } from '../../markdown/safe-markdown.tsx';
import { modeNames } from '../../mode-names.ts';
import { askAgain, useChat } from '../../stores/chat.ts';
import { useEngine } from '../../stores/engine.ts';
import { askLink } from '../../stores/ui.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { Problem } from '../../ui/problem.tsx';

export const TurnView = memo(function TurnView({ turn, beginsAnew }: { turn: Turn; beginsAnew: boolean }) {
  return (
    <article>
      {beginsAnew && (
        <p className="mb-4 flex items-center gap-3 text-[12px] leading-4 text-muted">
          <span aria-hidden className="h-px flex-1 bg-line" />
          The document was read again here. The model sees only what follows.
          <span aria-hidden className="h-px flex-1 bg-line" />
        </p>
      )}
      <div className="mb-4 rounded-lg border border-line bg-sunken px-4 py-2.5">
        <h2 className="sr-only">Question</h2>
        <p className="text-[15px] leading-6 whitespace-pre-wrap wrap-anywhere">{turn.question}</p>
      </div>
      <h2 className="sr-only">Answer</h2>
      {turn.state === 'answering' ? <LiveAnswer turnId={turn.id} /> : <StoredAnswer turn={turn} />}
    </article>
  );
});

function LiveAnswer({ turnId }: { turnId: string }) {
  const text = useChat((state) => (state.live?.turnId === turnId ? state.live.text : ''));
  if (text !== '') return <SafeMarkdown text={text} streaming onLink={askLink} />;
  return <LivePhase />;
}

function LivePhase() {
  const chatId = useChat((state) => state.chatId);
  const job = useEngine(({ telemetry }) => telemetry?.jobs.find((entry) => entry.chatId === chatId));
  const words =
    job?.phase === 'question'
      ? `Reading the question, ${count(job.done)} of ${count(job.total)} tokens`
      : job?.phase === 'answer'
        ? 'Choosing what to keep of the document'
        : 'Waiting for the engine';
  return (
    <p role="status" className="tabular text-muted">
      {words}
    </p>
  );
}

function StoredAnswer({ turn }: { turn: Turn }) {
  return (
    <>
      {turn.answer !== '' && <SafeMarkdown text={turn.answer} streaming={false} onLink={askLink} />}
      {turn.report && <Stats turn={turn} report={turn.report} />}
      {turn.report?.notices.map((notice) => (
        <p key={notice} className="mt-2 text-[12px] leading-4 text-warn">
          {notice}
        </p>
      ))}
      {turn.state === 'stopped' && (
        <p className="mt-3 flex flex-wrap items-center gap-2 text-[12px] leading-4 text-muted">
          Stopped. The model does not remember this question.
          <AskAgain question={turn.question} />
        </p>
      )}
      {turn.state === 'failed' && (
        <div className="mt-3">
          <Problem
            message={`${turn.answer === '' ? '' : 'The answer ends here. '}${turn.failure?.message ?? 'It failed.'}`}
          >
            <AskAgain question={turn.question} />
          </Problem>
        </div>
      )}
    </>
  );
}

function AskAgain({ question }: { question: string }) {
  const isBusy = useChat((state) => state.live !== null);
  return (
    <Button kind="quiet" disabled={isBusy} onClick={() => void askAgain(question)}>
      Ask again
    </Button>
  );
}

function Stats({ turn, report }: { turn: Turn; report: TurnReport }) {
  const [copied, setCopied] = useState(false);
  const { timings, counters, generatedTokens } = report;
  const parts = [
    timings.decodeMs > 0 ? speed((generatedTokens / timings.decodeMs) * 1000) : null,
    `first token ${seconds(timings.firstTokenMs / 1000)}`,
    `${count(generatedTokens)} tokens`,
    report.mode === 'full' || counters.budgets.dense
      ? `all ${count(counters.rowsTotal)} rows`
      : `budget ${count(counters.budgets.tokenBudget)}, kept ${count(counters.rowsKept)} of ${count(counters.rowsTotal)} rows`,
    modeNames[report.mode],
    report.finishReason === 'length' ? 'cut at the longest answer' : null,
  ];
  return (
    <div className="mt-3 flex items-center gap-1 text-[12px] leading-4 text-muted">
      <p className="tabular" data-testid="answer-stats">
        {parts.filter((part) => part !== null).join(' · ')}
      </p>
      <IconButton
        label={copied ? 'Copied' : 'Copy the answer'}
        onClick={async () => {
          setCopied(await copyText(turn.answer));
          setTimeout(() => setCopied(false), 1500);
        }}
      >
        {copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
      </IconButton>
    </div>
  );
}
