/**
 * The baseline: llama.cpp through node-llama-cpp, in a process of its own so that its peak memory is its own. It receives one request on
 * its message channel, sends one result, and ends.
 */
import { getLlama, LlamaLogLevel, type Token } from 'node-llama-cpp';
import { z } from 'zod';
import { peakRssBytes } from '../engine-host/peak-memory.ts';
import { median } from './format.ts';

export const baselineRequestSchema = z.object({
  modelPath: z.string(),
  text: z.string(),
  depth: z.int().min(0),
  questionTokens: z.int().min(1),
  maxNew: z.int().min(2),
  threads: z.int().min(1),
  flashAttention: z.boolean(),
});
export type BaselineRequest = z.infer<typeof baselineRequestSchema>;

export const baselineResultSchema = z.object({
  prefillMs: z.number(),
  firstTokenMs: z.number(),
  /** Without the first few tokens, as in our own measurement. */
  medianTokenMs: z.number(),
  contextTokens: z.int(),
  peakRssBytes: z.number(),
});
export type BaselineResult = z.infer<typeof baselineResultSchema>;

const warmUpTokens = 4;

async function measure(request: BaselineRequest): Promise<BaselineResult> {
  const llama = await getLlama({ gpu: false, build: 'never', progressLogs: false, logLevel: LlamaLogLevel.error });
  const model = await llama.loadModel({ modelPath: request.modelPath, gpuLayers: 0 });
  const needed = request.depth + request.questionTokens + request.maxNew;
  const context = await model.createContext({
    contextSize: needed,
    batchSize: 512,
    threads: request.threads,
    flashAttention: request.flashAttention,
  });
  const sequence = context.getSequence();
  const words = model.tokenize(request.text);
  const token = (i: number): Token => words[i % words.length] ?? (0 as Token);
  const tokens = Array.from({ length: request.depth + request.questionTokens }, (_, i) => token(i));

  const start = performance.now();
  if (request.depth > 0) await sequence.evaluateWithoutGeneratingNewTokens(tokens.slice(0, request.depth));
  const prefillMs = performance.now() - start;

  const asked = performance.now();
  let first = asked;
  let last = asked;
  let generated = 0;
  const times: number[] = [];
  const answer = sequence.evaluate(tokens.slice(request.depth), { temperature: 0, yieldEogToken: true });
  for await (const _ of answer) {
    const now = performance.now();
    if (generated++ === 0) first = now;
    else times.push(now - last);
    last = now;
    if (generated === request.maxNew) break;
  }
  return {
    prefillMs,
    firstTokenMs: first - asked,
    medianTokenMs: median(times.length > warmUpTokens ? times.slice(warmUpTokens) : times),
    contextTokens: context.contextSize,
    peakRssBytes: peakRssBytes(),
  };
}

process.once('message', async (message) => {
  const result = await measure(baselineRequestSchema.parse(message));
  process.send?.(result, () => process.exit(0));
});
