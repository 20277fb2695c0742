import { afterEach, describe, expect, it } from 'vitest';
import { changeDocumentChoice } from '../../../../electron/app-host/planning/method-choice.ts';
import { preflight } from '../../../../electron/app-host/planning/preflight.ts';
import type { Remedy } from '../../../../electron/contract/app-types.ts';
import type { MemoryPlan } from '../../../../electron/contract/engine-reports.ts';
import { memoryNeeds } from '../../../../electron/contract/memory-needs.ts';
import type { FakeServer } from '../../../fixtures/app-server.ts';
import { type FakeScript, fakePlan } from '../../../fixtures/fake-engine.ts';
import { openedDocument } from '../../../fixtures/opened-document.ts';

let server: FakeServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

type PlanInput = Parameters<NonNullable<FakeScript['plan']>>[0];

/** Plans with two bytes per token of the document in f16, one in q8_0, one byte per row of the budget, and 1,000 bytes of weights. */
function planner(machine: { onGpu: boolean; available: number; hostAvailable?: number }) {
  return ({ nPrompt, kvType, home, rocket, mode }: PlanInput): MemoryPlan => {
    const documentKv = nPrompt * (kvType === 'f16' ? 2 : 1);
    const compactCache = mode === 'full' ? 0 : rocket.tokenBudget;
    const fitsThere = 1000 + compactCache + documentKv <= machine.available;
    const documentOnDevice = !machine.onGpu || mode === 'full' || home === 'device' || (home !== 'host' && fitsThere);
    const total = 1000 + documentKv + compactCache;
    return {
      ...{ weightsInRam: 0, expertLayersInRam: 0, expertsReadInRam: 0, expertBuffers: 0 },
      ...{ weights: 1000, documentKv, compactCache, summaries: 0, layerBuffers: 0, activations: 0, logits: 0 },
      ...{ states: 0, keptStates: 0 },
      ...{ total, documentOnDevice, deviceTotal: documentOnDevice ? total : total - documentKv },
      ...{ fullKv: 2 * nPrompt, readBytesPerStep: 1, budgets: fakePlan.budgets },
      ...{ hostAvailable: machine.available, ...machine },
    };
  };
}

/** Opens a document of 4,000 tokens, which are 4,128 with the template and a question. */
async function opened(plan: FakeScript['plan'] | undefined, isRead = false) {
  const made = await openedDocument(plan ? { pieces: [], plan } : { pieces: [] }, isRead);
  server = made.server;
  return { ...made, look: () => preflight(made.app, made.document.id, null) };
}

const choices = (remedies: Remedy[]) => remedies.flatMap((remedy) => (remedy.type === 'choice' ? [remedy] : []));

describe('on a CPU', () => {
  it('one memory is judged, by what is in all', async () => {
    const { look } = await opened(planner({ onGpu: false, available: 20_000 }));
    expect(await look()).toMatchObject({
      fitsContext: true,
      fitsMemory: true,
      memory: [{ place: 'ram', needed: 1000 + 2 * 4128 + 512, available: 20_000, fits: true }],
      remedies: [],
    });
  });

  it('what the document holds already is available to it', async () => {
    // The fake document takes 2,000 bytes once it is read.
    const available = 1000 + 2 * 4128 + 512 - 1500;
    const { look } = await opened(planner({ onGpu: false, available }), true);
    expect((await look()).memory).toMatchObject([{ available: available + 2000, fits: true }]);
    await server?.close();
    const unread = await opened(planner({ onGpu: false, available }));
    expect((await unread.look()).memory).toMatchObject([{ available, fits: false }]);
  });

  it('offers what helps, each worked out: type, budget, fewer pages; and together where one alone is not enough', async () => {
    const enough = await opened(planner({ onGpu: false, available: 6000 }));
    const { fitsMemory, remedies } = await enough.look();
    expect(fitsMemory).toBe(false);
    expect(choices(remedies)).toEqual([
      {
        type: 'choice',
        changes: { kvType: 'q8_0' },
        memory: [{ place: 'ram', needed: 1000 + 4128 + 512, available: 6000, fits: true }],
        cache: 512,
        fits: true,
      },
    ]);
    // The first page has 2,500 tokens: neither both pages nor the first one alone fit.
    expect(remedies.some(({ type }) => type === 'pages')).toBe(false);
    await server?.close();

    const tight = await opened(planner({ onGpu: false, available: 5300 }));
    tight.app.settings.set({ tokenBudget: 2048 });
    const offered = choices((await tight.look()).remedies);
    expect(offered.map(({ changes, fits }) => [changes, fits])).toEqual([[{ kvType: 'q8_0' }, false]]);
    await server?.close();

    const pages = await opened(planner({ onGpu: false, available: 1000 + 2 * 2700 + 512 }));
    expect((await pages.look()).remedies.at(-1)).toEqual({ type: 'pages', range: { from: 0, to: 0 }, tokens: 2502 });
  });

  it('offers to free other documents, and says whether that is enough', async () => {
    const { app, look } = await opened(planner({ onGpu: false, available: 7900 }));
    const other = app.documents.add({
      parsed: { title: 'b', format: 'txt', notes: [], text: 'b', pages: [{ label: '1', start: 0, end: 1 }] },
      fileName: 'b.txt',
      fileBytes: 1,
      sha256: 'b',
      tokens: undefined,
    });
    const read = { type: 'done' as const, documentId: 'doc', nTokens: 9, documentTokens: 9, prefillMs: 1, bytes: 2000 };
    const fresh = { loaded: false, missed: null, onDevice: true };
    app
      .session()
      .addDocument(other.id, { ...read, ...fresh, plan: fakePlan }, { kvType: 'f16', effort: 'medium', pages: null });
    expect((await look()).remedies).toContainEqual({
      type: 'release',
      documentIds: [other.id],
      bytes: 2000,
      fits: true,
    });
  });
});

