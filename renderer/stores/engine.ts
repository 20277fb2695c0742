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
    const reading = telemetry.jobs.find((job) => job.phase === 'reading' && job.tokensPerSecond > 0);
    useEngine.setState((before) => ({
      telemetry,
      speeds: reading
        ? withSample(before.speeds, { at: telemetry.at / 1000, reading: reading.tokensPerSecond, answering: null })
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

export const selectEngine = ({ telemetry }: EngineStoreState) => telemetry?.engine ?? null;

/** uPlot wants time to grow. */
function withSample(samples: SpeedSample[], sample: SpeedSample): SpeedSample[] {
  const last = samples.at(-1);
  const at = last ? Math.max(sample.at, last.at + 0.001) : sample.at;
  return [...samples.slice(1 - keptSamples), { ...sample, at }];
}
