/** How much of the question's attention the kept rows hold, by layer and KV head. Where it is little, a larger budget is suggested. */
import { memo, useEffect } from 'react';
import type { Counters } from '../../../electron/contract/engine-reports.ts';
import { bytes, count, percent } from '../../format.ts';
import { changeChoice } from '../../stores/document-choice.ts';
import { useEngine } from '../../stores/engine.ts';
import { planLarger, useLargerBudget } from '../../stores/larger-budget.ts';
import { Button } from '../../ui/button.tsx';
import { viridis } from '../../ui/color-scale.ts';
import { ScaleStrip } from '../../ui/scale-strip.tsx';
import { columnWords, layerColumns, otherLayers } from './layer-columns.ts';
import { Section } from './section.tsx';

/** When the average share is below this, the panel suggests a larger budget. */
const warnBelow = 0.9;

interface AttentionStripProps {
  documentId: string;
  /** Of the counters: it does not change while an answer is made, and nothing here is drawn again then. */
  keptMass: Counters['keptMass'];
  tokenBudget: number;
  /** What the answer works on takes so much memory, in words. */
  cache: string;
  promptTokens: number | undefined;
}

export const AttentionStrip = memo(function AttentionStrip(props: AttentionStripProps) {
  const { documentId, keptMass, tokenBudget, cache, promptTokens } = props;
  const model = useEngine(({ telemetry }) => telemetry?.engine.model?.info ?? null);
  const columns = layerColumns(keptMass, model);
  if (columns.length === 0) return null;
  const nLayer = columns.length;
  const heads = Math.max(...columns.map((column) => column.mass.length));
  const mean = keptMass.reduce((sum, mass) => sum + mass, 0) / keptMass.length;
  const lowest = Math.min(...keptMass);
  const lowestLayer = columns.findIndex((column) => column.mass.includes(lowest));
  const notes = otherLayers(model);
  // The colours begin at the lowest value, so that differences near 100 % can be seen; the legend says so.
  const floor = Math.floor(lowest * 20) / 20;
  const shade = (mass: number) => viridis((mass - floor) / Math.max(0.001, 1 - floor));
  return (
    <Section title="Kept attention" aside={columnWords(columns)}>
      <p className="tabular mb-2" data-testid="kept-attention">
        The kept rows hold {percent(mean)} of the question’s attention, lowest {percent(lowest)} in layer{' '}
        {lowestLayer + 1}.
      </p>
      <svg
        role="img"
        aria-label={`Share of attention on kept rows, mean ${percent(mean)}, lowest ${percent(lowest)} in layer ${lowestLayer + 1}`}
        viewBox={`0 0 ${nLayer * 10} ${heads * 10}`}
        preserveAspectRatio="none"
        className="w-full rounded-sm"
        style={{ height: Math.min(96, Math.max(36, heads * 12)) }}
      >
        {columns.map(({ layer, instead, shared, mass }) =>
          instead !== null ? (
            <rect key={layer} x={layer * 10} y={0} width={9} height={heads * 10 - 1} fill="var(--sunken)">
              <title>{`layer ${layer + 1}: ${instead}${shared}`}</title>
            </rect>
          ) : (
            mass.map((share, head) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the index is the place
              <rect key={`${layer} ${head}`} x={layer * 10} y={head * 10} width={9} height={9} fill={shade(share)}>
                <title>{`layer ${layer + 1}${shared}, KV head ${head + 1}: ${percent(share)}`}</title>
              </rect>
            ))
          ),
        )}
      </svg>
      <p className="tabular mt-1 flex justify-between text-note leading-4 text-muted">
        <span>layer 1</span>
        <span className="flex items-center gap-2">
          {percent(floor)}
          <ScaleStrip />
          100 %
        </span>
        <span>layer {nLayer}</span>
      </p>
      {notes.map((note) => (
        <p key={note} className="tabular mt-1 text-note leading-4 text-muted" data-testid="other-layers">
          {note}
        </p>
      ))}
      {mean < warnBelow && promptTokens !== undefined && (
        <Advice documentId={documentId} tokenBudget={2 * tokenBudget} cache={cache} promptTokens={promptTokens} />
      )}
    </Section>
  );
});

type AdviceProps = Pick<AttentionStripProps, 'documentId' | 'tokenBudget' | 'cache'> & { promptTokens: number };

/** Suggests twice the budget, and says what that would cost. */
function Advice({ documentId, tokenBudget, cache, promptTokens }: AdviceProps) {
  const plan = useLargerBudget((larger) =>
    larger.documentId === documentId && larger.tokenBudget === tokenBudget ? larger.plan : null,
  );
  useEffect(() => {
    void planLarger(documentId, promptTokens, tokenBudget);
  }, [documentId, promptTokens, tokenBudget]);
  return (
    <div className="mt-2 text-note leading-4">
      <p className="tabular text-warn">
        That is little: what was left out may have mattered.
        {plan &&
          ` A budget of ${count(tokenBudget)} would take ${bytes(plan.compactCache + plan.summaries)} instead of ${cache}.`}
      </p>
      <Button className="mt-2" onClick={() => void changeChoice({ tokenBudget })}>
        Use {count(tokenBudget)} from the next question on
      </Button>
    </div>
  );
}
