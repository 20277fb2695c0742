/** A token budget chosen by measuring: one question at several budgets on the open document, against full KV. */

import { useEffect, useState } from 'react';
import { useShallow } from 'zustand/react/shallow';
import type { LibraryDocument } from '../../../electron/contract/app-types.ts';
import { mostTunedBudgets, ranges, usualBudgets } from '../../../electron/contract/method-values.ts';
import { count } from '../../format.ts';
import { useChat } from '../../stores/chat.ts';
import { selectHeld, selectJob, useEngine } from '../../stores/engine.ts';
import { selectDocument, useLibrary } from '../../stores/library.ts';
import { joinTuning, startTuning, stopTuning, useTune } from '../../stores/tune.ts';
import { openOverlay, useUi } from '../../stores/ui.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { controlClass } from '../../ui/field.tsx';
import { numberWithin } from '../../ui/number-input.tsx';
import { Problem } from '../../ui/problem.tsx';
import { ProgressBar } from '../../ui/progress-bar.tsx';
import { Recommendation } from './recommendation.tsx';
import { TuneCharts } from './tune-charts.tsx';
import { TuneTable } from './tune-table.tsx';

export function TuneDialog() {
  const isOpen = useUi((ui) => ui.overlay === 'tune');
  const document = useLibrary(selectDocument);
  return (
    <Dialog title="Tune the token budget" open={isOpen} onClose={() => openOverlay(null)} wide="columns">
      {document ? <Tuning document={document} /> : <p className="text-muted">Open a document first.</p>}
    </Dialog>
  );
}

function Tuning({ document }: { document: LibraryDocument }) {
  const held = useEngine(selectHeld(document.id));
  const job = useEngine(selectJob('tuning', document.id));
  const { running, last, failure } = useTune(useShallow(({ running, last, failure }) => ({ running, last, failure })));
  const hasJob = job !== undefined;
  // The tuning may have been started in another window, or before this one was reloaded.
  useEffect(() => {
    if (hasJob) void joinTuning();
  }, [hasJob]);
  const rows = running?.rows ?? last?.rows ?? [];
  return (
    <>
      <p className="max-w-[68ch] text-muted">
        The same question is answered with full KV and with each budget. What differs, how fast it is and what it takes
        is measured here, on {document.name}. No chat is changed.
      </p>
      {running ? (
        <Running total={running.budgets.length + 1} done={running.rows.length} question={running.question} />
      ) : held ? (
        <StartForm key={document.id} tokens={held.tokens} />
      ) : (
        <p className="mt-4">The document is not in memory. Read it, then tune.</p>
      )}
      {failure && (
        <div className="mt-4">
          <Problem message={failure.message} />
        </div>
      )}
      {rows.length > 0 && (
        <section aria-label="Measured" className="mt-5 border-t border-line pt-4">
          {!running && last && (
            <p className="mb-3 text-note leading-4 wrap-anywhere text-muted">
              “{last.question}”, {last.modelName}, {new Date(last.at).toLocaleString()}
            </p>
          )}
          <TuneCharts rows={rows} />
          {!running && last && <Recommendation tuning={last} />}
          <TuneTable rows={rows} recommended={running ? null : (last?.recommended ?? null)} />
        </section>
      )}
    </>
  );
}

function Running({ total, done, question }: { total: number; done: number; question: string }) {
  return (
    <div className="mt-4">
      <p className="wrap-anywhere">“{question}”</p>
      <div className="mt-3">
        <ProgressBar value={done / total} label="Tuning" />
      </div>
      <div className="mt-2 flex items-center justify-between gap-4">
        <p role="status" className="tabular text-muted">
          {done === 0
            ? 'Answering with full KV, which the others are measured against.'
            : `${done} of ${total} answers are measured.`}
        </p>
        <Button onClick={stopTuning}>Stop</Button>
      </div>
    </div>
  );
}

function StartForm({ tokens }: { tokens: number }) {
  const asked = useChat((chat) => chat.turns.at(-1)?.question ?? '');
  // The fields begin with the question and budgets of the last tuning, so that Enter repeats it.
  const last = useTune((tune) => tune.last);
  const [question, setQuestion] = useState(last?.question ?? asked);
  const [budgets, setBudgets] = useState(() =>
    (last?.rows.flatMap(({ budget }) => budget ?? []) ?? usualBudgets)
      .filter((budget) => budget < tokens)
      .map(count)
      .join('  '),
  );
  const chosen = budgetsIn(budgets, tokens);
  return (
    <form
      className="mt-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (Array.isArray(chosen) && question.trim() !== '') void startTuning(question.trim(), chosen);
      }}
    >
      <label className="block">
        <span className="font-[520]">Question</span>
        <textarea
          rows={2}
          value={question}
          onChange={(event) => setQuestion(event.target.value)}
          placeholder="One whose answer you would notice to be wrong"
          className={`${controlClass} mt-1 h-auto! w-full resize-none py-1.5`}
        />
      </label>
      <label className="mt-3 block">
        <span className="font-[520]">Budgets</span>
        <input
          value={budgets}
          onChange={(event) => setBudgets(event.target.value)}
          aria-describedby="tune-budgets-hint"
          className={`${controlClass} mt-1 w-full`}
        />
      </label>
      <p id="tune-budgets-hint" className="tabular mt-1 text-note leading-4 text-muted">
        {Array.isArray(chosen)
          ? `Smaller than the document’s ${count(tokens)} tokens, between spaces. Full KV is measured too.`
          : chosen}
      </p>
      <div className="mt-3">
        <Button type="submit" kind="primary" disabled={!Array.isArray(chosen) || question.trim() === ''}>
          Measure
        </Button>
      </div>
    </form>
  );
}

/** The budgets of a line of numbers, or the sentence that says what is wrong with it. */
export function budgetsIn(text: string, tokens: number): number[] | string {
  const words = text.split(/[\s;]+/).filter((word) => word !== '');
  if (words.length === 0) return 'Say at least one budget, as a number.';
  if (words.length > mostTunedBudgets) return `At most ${mostTunedBudgets} budgets are measured at a time.`;
  const budgets: number[] = [];
  for (const word of words) {
    const budget = numberWithin(word, ranges.tokenBudget);
    if (budget === undefined)
      return `“${word.slice(0, 40)}” is no budget: a whole number from ${ranges.tokenBudget.least} up.`;
    if (budget >= tokens) return `${count(budget)} would hold all ${count(tokens)} tokens: choose smaller ones.`;
    budgets.push(budget);
  }
  return budgets;
}
