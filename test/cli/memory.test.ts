/** A full memory, with the real addon and the embedded model: a question is refused with a smaller plan, which works; the chat goes on. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AnswerReport } from '../../electron/contract/engine-reports.ts';
import { AppError, toAppError } from '../../electron/contract/errors.ts';
import { defaultSampler, rocketOptionsFor } from '../../electron/contract/method.ts';
import { Engine } from '../../electron/engine-host/engine.ts';
import type { NativeAddon, NativeEngine } from '../../native/binding.ts';
import { loadLab } from '../../native/lab/index.ts';
import { shortSample, smallModelFile } from './run-command.ts';

const lab = loadLab();
const unlimited = 2 ** 50;
const maxNew = 16;
const question = 'Who founded the Trust?';
const mode = 'rocketkv-mt' as const;
const rocketOf = (tokenBudget: number) => rocketOptionsFor({ mode, maxNew }, { tokenBudget });

let engine: Engine;
let native: NativeEngine;

beforeAll(async () => {
  const addon = new Proxy({} as NativeAddon, {
    get: (_, name) =>
      name === 'openEngine'
        ? async (options: Parameters<NativeAddon['openEngine']>[0]) => {
            native = await lab.openEngine(options);
            return native;
          }
        : (Reflect.get(lab, name) as unknown),
  });
  engine = new Engine(addon);
  await engine.openModel({ path: smallModelFile, threads: 0, device: 'cpu', deviceReason: null });
});
afterAll(() => engine.close());

async function read() {
  const text = readFileSync(shortSample(), 'utf8');
  const pages = [{ label: '1', start: 0, end: text.length }];
  const planFor = { mode, rocket: rocketOf(512), maxNew, question };
  for await (const event of engine.readDocument({ text, pages, kvType: 'f16', segment: 0, tile: 512, planFor }))
    if (event.type === 'done') return event;
  throw new Error('The reading has no result.');
}

async function ask(chatId: string, tokenBudget: number): Promise<AnswerReport> {
  const request = { chatId, question, mode, rocket: rocketOf(tokenBudget), maxNew, sampler: defaultSampler };
  for await (const event of engine.ask(request)) if (event.type === 'done') return event;
  throw new Error('The answer has no report.');
}

async function refusal(work: Promise<unknown>) {
  const error = await work.then(
    () => new AppError('INTERNAL', 'It was not refused.'),
    (thrown) => toAppError(thrown),
  );
  expect(error).toMatchObject({ code: 'HOST_OOM', shortage: { place: 'ram' } });
  if (!error.shortage) throw new Error('It has no numbers.');
  return { ...error.shortage, message: error.message };
}

it('a reading is refused before anything is allocated', async () => {
  lab.limitAvailable(native, 0);
  const { needed, available, proposals, message } = await refusal(read());
  expect(needed).toBeGreaterThan(available);
  expect(proposals).toEqual([]);
  expect(message).toContain('Nothing smaller fits');
  lab.limitAvailable(native, unlimited);
});

it('a question is refused with a budget that fits, is answered with it, and its chat is as before', async () => {
  const { documentId, bytes } = await read();
  const newChat = async () => (await engine.newChat(documentId)).chatId;
  const calm = await ask(await newChat(), 512);
  const tight = await ask(await newChat(), 128);
  expect(tight.plan.total).toBeLessThan(calm.plan.total);

  // Weights and the document's KV are in memory already: a plan that counts them may use their room too.
  lab.limitAvailable(native, 0);
  const { available: held } = engine.plan({
    nPrompt: 100,
    nQuestion: 10,
    maxNew,
    mode,
    rocket: rocketOf(512),
    kvType: 'f16',
  });
  lab.limitAvailable(native, tight.plan.total - held - bytes);
  const chatId = await newChat();
  const { needed, available, proposals, message } = await refusal(ask(chatId, 512));
  expect([needed, available]).toEqual([calm.plan.total, tight.plan.total]);
  const [first] = proposals;
  const tokenBudget = first?.changes.tokenBudget ?? 0;
  expect(first).toEqual({ changes: { tokenBudget }, needed: expect.any(Number) });
  expect(tokenBudget).toBeGreaterThanOrEqual(128);
  expect(first?.needed).toBeLessThanOrEqual(available);
  expect(message).toContain(`a token budget of ${tokenBudget}`);
  // The memory is as small as before.
  expect((await ask(await newChat(), tokenBudget)).generatedTokens).toBeGreaterThan(0);

  lab.limitAvailable(native, unlimited);
  const again = await ask(chatId, 512);
  expect(again.answer).toBe(calm.answer);
  expect(again.promptTokens).toBe(calm.promptTokens);
});
