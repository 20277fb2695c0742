/** How long readings and answers took with the open model on this machine: stored when they end, and used for predictions. */
import type { SpeedPrediction, TurnReport } from '../../contract/app-types.ts';
import type { MemoryPlan, OpenedModel, ReadResult } from '../../contract/engine-reports.ts';
import { ifWritable } from '../library/storage-errors.ts';
import type { PlanningNeeds } from './needs.ts';
import { firstTokenMs, readingMs, tokenMs } from './speed-prediction.ts';

/** Speeds are kept apart by model, device and number of threads. */
const setupOf = ({ info, device, threads }: OpenedModel) =>
  `${info.name}, ${info.fileBytes} bytes, ${device}, ${threads} threads`;

/** The counters have bytes for one KV head of one layer; this is the number of those. */
const heads = ({ info }: OpenedModel) => info.nLayer * info.nHeadKv;

export function noteReading(rooms: PlanningNeeds, { nTokens, prefillMs }: ReadResult): void {
  const { model } = rooms.supervisor;
  if (model) ifWritable(() => rooms.speeds.add(setupOf(model), 'reading', { tokens: nTokens, ms: prefillMs }));
}

export function noteAnswer(rooms: PlanningNeeds, report: TurnReport): void {
  const { model } = rooms.supervisor;
  if (!model) return;
  const { generatedTokens, prefilledTokens, promptTokens, timings, counters } = report;
  const measured = {
    generated: generatedTokens,
    decodeMs: timings.decodeMs,
    bytes: counters.readBytesPerStep * heads(model),
    question: prefilledTokens,
    rows: promptTokens,
    firstTokenMs: timings.firstTokenMs,
  };
  ifWritable(() => rooms.speeds.add(setupOf(model), 'answer', measured));
}

export function predictReading(rooms: PlanningNeeds, tokens: number): number | null {
  const { model } = rooms.supervisor;
  const ms = model && readingMs(rooms.speeds.list(setupOf(model), 'reading'), tokens);
  return ms === null ? null : ms / 1000;
}

export function predictAnswer(rooms: PlanningNeeds, plan: MemoryPlan, promptTokens: number): SpeedPrediction {
  const { model } = rooms.supervisor;
  if (!model) return { tokensPerSecond: null, firstTokenSeconds: null };
  const answers = rooms.speeds.list(setupOf(model), 'answer');
  const perToken = tokenMs(answers, plan.readBytesPerStep * heads(model));
  const first = firstTokenMs(answers, promptTokens);
  return {
    tokensPerSecond: perToken === null || perToken <= 0 ? null : 1000 / perToken,
    firstTokenSeconds: first === null || first <= 0 ? null : first / 1000,
  };
}
