/** The model that is measured: a file, or one of a known shape with random weights, written for the run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLab } from '../lab/lab-client.ts';
import { type Arguments, type Flags, usageError } from './arguments.ts';
import { modelChoice } from './method-flags.ts';
import type { ProgressLine } from './progress-line.ts';

export const shapeFlags: Flags = {
  shape: {
    value: '<s>',
    help: 'instead of a model: random weights in the shape of one, always the same: 8b, 1b, 160m, qwen3-8b, qwen3-30b-a3b, qwen3.5-9b, gpt-oss-20b, gemma-12b, gemma4-12b, tiny, tiny-gemma, tiny-gemma4, tiny-experts, tiny-gpt-oss, tiny-qwen3.5',
  },
  weights: { value: '<t>', help: 'their type: q4_K, q8_0 or f16 (default q4_K)' },
  write: { value: '<file>', help: 'where they are written and kept (default: a temporary file)' },
};

/** The wanted shape, checked before anything is written. */
function wantedShape(args: Arguments): string | undefined {
  const shape = args.text('shape');
  for (const flag of ['weights', 'write'])
    if (shape === undefined && args.has(flag)) throw usageError(`--${flag} goes with --shape.`);
  if (shape !== undefined && args.has('model')) throw usageError('Give either --model or --shape.');
  return shape;
}

/** Runs `work` with the model's path; a temporary file is deleted afterwards. */
export async function withModel<T>(
  args: Arguments,
  progress: ProgressLine,
  signal: AbortSignal,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const shape = wantedShape(args);
  if (shape === undefined) return work(modelChoice(args).path);
  const kept = args.text('write');
  const folder = kept === undefined ? mkdtempSync(join(tmpdir(), 'rocketdoc-bench-')) : undefined;
  const path = kept ?? join(folder ?? '', 'random.gguf');
  try {
    await writeShape(path, shape, args.text('weights') ?? 'q4_K', progress, signal);
    return await work(path);
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function writeShape(path: string, shape: string, weights: string, progress: ProgressLine, signal: AbortSignal) {
  const engine = startLab();
  try {
    progress.print(`Writing random weights: ${shape}, ${weights}.`);
    await engine.verbs.writeShapeModel({ path, shape, weights }, { signal });
  } finally {
    await engine.close();
  }
}
