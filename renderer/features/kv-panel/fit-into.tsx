/** The inverse of the slider: chooses the largest budget that fits into a given amount of memory. */
import { useState } from 'react';
import type { BudgetFit } from '../../../electron/contract/app-types.ts';
import type { MemoryPlan } from '../../../electron/contract/engine-reports.ts';
import { bytes, count } from '../../format.ts';
import { fitBudget } from '../../stores/budget.ts';
import { changeChoice } from '../../stores/document-choice.ts';
import { Button } from '../../ui/button.tsx';
import { controlClass, Select } from '../../ui/field.tsx';
import { numberWithin } from '../../ui/number-input.tsx';

const units = { MB: 2 ** 20, GB: 2 ** 30 };
type Unit = keyof typeof units;
type Measure = 'kv' | 'device';
const range = { least: 0.001, most: 1_000_000, whole: false };

interface FitIntoProps {
  documentId: string;
  promptTokens: number;
  plan: MemoryPlan | null;
}

export function FitInto({ documentId, promptTokens, plan }: FitIntoProps) {
  const isSmall = plan !== null && plan.compactCache + plan.summaries < units.GB / 2;
  const [measure, setMeasure] = useState<Measure>('kv');
  const [chosenUnit, setUnit] = useState<Unit | null>(null);
  const [text, setText] = useState('');
  const [result, setResult] = useState('');
  const unit = chosenUnit ?? (isSmall ? 'MB' : 'GB');
  const amount = numberWithin(text, range);
  const solve = async () => {
    if (amount === undefined) return setResult('Say how much memory may be used, as a number above 0.');
    const solved = await fitBudget(documentId, promptTokens, amount * units[unit], measure);
    if (!solved) return;
    setResult(fitWords(solved, promptTokens));
    if (solved.fit) await changeChoice({ tokenBudget: solved.fit.tokenBudget });
  };
  return (
    <form
      aria-label="Fit into memory"
      className="mt-3"
      onSubmit={(event) => {
        event.preventDefault();
        void solve();
      }}
    >
      <div className="flex items-center gap-1.5 text-note leading-4">
        <span>Fit</span>
        <Select
          aria-label="What is to fit"
          value={measure}
          options={[
            { value: 'kv', label: 'the answer’s KV' },
            { value: 'device', label: plan?.onGpu ? 'everything on the GPU' : 'everything' },
          ]}
          onChange={setMeasure}
          className="h-7 min-w-0 rounded-md border border-line-strong bg-surface px-1"
        />
        <span>in</span>
        <input
          aria-label="Memory that may be used"
          inputMode="decimal"
          value={text}
          placeholder={isSmall ? '20' : '2.0'}
          onChange={(event) => setText(event.target.value)}
          className={`${controlClass} h-7! w-14 text-right`}
        />
        <Select
          aria-label="Unit of memory"
          value={unit}
          options={[
            { value: 'MB', label: 'MB' },
            { value: 'GB', label: 'GB' },
          ]}
          onChange={setUnit}
          className="h-7 rounded-md border border-line-strong bg-surface px-1"
        />
        <Button type="submit" className="h-7! px-2!">
          Fit
        </Button>
      </div>
      <p role="status" data-testid="fit" className="tabular mt-1 text-note leading-4 text-muted empty:hidden">
        {result}
      </p>
    </form>
  );
}

export function fitWords({ fit, least }: BudgetFit, promptTokens: number): string {
  if (!fit) return `Not even the smallest budget fits: it takes ${bytes(least)}.`;
  if (fit.tokenBudget >= promptTokens) return `All of it fits, in ${bytes(fit.bytes)}: nothing needs to be left out.`;
  return `A budget of ${count(fit.tokenBudget)} takes ${bytes(fit.bytes)}. It is used for the next question.`;
}
