/** Keeping a document on disk while questions are answered, and loading it instead of reading the text again. */
import { expect, it } from 'vitest';
import type { ReadEvent } from '../../../electron/contract/engine-reports.ts';
import { AppError } from '../../../electron/contract/errors.ts';
import { defaultSampler, rocketOptionsFor } from '../../../electron/contract/method.ts';
import { Engine } from '../../../electron/engine-host/engine.ts';
import { byteVocabulary, FakeAddon, type FakeOptions, modelFile } from './fake-addon.ts';

const method = { mode: 'rocketkv-mt' as const, rocket: rocketOptionsFor({ mode: 'rocketkv-mt' }), maxNew: 50 };

async function open(options: FakeOptions) {
  const addon = new FakeAddon(options);
  const engine = new Engine(addon, async () => byteVocabulary);
  await engine.openModel({ path: modelFile, threads: 0, device: 'cpu', deviceReason: null });
  return { addon, engine };
}

async function read(engine: Engine, keptFile?: string) {
  const text = 'One page.';
  const request = { text, pages: [{ label: '1', start: 0, end: 9 }], kvType: 'f16' as const, segment: 64, tile: 8 };
  const events: ReadEvent[] = [];
  const planFor = { ...method, question: 'Why?' };
  for await (const event of engine.readDocument({
    ...request,
    planFor,
    ...(keptFile === undefined ? {} : { keptFile }),
  }))
    events.push(event);
  const result = events.at(-1);
  if (result?.type !== 'done') throw new Error('no result');
  return { result, phases: events.flatMap((event) => (event.type === 'progress' ? [event.phase] : [])) };
}

it('writes part by part, and a question is answered between two', async () => {
  const kept = new Map<string, number | Error>();
  const { addon, engine } = await open({ kept });
  const { result } = await read(engine);
  const { chatId } = await engine.newChat(result.documentId);
  const keeping = engine.keepDocument(result.documentId, '/kv/a');
  for await (const _ of engine.ask({ chatId, question: 'Why?', ...method, sampler: defaultSampler }));
  expect(await keeping).toEqual({ bytes: result.nTokens * 64 + 100 });
  const order = addon.log.map((entry) => entry.split(' ')[0]).filter((entry) => entry === 'save' || entry === 'ask');
  expect(order).toEqual(['save', 'ask', 'save', 'save']);
  expect(kept.get('/kv/a')).toBe(result.nTokens);
});

it('loads instead of reading', async () => {
  const { addon, engine } = await open({ kept: new Map([['/kv/a', 9]]) });
  const { result, phases } = await read(engine, '/kv/a');
  expect(result).toMatchObject({ loaded: true, missed: null });
  expect(new Set(phases)).toEqual(new Set(['loading']));
  expect(addon.log.some((entry) => entry.startsWith('read'))).toBe(false);
});

it.each(['KV_CORRUPT', 'KV_MISMATCH', 'IO'] as const)('reads after %s, and says why', async (code) => {
  const { addon, engine } = await open({ kept: new Map([['/kv/a', new AppError(code, 'It is not right.')]]) });
  const { result, phases } = await read(engine, '/kv/a');
  expect(result).toMatchObject({ loaded: false, missed: 'It is not right.' });
  expect(phases.at(-1)).toBe('reading');
  expect(addon.log.filter((entry) => /^(load|read)/.test(entry)).map((entry) => entry.split(' ')[0])).toEqual([
    'load',
    'read',
  ]);
});

it('ends with any other failure of loading', async () => {
  const { engine } = await open({ kept: new Map([['/kv/a', new AppError('HOST_OOM', 'No memory.')]]) });
  await expect(read(engine, '/kv/a')).rejects.toMatchObject({ code: 'HOST_OOM' });
});

it('gives up what was written when it is stopped, fails, or the document goes', async () => {
  const stop = new AbortController();
  let parts = 0;
  const { addon, engine } = await open({
    onSavePart: () => {
      if (++parts === 1) stop.abort();
      if (parts === 2) throw new AppError('DISK_FULL', 'Full.');
    },
  });
  const { result } = await read(engine);
  await expect(engine.keepDocument(result.documentId, '/kv/a', stop.signal)).rejects.toMatchObject({
    code: 'CANCELLED',
  });
  expect(addon.log.at(-1)).toBe('end save');
  await expect(engine.keepDocument(result.documentId, '/kv/a')).rejects.toMatchObject({ code: 'DISK_FULL' });
  const keeping = engine.keepDocument(result.documentId, '/kv/a');
  const going = engine.forgetDocument(result.documentId);
  await expect(keeping).rejects.toMatchObject({ code: 'CLOSED' });
  await going;
});
