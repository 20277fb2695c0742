/**
 * Runs llama-bench, llama.cpp's own benchmark, on the same file: reading the whole text and generating after it, at each depth, with flash
 * attention. If it fails, its output becomes the error.
 */
import { spawn } from 'node:child_process';
import { z } from 'zod';
import { AppError } from '../contract/errors.ts';
import { median } from './format.ts';

export interface LlamaBenchRequest {
  program: string;
  modelPath: string;
  /** cpu, cuda:0, ... */
  device: string;
  depths: readonly number[];
  maxNew: number;
  rounds: number;
  threads: number;
  kvType: 'f16' | 'q8_0';
  /** Layers whose experts llama.cpp has in RAM, too. */
  expertsInRam: number;
}

export interface LlamaBenchSpeed {
  /** null at depth 0, where nothing is read. */
  prefillTokS: number | null;
  decodeTokS: number;
}

const lineSchema = z.object({
  n_prompt: z.int(),
  n_gen: z.int(),
  n_depth: z.int().default(0),
  avg_ts: z.number().positive(),
  /** One sample for each repetition. */
  samples_ts: z.array(z.number().positive()).default([]),
});
type Line = z.infer<typeof lineSchema>;

export async function runLlamaBench(
  request: LlamaBenchRequest,
  signal: AbortSignal,
): Promise<Map<number, LlamaBenchSpeed>> {
  const read = request.depths.filter((depth) => depth > 0);
  const prefill = read.length > 0 ? await measure(request, ['-p', read.join(','), '-n', '0'], signal) : [];
  const writing = ['-p', '0', '-n', String(request.maxNew), '-d', request.depths.join(',')];
  const decode = await measure(request, writing, signal);
  const speedOf = (lines: readonly Line[], isIt: (line: Line) => boolean, what: string) => {
    const line = lines.find(isIt);
    if (!line) throw new AppError('INTERNAL', `llama-bench gave no number for ${what}.`);
    return line.samples_ts.length > 0 ? median(line.samples_ts) : line.avg_ts;
  };
  return new Map(
    request.depths.map((depth) => [
      depth,
      {
        prefillTokS:
          depth === 0 ? null : speedOf(prefill, ({ n_prompt }) => n_prompt === depth, `reading ${depth} tokens`),
        decodeTokS: speedOf(
          decode,
          ({ n_gen, n_depth }) => n_gen > 0 && n_depth === depth,
          `writing after ${depth} tokens`,
        ),
      },
    ]),
  );
}

async function measure(request: LlamaBenchRequest, what: readonly string[], signal: AbortSignal): Promise<Line[]> {
  const { modelPath, rounds, threads, kvType, device, expertsInRam } = request;
  const gpu = /^cuda:(\d+)$/.exec(device)?.[1];
  const inRam = expertsInRam > 0 ? ['-ncmoe', String(expertsInRam), '-t', String(threads)] : [];
  const place =
    gpu === undefined ? ['-ngl', '0', '-t', String(threads)] : ['-ngl', '999', '-sm', 'none', '-mg', gpu, ...inRam];
  const args = ['-m', modelPath, '-fa', '1', '-ctk', kvType, '-ctv', kvType, '-r', String(rounds), ...place, ...what];
  // Without layers on it, a GPU would still multiply large batches: it is hidden.
  const env = gpu === undefined ? { ...process.env, CUDA_VISIBLE_DEVICES: '' } : process.env;
  const text = await output(request.program, [...args, '-o', 'jsonl'], env, signal);
  const lines = text.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => {
    const { data } = lineSchema.safeParse(parsed(line));
    if (!data) throw new AppError('INTERNAL', `llama-bench wrote a line that is no measurement: ${line.slice(0, 200)}`);
    return data;
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function output(program: string, args: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env, signal });
  let text = '';
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    output = (output + piece).slice(-4000);
  });
  return new Promise<string>((resolve, reject) => {
    child.on('error', (error) =>
      reject(
        signal.aborted
          ? new AppError('CANCELLED', 'Stopped.')
          : new AppError(
              'IO',
              `llama-bench could not be started (${error.message}). Give its path with --llama-bench.`,
            ),
      ),
    );
    child.on('close', (code, killed) => {
      if (code === 0) return resolve(text);
      const why = output.trim().split('\n').slice(-3).join(' ');
      reject(new AppError('INTERNAL', `llama-bench ended with ${killed ?? code}. ${why}`));
    });
  });
}
