/** The token budget while its slider moves: the plan that the engine makes of it, one question at a time; and the budget that fits. */
import { create } from 'zustand';
import type { BudgetFit, Planned, SpeedPrediction } from '../../electron/contract/app-types.ts';
import type { MemoryPlan } from '../../electron/contract/engine-reports.ts';
import type { OwnChoice } from '../../electron/contract/settings.ts';
import { api, failureOf } from './api.ts';
import { notify } from './ui.ts';

interface BudgetState {
  /** What the plan was made for. */
  documentId: string | null;
  promptTokens: number;
  plan: MemoryPlan | null;
  speed: SpeedPrediction | null;
  /** Why there is no plan; the sentence says what can be done. */
  refusal: string | null;
  /** While the slider is held: bars and headline show this plan instead of what was measured. */
  isDragged: boolean;
}

export const useBudget = create<BudgetState>(() => ({
  documentId: null,
  promptTokens: 0,
  plan: null,
  speed: null,
  refusal: null,
  isDragged: false,
}));

export const setDragged = (isDragged: boolean) => useBudget.setState({ isDragged });
export const selectPreview = ({ isDragged, plan }: BudgetState) => (isDragged ? plan : null);

let running = false;
interface PlanRequest {
  documentId: string;
  promptTokens: number;
  changes: OwnChoice;
}
let next: PlanRequest | undefined;

/** While a plan is being made, only the newest request waits; older ones are dropped. */
export async function planBudget(documentId: string, promptTokens: number, changes: OwnChoice): Promise<void> {
  next = { documentId, promptTokens, changes };
  if (running) return;
  running = true;
  try {
    while (next) {
      const request: PlanRequest = next;
      next = undefined;
      let planned: Planned | null = null;
      let refusal: string | null = null;
      try {
        planned = await api().plan(request);
      } catch (error) {
        refusal = failureOf(error).message;
      }
      const { documentId: of, promptTokens: tokens } = request;
      useBudget.setState({
        documentId: of,
        promptTokens: tokens,
        plan: planned?.plan ?? null,
        speed: planned?.speed ?? null,
        refusal,
      });
    }
  } finally {
    running = false;
  }
}

/** Resolves with undefined where the call failed; a notice says why. */
export async function fitBudget(
  documentId: string,
  promptTokens: number,
  bytes: number,
  of: 'kv' | 'device',
): Promise<BudgetFit | undefined> {
  try {
    return await api().fitBudget({ documentId, promptTokens, bytes, of });
  } catch (error) {
    notify(failureOf(error).message, 'danger');
    return undefined;
  }
}

/** Slider positions 0..steps over [least, most], even in the logarithm. */
export const sliderSteps = 240;

export function budgetAt(position: number, least: number, most: number): number {
  const value = least * (most / least) ** (position / sliderSteps);
  // Steps that a person can name: multiples of 16, coarser higher up.
  const unit = value < 1024 ? 16 : value < 8192 ? 64 : 256;
  return Math.min(most, Math.max(least, Math.round(value / unit) * unit));
}

export function positionOf(budget: number, least: number, most: number): number {
  if (most <= least) return 0;
  const share = Math.log(Math.min(Math.max(budget, least), most) / least) / Math.log(most / least);
  return Math.round(share * sliderSteps);
}
