import { afterEach, describe, expect, it } from 'vitest';
import { ask } from '../../../../electron/app-host/sessions/answer-question.ts';
import { recommendedBudget, tune, tuningJob } from '../../../../electron/app-host/sessions/tune-budget.ts';
import type { Agreement } from '../../../../electron/contract/engine-reports.ts';
import { AppError } from '../../../../electron/contract/errors.ts';
import type { TuneEvent, TuningRow } from '../../../../electron/contract/tuning.ts';
import type { FakeServer } from '../../../fixtures/app-server.ts';
import { type FakeScript, fakePlan } from '../../../fixtures/fake-engine.ts';
import { openedDocument } from '../../../fixtures/opened-document.ts';

let server: FakeServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const position = (kl: number, sameTop1: boolean): Agreement => ({ kl, sameTop1, recall: null, mass: null });

async function opened(script: FakeScript, isRead = true) {
  const made = await openedDocument({ calls: [], log: [], ...script }, isRead);
  server = made.server;
  return made;
}

async function all(events: AsyncIterable<TuneEvent>): Promise<TuneEvent[]> {
  const seen: TuneEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

const request = (budgets: number[]) => ({ question: 'Who?', budgets });

describe('a tuning', () => {
  // The fake document has 400 tokens.
  const agreement = (tokenBudget: number) =>
    tokenBudget < 200 ? [position(0.5, false), position(0.1, true)] : [position(0.001, true), position(0.003, true)];

  it('measures full KV and each budget that leaves something out, in order, and keeps the result', async () => {
    const { app, document } = await opened({ pieces: ['Ann', '.'], agreement });
    const events = await all(tune(app, document.id, request([512, 256, 128, 256, 2048])).watch());
    expect(events[0]).toEqual({ type: 'begun', question: 'Who?', mode: 'rocketkv-mt', budgets: [128, 256] });
    const rows = events.flatMap((event) => (event.type === 'row' ? [event.row] : []));
    expect(rows).toEqual([
      {
        ...{ budget: null, positions: 3, klMean: 0, klMedian: 0, sameTop1: 1, keptMassMean: null },
        ...{ decodeTokS: 200, firstTokenMs: 5, kvBytes: 340, readBytesPerStep: 10, answer: 'Ann.' },
      },
      expect.objectContaining({ budget: 128, positions: 2, klMean: 0.3, klMedian: 0.3, sameTop1: 0.5 }),
      expect.objectContaining({ budget: 256, klMean: 0.002, klMedian: 0.002, sameTop1: 1, decodeTokS: 200 }),
    ]);
    expect(rows[1]?.keptMassMean).toBeCloseTo(0.9125, 6);
    const { tuning } = events.at(-1) as Extract<TuneEvent, { type: 'done' }>;
    expect(tuning).toMatchObject({ question: 'Who?', modelName: 'Fake model', tokens: 400, recommended: 256, rows });
    expect(app.documents.tuning(document.id)).toEqual(tuning);
    expect(app.jobs.list).toEqual([]);
  });

  it('touches no chat, frees what it made, and asks with the choice that applies', async () => {
    const script: FakeScript = { pieces: ['Yes.'], calls: [], log: [] };
    const { app, document } = await opened(script);
    app.settings.set({
      kernel: 31,
      mode: 'full',
      maxNew: 32,
      sampler: { ...app.settings.get().sampler, temperature: 2 },
    });
    const chat = app.chats.create(document.id);
    await all(tune(app, document.id, request([128])).watch());
    expect(app.chats.turns(chat.id)).toEqual([]);
    expect(app.chats.list(document.id)).toHaveLength(1);
    const of = (verb: string) => script.calls?.flatMap((call) => (call.verb === verb ? [call.input] : [])) ?? [];
    expect(of('closeChat')).toEqual(of('newChat'));
    expect(of('forgetReference')).toEqual([{ referenceId: expect.stringMatching(/^ref-/) }]);
    expect(of('measureReference')).toMatchObject([{ question: 'Who?', maxNew: 32 }]);
    // Full KV has no budget, so the budgets are measured in the default mode.
    expect(of('measureAgainst')).toMatchObject([{ mode: 'rocketkv-mt', rocket: { tokenBudget: 128, kernel: 31 } }]);
    expect(script.log).toMatchObject([
      { mode: 'full', sampler: { temperature: 0 } },
      { mode: 'rocketkv-mt', rocket: { tokenBudget: 128 }, sampler: { temperature: 0 } },
    ]);
  });

  it('is one job: who asks twice watches the same, and a question is answered meanwhile', async () => {
    const { app, document } = await opened({ pieces: ['Yes.'], pauseMs: 30 });
    const job = tune(app, document.id, request([64, 128, 256]));
    expect(tune(app, document.id, request([64]))).toBe(job);
    expect(tuningJob(app, document.id)).toBe(job);
    const chat = app.chats.create(document.id);
    for await (const _ of ask(app, chat.id, { question: 'Me?', parentId: null, choice: {} }).watch());
    expect(app.chats.turns(chat.id)).toMatchObject([{ state: 'done', answer: 'Yes.' }]);
    expect(job.status).toMatchObject({ kind: 'tuning', phase: 'measuring', total: 4 });
    expect(job.status.done).toBeLessThan(4);
    expect(await all(job.watch())).toHaveLength(1 + 4 + 1);
  });

  it('stops when told to, frees its reference, and leaves the last result as it was', async () => {
    const script: FakeScript = { pieces: ['Yes.'], calls: [], pauseMs: 20 };
    const { app, document } = await opened(script);
    await all(tune(app, document.id, request([128])).watch());
    const before = app.documents.tuning(document.id);
    const job = tune(app, document.id, request([64, 96, 128, 192, 256]));
    const watching = (async () => {
      for await (const event of job.watch()) if (event.type === 'row') app.jobs.cancel(job.status.id);
    })();
    await expect(watching).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(app.documents.tuning(document.id)).toEqual(before);
    expect(script.calls?.filter(({ verb }) => verb === 'forgetReference')).toHaveLength(2);
    const count = (name: string) => script.calls?.filter(({ verb }) => verb === name).length;
    expect(count('closeChat')).toBe(count('newChat'));
    expect(app.jobs.list).toEqual([]);
  });

  it('leaves out budgets that the selector is too large for, and says so where that is all of them', async () => {
    const plan: FakeScript['plan'] = ({ rocket }) => {
      if (rocket.tokenBudget >= 128) return fakePlan;
      throw new AppError('INVALID_ARGUMENT', 'token_budget is too small for codes.');
    };
    const { app, document } = await opened({ pieces: ['Yes.'], plan });
    const [begun] = await all(tune(app, document.id, request([64, 96, 128, 256])).watch());
    expect(begun).toMatchObject({ budgets: [128, 256] });
    await expect(all(tune(app, document.id, request([64])).watch())).rejects.toThrow('too small for codes');
  });

  it('says what is missing', async () => {
    const { app, document } = await opened({ pieces: [] }, false);
    expect(() => tune(app, document.id, request([128]))).toThrow(expect.objectContaining({ code: 'DOC_MISSING' }));
    await server?.close();
    const read = await opened({ pieces: [] });
    expect(() => tune(read.app, read.document.id, request([400, 512]))).toThrow(
      /has 400 tokens: each of these budgets/,
    );
  });
});

describe('the recommended budget', () => {
  const row = (budget: number | null, sameTop1: number, klMedian: number): TuningRow => ({
    ...{ budget, sameTop1, klMedian, klMean: 0, positions: 64, keptMassMean: null, decodeTokS: 1 },
    ...{ firstTokenMs: 1, kvBytes: 1, readBytesPerStep: 1, answer: '' },
  });

  it('is the smallest that is close enough', () => {
    expect(recommendedBudget([row(null, 1, 0), row(128, 0.9, 0.1), row(512, 0.99, 0.002), row(256, 0.98, 0.003)])).toBe(
      256,
    );
  });

  it('is not one that is close by chance, with a larger one that is not', () => {
    expect(recommendedBudget([row(128, 1, 0), row(256, 0.9, 0.01), row(512, 1, 0.001)])).toBe(512);
  });

  it('is none where none is close', () => {
    expect(recommendedBudget([row(null, 1, 0), row(128, 0.97, 0.001), row(256, 1, 0.0031)])).toBeNull();
    expect(recommendedBudget([])).toBeNull();
  });
});
