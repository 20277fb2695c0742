import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { bytesOf, largestBudget } from '../../../../electron/app-host/planning/budget-fit.ts';
import { fitBudget, planFor } from '../../../../electron/app-host/planning/preflight.ts';
import { readDocument } from '../../../../electron/app-host/sessions/read-document.ts';
import type { MemoryPlan } from '../../../../electron/contract/engine-reports.ts';
import { AppError } from '../../../../electron/contract/errors.ts';
import type { FakeServer } from '../../../fixtures/app-server.ts';
import { fakePlan } from '../../../fixtures/fake-engine.ts';
import { openedDocument } from '../../../fixtures/opened-document.ts';

/** A plan like the engine's: rows grow with the budget, the page size jumps, and nothing is compressed where everything fits. */
function planOf(tokenBudget: number, everything: number): MemoryPlan {
  const isDense = tokenBudget >= everything;
  const compactCache = isDense ? 0 : 100 + 7 * Math.floor(tokenBudget ** 0.9);
  const summaries = isDense ? 0 : Math.floor(compactCache / (tokenBudget < 300 ? 4 : tokenBudget < 900 ? 2 : 1));
  const deviceTotal = 5000 + compactCache + summaries;
  return { ...fakePlan, compactCache, summaries, deviceTotal, total: deviceTotal, fullKv: 6 * everything };
}

describe('the largest budget', () => {
  it('is the one after which it is too much, as a search of all says', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 64, max: 6000 }),
        fc.integer({ min: 1, max: 60_000 }),
        fc.constantFrom('kv' as const, 'device' as const),
        async (everything, bytes, measure) => {
          let plans = 0;
          const planWith = async (tokenBudget: number) => {
            plans++;
            return planOf(tokenBudget, everything);
          };
          const { fit, least } = await largestBudget(planWith, everything, bytes, measure);
          const needs = (budget: number) => bytesOf(planOf(budget, everything), measure);
          const steps = Array.from({ length: Math.ceil(everything / 16) }, (_, i) => (i + 1) * 16);
          const fitting = steps.filter((budget) => needs(budget) <= bytes);
          expect(fit?.tokenBudget).toBe(fitting.at(-1));
          if (fit) expect(fit.bytes).toBe(needs(fit.tokenBudget));
          else expect(least).toBeGreaterThan(bytes);
          expect(plans).toBeLessThan(20);
        },
      ),
    );
  });

  it('is never one that the engine refuses as too small', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 17, max: 2000 }),
        fc.integer({ min: 1, max: 60_000 }),
        async (least, bytes) => {
          const planWith = async (tokenBudget: number) => {
            if (tokenBudget < least) throw new AppError('INVALID_ARGUMENT', `token_budget is ${tokenBudget}.`);
            return planOf(tokenBudget, 2000);
          };
          const { fit, least: leastBytes } = await largestBudget(planWith, 2000, bytes, 'kv');
          const taken = Array.from({ length: 125 }, (_, i) => (i + 1) * 16).filter((budget) => budget >= least);
          const needs = (budget: number) => bytesOf(planOf(budget, 2000), 'kv');
          expect(fit?.tokenBudget).toBe(taken.filter((budget) => needs(budget) <= bytes).at(-1));
          expect(leastBytes).toBe(Math.min(...taken.map(needs)));
        },
      ),
    );
  });

  it('is not guessed where the engine fails', async () => {
    const planWith = () => Promise.reject(new AppError('ENGINE_CRASH', 'gone'));
    await expect(largestBudget(planWith, 2000, 1, 'kv')).rejects.toMatchObject({ code: 'ENGINE_CRASH' });
  });

  it('holds everything where that fits, although budgets just below would not', async () => {
    // For nearly all rows, compact cache and summaries together take more than the rows themselves.
    const planWith = async (tokenBudget: number) => planOf(tokenBudget, 1600);
    expect(bytesOf(await planWith(1584), 'kv')).toBeGreaterThan(6 * 1600);
    const { fit } = await largestBudget(planWith, 1600, 6 * 1600, 'kv');
    expect(fit).toEqual({ tokenBudget: 1600, bytes: 6 * 1600 });
  });
});

describe('fitting a document', () => {
  let server: FakeServer | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  it('asks the engine for the document’s own choice, and says the least where nothing fits', async () => {
    const opened = await openedDocument({
      pieces: [],
      calls: [],
      plan: ({ rocket }) => planOf(rocket.tokenBudget, 4256),
    });
    server = opened.server;
    const { app, document } = opened;
    const request = { promptTokens: 4000, of: 'kv' as const };
    const { fit } = await fitBudget(app, document.id, { ...request, bytes: 3000 });
    expect(fit && bytesOf(planOf(fit.tokenBudget, 4256), 'kv')).toBeLessThanOrEqual(3000);
    expect(fit && bytesOf(planOf(fit.tokenBudget + 16, 4256), 'kv')).toBeGreaterThan(3000);
    const none = await fitBudget(app, document.id, { ...request, bytes: 10 });
    expect(none).toEqual({ fit: null, least: bytesOf(planOf(16, 4256), 'kv') });
  });

  it('plans for what is held as it is held, whatever is chosen for the next reading', async () => {
    const calls: { verb: string; input: unknown }[] = [];
    const opened = await openedDocument({ pieces: [], calls }, false);
    server = opened.server;
    const { app, document } = opened;
    const lastPlan = () => calls.findLast(({ verb }) => verb === 'plan')?.input;
    app.settings.set({ kvType: 'q8_0', documentHome: 'host' });
    await planFor(app, document.id, 4000);
    expect(lastPlan()).toMatchObject({ kvType: 'q8_0', home: 'host' });
    for await (const _ of readDocument(app, document.id, null).watch());
    app.settings.set({ kvType: 'f16', documentHome: 'auto' });
    await planFor(app, document.id, 4000);
    // The fake engine says that the document's KV lies on the device.
    expect(lastPlan()).toMatchObject({ kvType: 'q8_0', home: 'device' });
  });
});