describe('on a GPU', () => {
  const gpu = (available: number, hostAvailable: number) => planner({ onGpu: true, available, hostAvailable });

  it('its memory and RAM are judged apart, where the document lies in RAM', async () => {
    const { look } = await opened(gpu(2000, 10_000));
    expect(await look()).toMatchObject({
      fitsMemory: true,
      plan: { documentOnDevice: false },
      memory: [
        { place: 'gpu', needed: 1512, available: 2000, fits: true },
        { place: 'ram', needed: 2 * 4128, available: 10_000, fits: true },
      ],
    });
    await server?.close();
    const { look: short } = await opened(gpu(2000, 5000));
    const facts = await short();
    expect(facts).toMatchObject({ fitsMemory: false, memory: [{ fits: true }, { place: 'ram', fits: false }] });
    expect(choices(facts.remedies)).toMatchObject([{ changes: { kvType: 'q8_0' }, fits: true }]);
  });

  it('a document that was to lie on it may go to RAM instead', async () => {
    const { app, document, look } = await opened(gpu(3000, 10_000));
    changeDocumentChoice(app, document.id, { documentHome: 'device' });
    const facts = await look();
    expect(facts.memory).toEqual([{ place: 'gpu', needed: 1512 + 2 * 4128, available: 3000, fits: false }]);
    expect(choices(facts.remedies)[0]).toMatchObject({ changes: { documentHome: 'host' }, fits: true });
  });

  it('says before reading that a mode is not computed on it, and offers no such mode where full KV does not fit', async () => {
    const refusal = { code: 'GPU_UNSUPPORTED', message: 'Mode full is computed there.' };
    const { app, look } = await opened((input) => {
      if (input.mode !== 'full') throw Object.assign(new Error(refusal.message), refusal);
      return gpu(1800, 10_000)(input);
    });
    await expect(look()).rejects.toMatchObject({
      code: 'GPU_UNSUPPORTED',
      message: expect.stringMatching(/^Mode full is computed there\. Choose the CPU/),
    });
    app.settings.set({ mode: 'full' });
    const facts = await look();
    expect(facts.fitsMemory).toBe(false);
    expect(choices(facts.remedies).map(({ changes }) => changes)).toEqual([{ kvType: 'q8_0' }]);
  });

  it('full KV, which must lie on it, may be RocketKV instead; and a budget that is too large for it smaller', async () => {
    const { app, look } = await opened(gpu(1800, 10_000));
    app.settings.set({ mode: 'full' });
    expect(choices((await look()).remedies)[0]).toMatchObject({ changes: { mode: 'rocketkv-mt' }, fits: true });
    app.settings.set({ mode: 'rocketkv-mt', tokenBudget: 1024 });
    const [smaller] = choices((await look()).remedies);
    expect(smaller).toMatchObject({ changes: { tokenBudget: 800 }, cache: 800, fits: true });
  });
});

it('what is held counts where it is held', () => {
  const plan = planner({ onGpu: true, available: 100, hostAvailable: 50 });
  const inRam = plan({
    nPrompt: 30,
    kvType: 'f16',
    home: 'host',
    mode: 'rocketkv-mt',
    rocket: { tokenBudget: 1 },
  } as PlanInput);
  expect(memoryNeeds(inRam, [{ bytes: 7, onDevice: false }])).toMatchObject([{ available: 100 }, { available: 57 }]);
  expect(memoryNeeds(inRam, [{ bytes: 7, onDevice: true }])).toMatchObject([{ available: 107 }, { available: 50 }]);
});

it('a text too long for the model has pages as its remedy, and no plan', async () => {
  const { app, document } = await opened(undefined);
  app.documents.setTokens(document.id, { total: 9000, pages: [6000, 3000], countedWith: 'none' });
  expect(await preflight(app, document.id, null)).toMatchObject({
    fitsContext: false,
    plan: null,
    memory: [],
    remedies: [{ type: 'pages', range: { from: 0, to: 0 }, tokens: 6002 }],
  });
});

it('reading and first token are predicted once something was measured', async () => {
  const { app, look } = await opened(undefined, true);
  // The fake engine read 400 tokens in 100 ms.
  const { readSeconds, speed } = await look();
  expect(readSeconds).toBeCloseTo((4096 / 400) * 0.1, 6);
  expect(speed).toEqual({ tokensPerSecond: null, firstTokenSeconds: null });
  const setup = (app.supervisor.model && 'Fake, 1000 bytes, fake, 1 threads') ?? '';
  for (const rows of [2000, 4000, 8000])
    app.speeds.add(setup, 'answer', {
      ...{ generated: 64, decodeMs: 640, bytes: 40, question: 30, rows, firstTokenMs: 30 + rows / 100 },
    });
  expect((await look()).speed.tokensPerSecond).toBeCloseTo(100, 3);
  expect((await look()).speed.firstTokenSeconds).toBeCloseTo(0.0713, 3);
});
