/** The engine and its jobs, as the telemetry stream tells, and what was seen of it while this window watched. */
import { create } from 'zustand';
import type { FoundGpus, HeldDocument, Job, Telemetry } from '../../electron/contract/app-types.ts';
import type { Counters } from '../../electron/contract/engine-reports.ts';
import { api, failureOf } from './api.ts';
import { notify } from './ui.ts';
import { unchanged } from './unchanged.ts';

export interface HistorySample {
  /** Seconds since 1970. */
  at: number;
  /** Tokens a second. */
  reading: number | null;
  answering: number | null;
  /** Memory of the engine as a whole. */
  engineBytes: number | null;
  /** What an answer works on, and how much of it each token reads. */
  cacheBytes: number | null;
  rowsRead: number | null;
}

interface EngineStoreState {
  telemetry: Telemetry | null;
  /** Samples from while the engine worked; the newest `keptSamples` of them. */
  history: HistorySample[];
  /** When questions were asked, seconds since 1970. */
  questions: number[];
  /** null: nobody has looked yet. */
  gpus: FoundGpus | null;
}

export const useEngine = create<EngineStoreState>(() => ({ telemetry: null, history: [], questions: [], gpus: null }));

const keptSamples = 600;

const againMs = 1000;

/** What was told and is not shown yet: while an answer is made, its numbers wait for its next words, so that both are drawn at once. */
let waiting: Telemetry | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
/** The words come every 100 ms; where they do not, or where another chat is answered, the numbers wait no longer than this. */
const mostWaitMs = 150;

const onlyNumbersMove = ({ live, jobs }: Telemetry): boolean => {
  const before = useEngine.getState().telemetry;
  return live.length > 0 && live.length === before?.live.length && jobs.length === before.jobs.length;
};

/** Called with each piece of an answer, before that is shown. */
export function showWaiting(): void {
  clearTimeout(timer);
  const told = waiting;
  if (!told) return;
  waiting = null;
  useEngine.setState((before) => {
    const telemetry = unchanged(before.telemetry, told);
    return { telemetry, ...historyWith(before, telemetry) };
  });
}

/** Runs as long as this connection is in use; a stream that breaks off meanwhile is started again. */
export async function followTelemetry(): Promise<void> {
  const connected = api();
  while (api() === connected) {
    try {
      for await (const told of await connected.telemetry()) {
        showWaiting();
        waiting = told;
        if (onlyNumbersMove(told)) timer = setTimeout(showWaiting, mostWaitMs);
        else showWaiting();
      }
    } catch {
      // The window says by itself that the connection is lost.
    }
    await new Promise((resolve) => setTimeout(resolve, againMs));
  }
}

/** Adds nothing while the engine is idle. */
function historyWith({ history, questions }: EngineStoreState, telemetry: Telemetry) {
  const { jobs, live, engineBytes } = telemetry;
  if (!jobs.some(({ phase }) => phase !== 'paused' && phase !== 'waiting')) return {};
  const speedOf = (phase: Job['phase']) => jobs.find((job) => job.phase === phase)?.tokensPerSecond || null;
  const counters = live[0]?.counters;
  const sample = {
    at: telemetry.at / 1000,
    reading: speedOf('reading'),
    answering: speedOf('answer'),
    engineBytes,
    cacheBytes: counters ? counters.compactBytes + counters.summaryBytes : null,
    rowsRead: counters?.rowsRead ?? null,
  };
  const started = jobs.flatMap(({ kind, startedAt }) => (kind === 'answering' ? [startedAt / 1000] : []));
  const fresh = started.filter((at) => !questions.includes(at));
  return {
    history: withSample(history, sample),
    ...(fresh.length > 0 ? { questions: [...questions, ...fresh].slice(-keptSamples) } : {}),
  };
}

/** Adds a sample with what the engine measured over the whole answer. */
export function noteAnswer(tokensPerSecond: number, { compactBytes, summaryBytes, rowsRead }: Counters): void {
  const sample = {
    at: Date.now() / 1000,
    reading: null,
    answering: tokensPerSecond,
    engineBytes: useEngine.getState().telemetry?.engineBytes ?? null,
    cacheBytes: compactBytes + summaryBytes,
    rowsRead,
  };
  useEngine.setState((before) => ({ history: withSample(before.history, sample) }));
}

/** GPUs are looked for once, when somebody wants to choose a device. */
export async function findGpus(): Promise<void> {
  if (useEngine.getState().gpus) return;
  try {
    useEngine.setState({ gpus: await api().gpus() });
  } catch (error) {
    useEngine.setState({ gpus: { gpus: [], reason: failureOf(error).message } });
  }
}

export async function restartEngine(): Promise<void> {
  try {
    await api().restartEngine();
  } catch (error) {
    notify(failureOf(error).message, 'danger');
  }
}

/** Pausing and resuming a reading that has just ended is no error. */
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

/** The document's KV on disk, which is loaded instead of reading the text again. */
export const selectKept =
  (documentId: string | null) =>
  ({ telemetry }: EngineStoreState) =>
    telemetry?.kept.documents.find((kept) => kept.documentId === documentId);
/** Bytes on disk of all documents. */
export const selectKeptBytes = ({ telemetry }: EngineStoreState): number =>
  telemetry?.kept.documents.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0;
export const selectHeld =
  (documentId: string | null) =>
  ({ telemetry }: EngineStoreState): HeldDocument | undefined =>
    telemetry?.held.find((held) => held.documentId === documentId);

export const selectJob =
  (kind: Job['kind'], documentId: string | null) =>
  ({ telemetry }: EngineStoreState): Job | undefined =>
    telemetry?.jobs.find((job) => job.kind === kind && job.documentId === documentId);

/** Rows kept and read by the answer that is being made in this chat. */
export const selectLive =
  (chatId: string | null) =>
  ({ telemetry }: EngineStoreState) =>
    telemetry?.live.find((live) => live.chatId === chatId);

export const selectEngine = ({ telemetry }: EngineStoreState) => telemetry?.engine ?? null;

/** uPlot needs times that grow: a sample that is not later than the last one gets a later time. */
function withSample(samples: HistorySample[], sample: HistorySample): HistorySample[] {
  const last = samples.at(-1);
  const at = last ? Math.max(sample.at, last.at + 0.001) : sample.at;
  return [...samples.slice(1 - keptSamples), { ...sample, at }];
}
