/** Citations and evidence of the open chat's answers; loaded once for each answer that is shown. */
import { create } from 'zustand';
import type { AnswerCitations } from '../../electron/contract/evidence.ts';
import { api } from './api.ts';

interface CitationsState {
  ofTurn: Record<string, AnswerCitations>;
}

export const useCitations = create<CitationsState>(() => ({ ofTurn: {} }));

const asked = new Set<string>();

/** A failure is not reported, because the answer can be read without citations; showing the answer again tries again. */
export async function loadCitations(turnId: string): Promise<void> {
  if (asked.has(turnId)) return;
  asked.add(turnId);
  try {
    const citations = await api().citations({ turnId });
    useCitations.setState(({ ofTurn }) => ({ ofTurn: { ...ofTurn, [turnId]: citations } }));
  } catch {
    asked.delete(turnId);
  }
}
