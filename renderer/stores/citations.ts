/** Where the open chat's answers stand in the document; asked for once for each answer that is shown. */
import { create } from 'zustand';
import type { AnswerCitations } from '../../electron/contract/evidence.ts';
import { api } from './api.ts';

interface CitationsState {
  ofTurn: Record<string, AnswerCitations>;
}

export const useCitations = create<CitationsState>(() => ({ ofTurn: {} }));

const asked = new Set<string>();

/** An answer without citations is still an answer: a failure is tried again when it is shown again. */
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
