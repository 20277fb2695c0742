/** The token budget while its slider moves: the plan that the engine makes of it, one question at a time. */
import { create } from 'zustand';
import type { MethodChoice } from '../../electron/contract/app-types.ts';
import type { MemoryPlan } from '../../electron/contract/engine-reports.ts';
import { api } from './api.ts';

interface BudgetState {
  /** What the plan was made for. */
  choice: MethodChoice | null;
  promptTokens: number;
  plan: MemoryPlan | null;
  /** While the slider is held: bars and headline show this plan instead of what was measured. */
  isDragged: boolean;
}

export const useBudget = create<BudgetState>(() => ({
  choice: null,
  promptTokens: 0,
  plan: null,
  isDragged: false,
}));

export const setDragged = (isDragged: boolean) => useBudget.setState({ isDragged });
export const selectPreview = ({ isDragged, plan }: BudgetState) => (isDragged ? plan : null);

let running = false;
let next: { choice: MethodChoice; promptTokens: number } | undefined;

/** While one plan is being made only the newest wish waits. */
export async function planBudget(choice: MethodChoice, promptTokens: number): Promise<void> {
  next = { choice, promptTokens };
  if (running) return;
  running = true;
  try {
    while (next) {
      const wish: { choice: MethodChoice; promptTokens: number } = next;
      next = undefined;
      const plan = await api()
        .plan(wish)
        .catch(() => null);
      useBudget.setState({ ...wish, plan });
    }
  } finally {
    running = false;
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
