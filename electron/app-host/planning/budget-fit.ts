/**
 * The largest token budget that stays within some bytes, by asking the engine's plan. A larger budget never needs less, with two exceptions:
 * one that holds everything needs no compact cache, and is tried first; and where nobody chose a preset, the smallest budget that gets codes may
 * need up to 0.15 less than the largest that gets pages, so what is found fits but may not be the largest. The rest is a bisection.
 */
import type { BudgetFit } from '../../contract/app-types.ts';
import type { MemoryPlan } from '../../contract/engine-reports.ts';
import { AppError, notOnGpu, toAppError } from '../../contract/errors.ts';

/** The step of the window's slider; the engine accepts all its values. */
const step = 16;
/** Two bisections of at most 20 steps each, and their ends. */
const mostPlans = 48;

export type Measure = 'kv' | 'device';

/** Bytes of the KV that an answer works on, or of everything on the computing device. */
export function bytesOf(plan: MemoryPlan, measure: Measure): number {
  if (measure === 'device') return plan.deviceTotal;
  const compact = plan.compactCache + plan.summaries;
  return compact > 0 ? compact : plan.fullKv;
}

/** `everything`: a budget that holds prompt and answer. Budgets that the engine refuses as too small are not considered. */
export async function largestBudget(
  planWith: (tokenBudget: number) => Promise<MemoryPlan>,
  everything: number,
  bytes: number,
  measure: Measure,
): Promise<BudgetFit> {
  let plans = 0;
  const needs = async (steps: number) => {
    if (++plans > mostPlans) throw new AppError('INTERNAL', `No budget was found with ${mostPlans} plans.`);
    return bytesOf(await planWith(steps * step), measure);
  };
  const most = Math.max(1, Math.ceil(everything / step));
  const all = await needs(most);
  const smallest = await smallestTaken(needs, most);
  const least = Math.min(all, smallest.bytes);
  if (all <= bytes) return { fit: { tokenBudget: most * step, bytes: all }, least };
  if (smallest.bytes > bytes) return { fit: null, least };
  let fitting = smallest;
  for (let high = most; high - fitting.steps > 1; ) {
    const middle = (fitting.steps + high) >> 1;
    const needed = await needs(middle);
    if (needed <= bytes) fitting = { steps: middle, bytes: needed };
    else high = middle;
  }
  return { fit: { tokenBudget: fitting.steps * step, bytes: fitting.bytes }, least };
}

/** The smallest budget that the engine accepts: reading the codes alone can exceed a small budget. It always accepts `most`. */
async function smallestTaken(needs: (steps: number) => Promise<number>, most: number) {
  const taken = async (steps: number) => {
    try {
      return { steps, bytes: await needs(steps) };
    } catch (error) {
      // On a GPU some models are computed only where a budget holds everything.
      if (toAppError(error).code === 'INVALID_ARGUMENT' || notOnGpu(error) !== undefined) return undefined;
      throw error;
    }
  };
  let smallest = await taken(1);
  if (smallest) return smallest;
  let refused = 1;
  for (let high = most; high - refused > 1; ) {
    const middle = (refused + high) >> 1;
    const found = await taken(middle);
    if (found) {
      smallest = found;
      high = middle;
    } else refused = middle;
  }
  return smallest ?? { steps: most, bytes: await needs(most) };
}
