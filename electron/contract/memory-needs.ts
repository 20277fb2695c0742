/** Whether a plan fits: GPU memory and RAM are compared separately. */
import type { MemoryNeed } from './app-types.ts';
import type { MemoryPlan } from './engine-reports.ts';

/** A document's KV that lies in memory now. */
export interface HeldKv {
  bytes: number;
  onDevice: boolean;
}

/**
 * `freed`: KV that is held already although the plan counts it, or that will be freed for it; the plan's `available` does not include it.
 * Returns one entry for each memory of which something is needed.
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
