/** The recommended budget in words, and two buttons that use it: for this document, or for all. */
import { closeEnough } from '../../../electron/contract/method-values.ts';
import type { Tuning } from '../../../electron/contract/tuning.ts';
import { bytes, count, percent, plural, speed } from '../../format.ts';
import { changeOwnChoice, followSettings, useDocumentChoice } from '../../stores/document-choice.ts';
import { changeSettings } from '../../stores/settings.ts';
import { notify } from '../../stores/ui.ts';
import { Button } from '../../ui/button.tsx';

const fewPositions = 16;

export function Recommendation({ tuning }: { tuning: Tuning }) {
  const mode = useDocumentChoice((state) => state.choice?.mode);
  const { recommended } = tuning;
  return (
    <div className="mt-4 rounded-lg bg-sunken p-3">
      <p data-testid="recommendation">{recommendationWords(tuning)}</p>
      {recommended !== null && (
        <div className="mt-2 flex flex-wrap gap-2">
          <Button
            kind="primary"
            onClick={async () => {
              // The budget was measured in this mode, so the mode is set too.
              await changeOwnChoice({ tokenBudget: recommended, mode: tuning.mode });
              notify(`This document uses a budget of ${count(recommended)} from the next question on.`);
            }}
          >
            Use {count(recommended)} for this document
          </Button>
          <Button
            onClick={async () => {
              await followSettings(['tokenBudget', 'mode']);
              await changeSettings({ tokenBudget: recommended, ...(mode === 'full' ? { mode: tuning.mode } : {}) });
              notify(`A budget of ${count(recommended)} is used from the next question on.`);
            }}
          >
            For all documents
          </Button>
        </div>
      )}
    </div>
  );
}

export function recommendationWords({ rows, recommended, tokens }: Tuning): string {
  const full = rows.find(({ budget }) => budget === null);
  const positions = full?.positions ?? 0;
  const caveat =
    positions < fewPositions
      ? ` The answer has ${plural(positions, 'token')}, which is little to go by: a question with a longer answer tells more.`
      : '';
  const row = rows.find(({ budget }) => budget === recommended);
  if (recommended === null || !row)
    return `None of these budgets comes as close to full KV as ${percent(closeEnough.sameTop1)} of the same tokens. Measure larger ones, up to the document’s ${count(tokens)} tokens, or use full KV.${caveat}`;
  const faster =
    row.decodeTokS !== null && full?.decodeTokS
      ? ` It answers with ${speed(row.decodeTokS)} instead of ${speed(full.decodeTokS)}`
      : '';
  const smaller = full
    ? `${faster === '' ? ' It works' : ', working'} on ${bytes(row.kvBytes)} of KV instead of ${bytes(full.kvBytes)}.`
    : '';
  return `${count(recommended)} is the smallest of these that answers like full KV: the same token at ${percent(row.sameTop1)} of ${plural(positions, 'position')}.${faster}${smaller}${caveat}`;
}
