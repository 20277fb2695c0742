/** A tuning of the open document: the one that is going on, row by row, and the last one that came to its end. */
import { create } from 'zustand';
import type { TuneEvent, Tuning, TuningRow } from '../../electron/contract/tuning.ts';
import { api, type CallFailure, failureOf } from './api.ts';
import { cancelJob, selectJob, useEngine } from './engine.ts';

interface TuneState {
  documentId: string | null;
  /** What is being measured now. */
  running: { question: string; budgets: number[]; rows: TuningRow[] } | null;
  last: Tuning | null;
  /** Why the last one ended early. */
  failure: CallFailure | null;
}

export const useTune = create<TuneState>(() => ({ documentId: null, running: null, last: null, failure: null }));

const get = useTune.getState;
const set = useTune.setState;

/** To be called when another document is opened: loads its last tuning, and joins one that is going on in another window. */
export async function openTuningOf(documentId: string | null): Promise<void> {
  set({ documentId, running: null, last: null, failure: null });
  if (documentId === null) return;
  try {
    const last = await api().documents.tuning({ documentId });
    if (get().documentId === documentId) set({ last });
  } catch {
    // The document may have been removed meanwhile.
  }
  await joinTuning();
}

/** Loads the last tuning again: another window may have made a new one. */
export async function refreshTuning(): Promise<void> {
  const { documentId } = get();
  if (documentId === null) return;
  const last = await api().documents.tuning({ documentId });
  if (get().documentId === documentId) set({ last });
}

/** Follows a tuning that another window began, or that this one began before it was reloaded. */
export async function joinTuning(): Promise<void> {
  const { documentId, running } = get();
  if (documentId === null || running || !selectJob('tuning', documentId)(useEngine.getState())) return;
  await follow(documentId, () => api().watchTuning({ documentId }));
}

export async function startTuning(question: string, budgets: number[]): Promise<void> {
  const { documentId, running } = get();
  if (documentId === null || running) return;
  set({ failure: null, running: { question, budgets, rows: [] } });
  await follow(documentId, () => api().tune({ documentId, question, budgets }));
}

export function stopTuning(): void {
  const job = selectJob('tuning', get().documentId)(useEngine.getState());
  if (job) void cancelJob(job.id);
}

async function follow(documentId: string, start: () => Promise<AsyncIterable<TuneEvent>>): Promise<void> {
  const isShown = () => get().documentId === documentId;
  try {
    for await (const event of await start()) {
      if (!isShown()) return;
      take(event);
    }
  } catch (error) {
    const failure = failureOf(error);
    // The person stopped it, or it was over before it was joined.
    const isExpected = failure.code === 'CANCELLED' || failure.code === 'CLOSED';
    if (isShown()) set({ running: null, failure: isExpected ? null : failure });
  }
}

export function take(event: TuneEvent): void {
  if (event.type === 'begun') set({ running: { question: event.question, budgets: event.budgets, rows: [] } });
  else if (event.type === 'row')
    set(({ running }) => ({ running: running && { ...running, rows: [...running.rows, event.row] } }));
  else set({ running: null, last: event.tuning });
}
