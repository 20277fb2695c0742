/** Whether a plan fits: the GPU's memory and RAM are judged apart. */
import type { MemoryNeed } from './app-types.ts';
import type { MemoryPlan } from './engine-reports.ts';

/** A document's KV that lies in memory now. */
export interface HeldKv {
  bytes: number;
  onDevice: boolean;
}

/**
 * `freed`: KV that the plan counts although it is held already, or that will make room for it; the plan's `available` does not
 * know of it. One entry for each memory that something is needed of.
 */
export function memoryNeeds(plan: MemoryPlan, freed: readonly HeldKv[] = []): MemoryNeed[] {
  const freedOf = (onDevice: boolean) =>
    freed.reduce((sum, held) => sum + (held.onDevice === onDevice ? held.bytes : 0), 0);
  const need = (place: MemoryNeed['place'], needed: number, available: number): MemoryNeed => ({
    place,
    needed,
    available,
    fits: needed <= available,
  });
  if (!plan.onGpu) return [need('ram', plan.total, plan.available + freedOf(true) + freedOf(false))];
  const inRam = plan.total - plan.deviceTotal;
  const onGpu = need('gpu', plan.deviceTotal, plan.available + freedOf(true));
  return inRam > 0 ? [onGpu, need('ram', inRam, plan.hostAvailable + freedOf(false))] : [onGpu];
}
