/** The engine and its jobs, as the telemetry stream tells, and the speeds seen while this window watched. */
import { create } from 'zustand';
import type { HeldDocument, Job, Telemetry } from '../../electron/contract/app-types.ts';
import { api, failureOf } from './api.ts';
import { notify } from './ui.ts';

export interface SpeedSample {
  /** Seconds since 1970. */
  at: number;
  reading: number | null;
  answering: number | null;
}

interface EngineStoreState {
  telemetry: Telemetry | null;
  speeds: SpeedSample[];
}

export const useEngine = create<EngineStoreState>(() => ({ telemetry: null, speeds: [] }));

const keptSamples = 600;

/** Follows until the connection ends; the caller starts it anew. */
export async function followTelemetry(): Promise<void> {
  for await (const telemetry of await api().telemetry()) {
    const speedOf = (phase: Job['phase']) => telemetry.jobs.find((job) => job.phase === phase)?.tokensPerSecond || null;
    const [reading, answering] = [speedOf('reading'), speedOf('answer')];
    useEngine.setState((before) => ({
      telemetry,
      speeds:
        (reading ?? answering)
          ? withSample(before.speeds, { at: telemetry.at / 1000, reading, answering })
          : before.speeds,
    }));
  }
}

/** Measured by the engine over the whole answer. */
export function noteAnswerSpeed(tokensPerSecond: number): void {
  const sample = { at: Date.now() / 1000, reading: null, answering: tokensPerSecond };
  useEngine.setState((before) => ({ speeds: withSample(before.speeds, sample) }));
}

export async function restartEngine(): Promise<void> {
  try {
    await api().restartEngine();
  } catch (error) {
    notify(failureOf(error).message, 'danger');
  }
}

/** A reading that ended meanwhile needs neither. */
export async function pauseJob(jobId: string): Promise<void> {
  await attempt(() => api().pause({ jobId }));
}

export async function resumeJob(jobId: string): Promise<void> {
  await attempt(() => api().resume({ jobId }));
}

async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const failure = failureOf(error);
    if (failure.code !== 'CLOSED') notify(failure.message, 'danger');
  }
}

export async function cancelJob(jobId: string): Promise<void> {
  await api().cancel({ jobId });
}

export const selectHeld =
  (documentId: string | null) =>
  ({ telemetry }: EngineStoreState): HeldDocument | undefined =>
    telemetry?.held.find((held) => held.documentId === documentId);

export const selectJob =
  (kind: Job['kind'], documentId: string | null) =>
  ({ telemetry }: EngineStoreState): Job | undefined =>
    telemetry?.jobs.find((job) => job.kind === kind && job.documentId === documentId);

/** What the answer that is being made in this chat keeps and reads. */
export const selectLive =
  (chatId: string | null) =>
  ({ telemetry }: EngineStoreState) =>
    telemetry?.live.find((live) => live.chatId === chatId);

export const selectEngine = ({ telemetry }: EngineStoreState) => telemetry?.engine ?? null;

/** uPlot wants time to grow. */
function withSample(samples: SpeedSample[], sample: SpeedSample): SpeedSample[] {
  const last = samples.at(-1);
  const at = last ? Math.max(sample.at, last.at + 0.001) : sample.at;
  return [...samples.slice(1 - keptSamples), { ...sample, at }];
}
