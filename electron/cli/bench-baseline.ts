/**
 * Measures llama.cpp as a library, with flash attention and without, in a fresh process for each run, so that its peak memory is its own.
 */
import { fork } from 'node:child_process';
import { AppError } from '../contract/errors.ts';
import { builtFile } from '../hosts/built-files.ts';
import { type BaselineRequest, baselineResultSchema } from './bench-llama-cpp.ts';
import type { BenchRun, BenchVariant } from './bench-rows.ts';

export interface BaselineFacts {
  path: string;
  name: string;
  weights: string;
  threads: number;
  kvBytesPerToken: number;
  windowKvBytes: number;
}

interface Measurement {
  variant: BenchVariant;
  run(depth: number): Promise<BenchRun>;
}

export function llamaCppRuns(
  facts: BaselineFacts,
  text: string,
  questionTokens: number,
  maxNew: number,
): Measurement[] {
  const { path: modelPath, threads, name: model, weights } = facts;
  return [true, false].map((flashAttention) => ({
    variant: { engine: 'llama.cpp', mode: flashAttention ? 'flash' : 'plain', budget: null, selector: null },
    async run(depth) {
      const result = await baseline({ modelPath, text, depth, questionTokens, maxNew, threads, flashAttention });
      return {
        device: 'cpu',
        model,
        weights,
        prefillTokS: depth > 0 ? (1000 * depth) / result.prefillMs : null,
        decodeTokS: 1000 / result.medianTokenMs,
        firstTokenMs: result.firstTokenMs,
        // llama.cpp allocates the whole context in f16; for layers with a window only what they keep.
        kvBytes: result.contextTokens * facts.kvBytesPerToken + facts.windowKvBytes,
        peakRssBytes: result.peakRssBytes,
        stage1Ms: null,
        peakVramBytes: null,
        planVramBytes: null,
        home: null,
      };
    },
  }));
}

function baseline(request: BaselineRequest) {
  const child = fork(builtFile('bench-llama-cpp'), {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-2000);
  });
  return new Promise<ReturnType<typeof baselineResultSchema.parse>>((resolve, reject) => {
    child.on('message', (message) => resolve(baselineResultSchema.parse(message)));
    child.on('error', reject);
    child.on('exit', (code, signal) =>
      reject(new AppError('INTERNAL', `The llama.cpp baseline ended with ${signal ?? code}. ${words.trim()}`)),
    );
    child.send(request);
  });
}
