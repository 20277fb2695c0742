/** Budgets that fit, and plans that say what answers then take, with the real addon and the embedded model. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesOf, largestBudget } from '../../electron/app-host/planning/budget-fit.ts';
import type { AnswerReport, MemoryPlan } from '../../electron/contract/engine-reports.ts';
import {
  type AnswerMode,
  defaultSampler,
  type RocketOptions,
  rocketOptionsFor,
} from '../../electron/contract/method.ts';
import { presets } from '../../electron/contract/method-values.ts';
import { type EngineClient, startEngine } from '../../electron/engine-host/engine-client.ts';

const assets = fileURLToPath(new URL('../../assets/', import.meta.url));
const path = `${assets}models/SmolLM2-135M-Instruct.Q4_1.gguf`;
const nPrompt = 6000;
const maxNew = 128;

let engine: EngineClient;
beforeAll(async () => {
  engine = startEngine();
  await engine.verbs.openModel({ path, threads: 0, device: 'cpu' });
});
afterAll(() => engine.close());

type Method = [name: string, mode: AnswerMode, rocket: Partial<RocketOptions>];
const methods: Method[] = [
  ['rocketkv-mt', 'rocketkv-mt', presets.paper],
  ['rocketkv-mt, coded', 'rocketkv-mt', presets.coded],
  ['rocketkv-mt, as usual', 'rocketkv-mt', {}],
  ['rocketkv, v1', 'rocketkv', { decomposition: 'v1' }],
  ['snapkv', 'snapkv', {}],
];

describe.each(methods)('%s', (_, mode, rocket) => {
  const planWith = (tokenBudget: number): Promise<MemoryPlan> => {
    const chosen = rocketOptionsFor({ mode, maxNew }, { ...rocket, tokenBudget });
    return engine.verbs.plan({ mode, rocket: chosen, maxNew, nPrompt, nQuestion: 32, kvType: 'f16' });
  };

  it('a larger budget never takes less, until everything fits: what the search relies on', async () => {
    let before = 0;
    const isCoded = rocket.selector === 'codes';
    for (let budget = 16; budget < nPrompt + maxNew; budget += 48) {
      const plan = await planWith(budget).catch((error) => {
        // Reading the codes of the kept rows can take more than a small budget allows.
        expect({ isCoded, before, code: error.code }).toEqual({ isCoded: true, before: 0, code: 'INVALID_ARGUMENT' });
      });
      if (!plan) continue;
      const bytes = bytesOf(plan, 'kv');
      expect({ budget, grew: bytes >= before }).toEqual({ budget, grew: true });
      before = bytes;
    }
  });

  it('the found budget stays within the bytes, and the next one does not', async () => {
    for (const megabytes of [40, 60, 90]) {
      const bytes = megabytes * 2 ** 20;
      const { fit } = await largestBudget(planWith, nPrompt + maxNew, bytes, 'kv');
      if (!fit) throw new Error(`nothing fits ${megabytes} MB`);
      expect(fit.bytes).toBeLessThanOrEqual(bytes);
      expect(bytesOf(await planWith(fit.tokenBudget), 'kv')).toBe(fit.bytes);
      if (fit.tokenBudget < nPrompt) expect(bytesOf(await planWith(fit.tokenBudget + 16), 'kv')).toBeGreaterThan(bytes);
    }
    const none = await largestBudget(planWith, nPrompt + maxNew, 2 ** 20, 'kv');
    expect(none.fit).toBeNull();
    if (rocket.selector !== 'codes') expect(none.least).toBe(bytesOf(await planWith(16), 'kv'));
    expect(none.least).toBeGreaterThan(2 ** 20);
  });
});

describe('a plan and the answer that it was made for', () => {
  const text = readFileSync(`${assets}samples/report.md`, 'utf8').slice(0, 6000);
  const question = 'Who founded the Trust?';
  const short = 16;

  async function answered(mode: AnswerMode, tokenBudget: number): Promise<AnswerReport> {
    const rocket = rocketOptionsFor({ mode, maxNew: short }, { tokenBudget });
    const planFor = { mode, rocket, maxNew: short, question };
    const pages = [{ label: '1', start: 0, end: text.length }];
    const request = { text, pages, kvType: 'f16' as const, segment: 0, tile: 512, planFor };
    let documentId = '';
    for await (const event of await engine.verbs.readDocument(request))
      if (event.type === 'done') {
        documentId = event.documentId;
        expect(event.onDevice).toBe(true);
      }
    try {
      const { chatId } = await engine.verbs.newChat({ documentId });
      const asked = { chatId, question, mode, rocket, maxNew: short, sampler: defaultSampler };
      for await (const event of await engine.verbs.ask(asked)) if (event.type === 'done') return event;
      throw new Error('the answer has no end');
    } finally {
      await engine.verbs.forgetDocument({ documentId });
    }
  }

  it.each([
    ['rocketkv-mt', 128],
    ['rocketkv-mt', 512],
    ['snapkv', 256],
    ['full', 512],
  ] as const)('%s with a budget of %i: bytes read and held are what was planned', async (mode, budget) => {
    const { plan, counters, generatedTokens } = await answered(mode, budget);
    expect(generatedTokens).toBeGreaterThan(0);
    expect(plan.onGpu).toBe(false);
    expect(plan.hostAvailable).toBe(plan.available);
    // The plan is for the first token; the rows of the answer come on top.
    expect(counters.readBytesPerStep).toBeGreaterThanOrEqual(plan.readBytesPerStep);
    expect(counters.readBytesPerStep).toBeLessThan(1.1 * plan.readBytesPerStep);
    expect(counters.compactBytes + counters.summaryBytes).toBe(plan.compactCache + plan.summaries);
  });
});
