/**
 * The largest token budget that stays within some bytes, by asking the engine's plan. A larger budget never takes less, with one
 * exception: one that holds everything needs no compact cache. That one is looked at first; the rest is a bisection.
 */
import type { BudgetFit } from '../contract/app-types.ts';
import type { MemoryPlan } from '../contract/engine-reports.ts';

/** As the slider goes, and as the engine takes them. */
const step = 16;
/** Far more halvings than any budget has. */
const mostPlans = 40;

export type Measure = 'kv' | 'device';

/** What an answer works on, or all that lies on the computing device. */
export function bytesOf(plan: MemoryPlan, measure: Measure): number {
  if (measure === 'device') return plan.deviceTotal;
  const compact = plan.compactCache + plan.summaries;
  return compact > 0 ? compact : plan.fullKv;
}

/** `everything`: a budget that holds prompt and answer. */
export async function largestBudget(
  planWith: (tokenBudget: number) => Promise<MemoryPlan>,
  everything: number,
  bytes: number,
  measure: Measure,
): Promise<BudgetFit> {
  const needs = async (steps: number) => bytesOf(await planWith(steps * step), measure);
  let most = Math.max(1, Math.ceil(everything / step));
  const all = await needs(most);
  if (all <= bytes) return { fit: { tokenBudget: most * step, bytes: all }, least: Math.min(all, await needs(1)) };
  let low = 1;
  let fitting = await needs(low);
  const least = Math.min(all, fitting);
  if (fitting > bytes) return { fit: null, least };
  for (let plans = 0; most - low > 1 && plans < mostPlans; plans++) {
    const middle = (low + most) >> 1;
    const needed = await needs(middle);
    if (needed <= bytes) {
      low = middle;
      fitting = needed;
    } else most = middle;
  }
  return { fit: { tokenBudget: low * step, bytes: fitting }, least };
}
