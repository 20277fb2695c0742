/** What twice the budget would take: for the panel's advice where the kept rows hold little of the question's attention. */
import { create } from 'zustand';
import type { MemoryPlan } from '../../electron/contract/engine-reports.ts';
import { api } from './api.ts';

interface LargerBudgetState {
  /** What it was planned for. */
  documentId: string | null;
  tokenBudget: number;
  plan: MemoryPlan | null;
}

export const useLargerBudget = create<LargerBudgetState>(() => ({ documentId: null, tokenBudget: 0, plan: null }));

/** Where no plan can be made, the panel gives no advice. */
export async function planLarger(documentId: string, promptTokens: number, tokenBudget: number): Promise<void> {
  const { documentId: known, tokenBudget: knownBudget } = useLargerBudget.getState();
  if (known === documentId && knownBudget === tokenBudget) return;
  useLargerBudget.setState({ documentId, tokenBudget, plan: null });
  const planned = await api()
    .plan({ documentId, promptTokens, changes: { tokenBudget } })
    .catch(() => null);
  const { documentId: of, tokenBudget: budget } = useLargerBudget.getState();
  if (planned && of === documentId && budget === tokenBudget) useLargerBudget.setState({ plan: planned.plan });
}
