/**
 * Refusals before anything is allocated: a prompt that does not fit the model's context, a plan that does not fit the
 * machine's memory. Each says both numbers and what to do. Nothing is ever cut silently.
 */
import type { MemoryPlan } from '../contract/engine-reports.ts';
import { AppError } from '../contract/errors.ts';
import { type HeldKv, memoryNeeds } from '../contract/memory-needs.ts';
import { minMaxNew } from '../contract/method.ts';

const count = (n: number) => n.toLocaleString('en-US');

export function formatBytes(bytes: number): string {
  const MiB = bytes / (1024 * 1024);
  return MiB >= 1024 ? `${(MiB / 1024).toFixed(1)} GiB` : `${MiB.toFixed(0)} MiB`;
}

export interface ContextUse {
  modelName: string;
  /** Tokens the model can attend to at all. */
  context: number;
  /** Rows there already: document and earlier turns. */
  held: number;
  question: number;
  maxNew: number;
}

/** How long the answer may be; with a notice when that is less than was asked for. */
export function fitAnswer(use: ContextUse): { maxNew: number; notice?: string } {
  const prompt = use.held + use.question;
  const room = use.context - prompt;
  const least = Math.min(use.maxNew, minMaxNew);
  if (room < least) {
    throw new AppError(
      'CTX_OVERFLOW',
      `The document and the question have ${count(prompt)} tokens, and an answer needs at least ${least} more; ` +
        `${use.modelName} reads at most ${count(use.context)}. Ask about fewer or shorter files, or choose a model with a ` +
        'longer context (--model).',
    );
  }
  if (room >= use.maxNew) return { maxNew: use.maxNew };
  return {
    maxNew: room,
    notice:
      `The answer can have at most ${count(room)} tokens instead of ${count(use.maxNew)}: document and question fill ` +
      `${count(prompt)} of the model's ${count(use.context)}.`,
  };
}

/** `held`: the document's KV where it lies in memory already: part of the plan, and no longer of what is free. */
export function checkMemory(plan: MemoryPlan, kvType: 'f16' | 'q8_0', held?: HeldKv): void {
  const lacking = memoryNeeds(plan, held ? [held] : []).find(({ fits }) => !fits);
  if (!lacking) return;
  const remedies = ['close other programs', 'ask about fewer or shorter files', 'choose a smaller model'];
  if (kvType === 'f16') remedies.unshift('halve the document cache (q8_0)');
  const { place, needed, available } = lacking;
  throw new AppError(
    place === 'gpu' ? 'GPU_OOM' : 'HOST_OOM',
    `This needs ${formatBytes(needed)} of memory and ${place === 'gpu' ? 'the GPU' : 'the machine'} has ${formatBytes(available)} free ` +
      `(model ${formatBytes(plan.weights)}, document ${formatBytes(plan.documentKv)}). ` +
      `What helps: ${remedies.join('; ')}.`,
  );
}
