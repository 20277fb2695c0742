/** The token budget: a logarithmic slider; while it moves, the engine says what each value would mean. */
import { Slider } from '@base-ui/react/slider';
import { useEffect, useState } from 'react';
import { bytes, count } from '../../format.ts';
import {
  budgetAt,
  planBudget,
  positionOf,
  setDragged as setPreview,
  sliderSteps,
  useBudget,
} from '../../stores/budget.ts';
import { changeSettings, methodChoice, useSettings } from '../../stores/settings.ts';
import { Section } from './section.tsx';

const least = 128;
const usual = 512;

export function BudgetSection({ promptTokens }: { promptTokens: number }) {
  const settings = useSettings((state) => state.settings);
  const [dragged, setDragged] = useState<number | null>(null);
  const most = Math.max(promptTokens, usual * 2);
  const budget = dragged ?? settings?.tokenBudget ?? usual;
  const plan = useBudget((state) => state.plan);

  // biome-ignore lint/correctness/useExhaustiveDependencies: only what the plan depends on
  useEffect(() => {
    if (settings) void planBudget({ ...methodChoice(settings), tokenBudget: budget }, promptTokens);
  }, [budget, promptTokens, settings?.mode, settings?.preset, settings?.kvType, settings?.maxNew]);

  if (!settings) return null;
  if (settings.mode === 'full')
    return (
      <Section title="Token budget">
        <p className="text-muted">Full KV reads every row. Choose RocketKV-MT in the settings to work with a budget.</p>
      </Section>
    );
  const budgets = plan?.budgets;
  const facts: [name: string, value: string][] = budgets
    ? [
        ['Rows per head', budgets.dense ? 'all' : count(budgets.capacity)],
        ['Page', budgets.dense ? 'not used' : count(budgets.page)],
        ['r (dimensions)', budgets.dense ? 'not used' : count(budgets.r)],
        ['k (rows read)', budgets.dense ? 'all' : count(budgets.k)],
        ['w (window)', count(budgets.window)],
        ['Cache', bytes(plan.compactCache + plan.summaries)],
      ]
    : [];
  return (
    <Section title="Token budget" aside={dragged === null ? 'for the next question' : 'release to use'}>
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
          void changeSettings({ tokenBudget: budgetAt(position, least, most) });
        }}
      >
        <div className="flex items-baseline justify-between">
          <output className="tabular text-[20px] leading-7 font-[620]" data-testid="budget">
            {count(budget)}
          </output>
          <span className="tabular text-[12px] leading-4 text-muted">of {count(promptTokens)} tokens</span>
        </div>
        <Slider.Control className="flex h-6 w-full touch-none items-center">
          <Slider.Track className="relative h-1 w-full rounded-full bg-line-strong">
            <Slider.Indicator className="rounded-full bg-accent" />
            <span
              aria-hidden
              title="usual"
              className="absolute -top-1 h-3 w-px bg-muted"
              style={{ left: `${(positionOf(usual, least, most) / sliderSteps) * 100}%` }}
            />
            <Slider.Thumb
              className="size-4 rounded-full border-2 border-accent bg-raised"
              getAriaLabel={() => 'Token budget'}
              getAriaValueText={(_, position) => `${count(budgetAt(position, least, most))} tokens`}
            />
          </Slider.Track>
        </Slider.Control>
        <p className="tabular flex justify-between text-[12px] leading-4 text-muted">
          <span>{least}</span>
          <span>everything</span>
        </p>
      </Slider.Root>
      {facts.length > 0 && (
        <dl className="tabular mt-3 grid grid-cols-[1fr_auto_1fr_auto] gap-x-3 gap-y-1 text-[12px] leading-4">
          {facts.map(([name, value]) => (
            <div key={name} className="contents">
              <dt className="text-muted">{name}</dt>
              <dd className="text-right">{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {budgets?.dense && (
        <p className="mt-2 text-[12px] leading-4 text-muted">
          Document and answer fit this budget: nothing would be left out.
        </p>
      )}
    </Section>
  );
}
