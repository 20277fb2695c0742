/** The token budget: a logarithmic slider; while it moves, the engine says what each value would mean. */
import { Slider } from '@base-ui/react/slider';
import { memo, useEffect, useState } from 'react';
import type { SpeedPrediction } from '../../../electron/contract/app-types.ts';
import type { MemoryPlan } from '../../../electron/contract/engine-reports.ts';
import { choosingFor, usualTokenBudget as usual } from '../../../electron/contract/method-values.ts';
import { bytes, count, seconds, speed as tokensASecond } from '../../format.ts';
import {
  budgetAt,
  planBudget,
  positionOf,
  setDragged as setPreview,
  sliderSteps,
  useBudget,
} from '../../stores/budget.ts';
import { changeChoice, useDocumentChoice } from '../../stores/document-choice.ts';
import { selectHeld, useEngine } from '../../stores/engine.ts';
import { useTune } from '../../stores/tune.ts';
import { openTuning } from '../../stores/ui.ts';
import { Button } from '../../ui/button.tsx';
import { ChoiceScope } from './choice-scope.tsx';
import { FitInto } from './fit-into.tsx';
import { Section } from './section.tsx';

const least = 128;

interface BudgetSectionProps {
  documentId: string;
  promptTokens: number;
}

/** Its numbers are about the next question: while an answer changes the panel around it, it is not drawn again. */
export const BudgetSection = memo(function BudgetSection({ documentId, promptTokens }: BudgetSectionProps) {
  const choice = useDocumentChoice((state) => state.choice);
  const [dragged, setDragged] = useState<number | null>(null);
  const most = Math.max(promptTokens, usual * 2);
  const budget = dragged ?? choice?.tokenBudget ?? usual;
  const plan = useBudget((state) => state.plan);
  const speed = useBudget((state) => state.speed);
  const refusal = useBudget((state) => state.refusal);
  const isHeld = useEngine(selectHeld(documentId)) !== undefined;
  const tuned = useTune((state) => (state.documentId === documentId ? (state.last?.recommended ?? null) : null));

  useEffect(() => {
    if (choice) void planBudget(documentId, promptTokens, { tokenBudget: budget });
  }, [documentId, budget, promptTokens, choice]);

  if (!choice) return null;
  if (choice.mode === 'full')
    return (
      <Section title="Token budget">
        <p className="text-muted">Full KV reads every row. Choose RocketKV-MT above the chat to work with a budget.</p>
        <ChoiceScope />
      </Section>
    );
  const isDragged = dragged !== null;
  return (
    <Section title="Token budget" aside={isDragged ? 'release to use' : 'for the next question'}>
      <Slider.Root
        value={positionOf(budget, least, most)}
        min={0}
        max={sliderSteps}
        onValueChange={(position) => {
          setDragged(budgetAt(position, least, most));
          setPreview(true);
        }}
        onValueCommitted={(position) => {
          setDragged(null);
          setPreview(false);
          void changeChoice({ tokenBudget: budgetAt(position, least, most) });
        }}
      >
        <div className="flex items-baseline justify-between">
          <output className="tabular text-figure leading-7 font-[620]" data-testid="budget">
            {count(budget)}
          </output>
          <span className="tabular text-note leading-4 text-muted">of {count(promptTokens)} tokens</span>
        </div>
        <Slider.Control className="flex h-6 w-full touch-none items-center">
          <Slider.Track className="relative h-1 w-full rounded-full bg-line-strong">
            <Slider.Indicator className="rounded-full bg-accent" />
            <Mark at={usual} most={most} title="usual" color="bg-muted" />
            {tuned !== null && <Mark at={tuned} most={most} title="tuned on this document" color="bg-ok" />}
            <Slider.Thumb
              className="size-4 rounded-full border-2 border-accent bg-raised"
              getAriaLabel={() => 'Token budget'}
              getAriaValueText={(_, position) => `${count(budgetAt(position, least, most))} tokens`}
            />
          </Slider.Track>
        </Slider.Control>
        <p className="tabular flex justify-between text-note leading-4 text-muted">
          <span>{least}</span>
          {tuned !== null && <span>tuned: {count(tuned)}</span>}
          <span>everything</span>
        </p>
      </Slider.Root>
      {plan && <PlannedFacts plan={plan} speed={speed} isPreview={isDragged} />}
      {refusal && <p className="mt-3 text-note leading-4 text-warn">{refusal}</p>}
      {plan?.budgets.dense && (
        <p className="mt-2 text-note leading-4 text-muted">
          Document and answer fit this budget: nothing would be left out.
        </p>
      )}
      <FitInto documentId={documentId} promptTokens={promptTokens} plan={plan} />
      <div className="mt-3 flex flex-wrap items-center gap-2">
        {isHeld && (
          <Button title="Measures one question at several budgets against full KV" onClick={openTuning}>
            Tune on this document
          </Button>
        )}
      </div>
      <ChoiceScope />
    </Section>
  );
});

function Mark({ at, most, title, color }: { at: number; most: number; title: string; color: string }) {
  return (
    <span
      aria-hidden
      title={title}
      className={`absolute -top-1 h-3 w-0.5 ${color}`}
      style={{ left: `${(positionOf(at, least, most) / sliderSteps) * 100}%` }}
    />
  );
}

interface PlannedFactsProps {
  plan: MemoryPlan;
  speed: SpeedPrediction | null;
  /** The numbers are of a value that is not chosen yet. */
  isPreview: boolean;
}

function PlannedFacts({ plan, speed, isPreview }: PlannedFactsProps) {
  const { budgets } = plan;
  const byPages = useDocumentChoice(
    ({ choice }) =>
      choice !== null && choosingFor({ ...choice, tokenBudget: budgets.tokenBudget }, choice).selector === 'pages',
  );
  const hasPages = byPages && !budgets.dense;
  const facts: [name: string, value: string][] = [
    ['Rows per head', budgets.dense ? 'all' : count(budgets.capacity)],
    ['Page', hasPages ? count(budgets.page) : 'not used'],
    ['r (dimensions)', hasPages ? count(budgets.r) : 'not used'],
    ['k (rows read)', budgets.dense ? 'all' : count(budgets.k)],
    ['w (window)', count(budgets.window)],
    ['Cache', bytes(plan.compactCache + plan.summaries)],
  ];
  // Predicted from earlier answers on this machine; absent before there were enough of them.
  if (speed?.tokensPerSecond) facts.push(['Speed', `about ${tokensASecond(speed.tokensPerSecond)}`]);
  if (speed?.firstTokenSeconds) facts.push(['First token', `about ${seconds(speed.firstTokenSeconds)}`]);
  return (
    <dl
      data-testid="planned"
      className={`tabular mt-3 grid grid-cols-2 gap-x-4 gap-y-1 whitespace-nowrap text-note leading-4 ${isPreview ? 'text-muted italic' : ''}`}
    >
      {facts.map(([name, value]) => (
        <div key={name} className="flex justify-between gap-2">
          <dt className="text-muted">{name}</dt>
          <dd className="text-right">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
