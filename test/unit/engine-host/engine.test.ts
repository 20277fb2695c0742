import { describe, expect, it } from 'vitest';
import type { AskRequest } from '../../../electron/contract/engine.ts';
import type { AnswerEvent } from '../../../electron/contract/engine-reports.ts';
import { toAppError } from '../../../electron/contract/errors.ts';
import { defaultSampler, rocketOptionsFor } from '../../../electron/contract/method.ts';
import { Engine } from '../../../electron/engine-host/engine.ts';
import { byteVocabulary, FakeAddon, type FakeOptions, modelFile } from './fake-addon.ts';

const method = { mode: 'rocketkv-mt' as const, rocket: rocketOptionsFor({ mode: 'rocketkv-mt' }) };

async function open(options: FakeOptions = {}) {
  const addon = new FakeAddon(options);
  const engine = new Engine(addon, async () => byteVocabulary);
  await engine.openModel({ path: modelFile, threads: 0, device: 'cpu', deviceReason: null });
  return { addon, engine };
}

async function read(engine: Engine, text = 'One page.\n\nAnother page.', question = 'Why?', maxNew = 50) {
  const half = Math.floor(text.length / 2);
  const pages = [
    { label: '1', start: 0, end: half },
    { label: '2', start: half, end: text.length },
  ];
  const planFor = { ...method, maxNew, question };
  for await (const event of engine.readDocument({ text, pages, kvType: 'f16', segment: 64, tile: 8, planFor }))
    if (event.type === 'done') return event;
  throw new Error('no result');
}

async function chat(options: FakeOptions = {}) {
  const { addon, engine } = await open(options);
  const { documentId, nTokens } = await read(engine);
  const { chatId } = await engine.newChat(documentId);
  const ask = (question: string, more: Partial<AskRequest> = {}) =>
    engine.ask({ chatId, question, ...method, maxNew: 50, sampler: defaultSampler, ...more });
  return { addon, engine, documentId, chatId, nTokens, ask };
}

async function collect<T>(events: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const report = (events: AnswerEvent[]) => {
  const last = events.at(-1);
  if (last?.type !== 'done') throw new Error('the answer has no report');
  return last;
};

describe('answering', () => {
  it('sends progress, kept, deltas and a report, in this order', async () => {
    const { ask } = await chat({ reply: 'Größe 😀.' });
    const events = await collect(ask('How big?'));
    const kinds = events.map((event) => event.type);
    expect(kinds[0]).toBe('progress');
    expect(kinds.indexOf('kept')).toBeLessThan(kinds.indexOf('delta'));
    const text = events.map((event) => (event.type === 'delta' ? event.text : '')).join('');
    expect(text).toBe('Größe 😀.');
    expect(report(events)).toMatchObject({ answer: 'Größe 😀.', finishReason: 'stop', generatedTokens: 13 });
  });

  it('waits for tokens that arrive after the call has ended', async () => {
    const { ask } = await chat({ reply: 'Whole.', late: true });
    const events = await collect(ask('Q?'));
    expect(report(events).answer).toBe('Whole.');
    expect(events.at(-1)?.type).toBe('done');
  });

  it('reads only the new words in a second turn', async () => {
    const { ask, addon } = await chat();
    await collect(ask('First?'));
    const second = report(await collect(ask('Second?')));
    expect(addon.log.filter((line) => line.startsWith('read'))).toHaveLength(1);
    expect(second.prefilledTokens).toBeLessThan(second.promptTokens);
  });

  it('refuses a prompt longer than the context, with both counts', async () => {
    const { engine } = await open({ info: { nCtxTrain: 300 } });
    await expect(read(engine, 'x'.repeat(400))).rejects.toMatchObject({
      code: 'CTX_OVERFLOW',
      message: expect.stringMatching(/have \d+ tokens.*at most 300/s),
      advice: 'choose-model-with-longer-context',
    });
  });

  it('shortens the answer when only the prompt fits, and says so', async () => {
    const { engine, chatId, nTokens } = await chat({ info: { nCtxTrain: 400 }, reply: 'y'.repeat(500) });
    const ask = { chatId, question: 'Why?', ...method, maxNew: 390, sampler: defaultSampler };
    const { maxNew, notices, promptTokens } = report(await collect(engine.ask(ask)));
    expect(promptTokens).toBeGreaterThan(nTokens);
    expect(maxNew).toBe(400 - promptTokens);
    expect(notices[0]).toContain(`at most ${maxNew} tokens instead of 390`);
  });

  it('refuses before allocating when memory is short, with the numbers and what would fit', async () => {
    const proposals = [{ changes: { kvType: 'q8_0' as const }, needed: 1500 }];
    const shortage = { place: 'ram' as const, needed: 3000, available: 2000, proposals };
    const { engine, addon } = await open({ shortage });
    await expect(read(engine, 'x'.repeat(500))).rejects.toMatchObject({ code: 'HOST_OOM', shortage });
    expect(addon.log).toEqual([]);
  });

  it('refuses before reading what a GPU computes in mode full alone', async () => {
    const refusal = { code: 'GPU_UNSUPPORTED', message: 'The GPU kernels serve other heads. Mode full is computed.' };
    const { engine, addon } = await open({ refusal });
    const refused = await read(engine).catch((error: unknown) => toAppError(error));
    expect(refused).toMatchObject({ ...refusal, advice: 'use-cpu' });
    expect(addon.log).toEqual([]);
    const planned = { nPrompt: 100, nQuestion: 10, maxNew: 50, kvType: 'f16' as const, ...method };
    expect(() => engine.plan(planned)).toThrow(refusal.message);
    expect(engine.plan({ ...planned, mode: 'full' }).weights).toBe(900);
  });

  it('refuses an empty document', async () => {
    const { engine } = await open();
    await expect(read(engine, ' \n ')).rejects.toMatchObject({ code: 'DOC_EMPTY' });
  });
});

describe('cancelling', () => {
  const forever = () => new Promise<void>(() => {});

  it('ends a running answer and leaves the chat as it was', async () => {
    let block = true;
    const { ask, engine, chatId } = await chat({ onAsk: () => (block ? forever() : undefined) });
    const running = collect(ask('Long?'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    engine.cancel(chatId);
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    block = false;
    const events = await collect(ask('Again?'));
    expect(report(events).answer).toBe('Hello.');
    await engine.truncate(chatId, 1); // one turn: the cancelled one was not counted
    await expect(engine.truncate(chatId, 2)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('happens when the reader leaves', async () => {
    const { ask, addon } = await chat({ onAsk: forever });
    for await (const event of ask('Long?')) if (event.type === 'progress') break;
    expect(addon.log).toContain('session cancelled');
  });

  it('happens when the signal fires, also while waiting in line', async () => {
    const { engine, chatId, ask } = await chat({ onAsk: forever });
    const stop = new AbortController();
    const first = collect(ask('First?'));
    const request = { chatId, question: 'Second?', ...method, maxNew: 5, sampler: defaultSampler };
    const second = collect(engine.ask(request, stop.signal));
    stop.abort();
    engine.cancel(chatId);
    await new Promise((resolve) => setTimeout(resolve, 20));
    engine.cancel(chatId);
    await expect(first).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(second).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('chats', () => {
  it('answer the last question again', async () => {
    const { engine, chatId, ask, addon, nTokens } = await chat();
    await collect(ask('First?'));
    await collect(engine.regenerate({ chatId, ...method, maxNew: 50, sampler: defaultSampler }));
    expect(addon.log).toContain(`truncate ${nTokens}`);
    await engine.truncate(chatId, 1);
    await expect(engine.truncate(chatId, 2)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('read earlier turns again with a question, and count them as one with it', async () => {
    const { engine, chatId, addon, nTokens, ask } = await chat();
    const { prefilledTokens: alone } = report(await collect(ask('Now?')));
    await engine.truncate(chatId, 0);
    const earlier = [{ question: 'Before?', answer: 'Then.' }];
    const { prefilledTokens } = report(await collect(ask('Now?', { earlier })));
    expect(prefilledTokens).toBeGreaterThan(alone + 'Before?Then.'.length);
    await expect(engine.truncate(chatId, 2)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    // Answering again reads the earlier turns again too.
    const again = engine.regenerate({ chatId, ...method, maxNew: 50, sampler: defaultSampler });
    expect(report(await collect(again)).prefilledTokens).toBe(prefilledTokens);
    expect(addon.log.filter((line) => line === `truncate ${nTokens}`)).toHaveLength(2);
  });

  it('have nothing to answer again at the beginning', async () => {
    const { engine, chatId } = await chat();
    const again = engine.regenerate({ chatId, ...method, maxNew: 50, sampler: defaultSampler });
    await expect(collect(again)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('end before their document, and the document before the engine', async () => {
    const { engine, documentId, chatId, addon, ask } = await chat();
    await engine.forgetDocument(documentId);
    expect(addon.log.slice(-2)).toEqual(['session closed', 'document closed']);
    await expect(collect(ask('Still there?'))).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(engine.closeChat(chatId)).rejects.toMatchObject({ code: 'CLOSED' });
    await engine.close();
    expect(addon.log.at(-1)).toBe('engine closed');
    await expect(read(engine)).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('map what was kept to pages', async () => {
    const { engine, chatId, ask } = await chat();
    await collect(ask('First?'));
    const pages = await engine.documentMap(chatId);
    expect(pages.map((page) => page.label)).toEqual(['1', '2']);
    expect(pages.reduce((sum, page) => sum + page.tokens, 0)).toBe(24);
    expect(pages[0]?.kept).toBeGreaterThan(1);
    expect(pages[0]?.kept).toBeLessThan(3);
    // A page of twenty tokens has no parts.
    expect(pages.map((page) => page.parts)).toEqual([[], []]);
  });
});

describe('what was read', () => {
  it('is told of stretches of the text, beside what a neutral question reads', async () => {
    const { engine, documentId, chatId, addon, ask } = await chat({ read: (token) => token });
    await collect(ask('First?'));
    const choice = { mode: method.mode, rocket: method.rocket };
    const passages = [
      { start: 0, end: 1 },
      { start: 4, end: 6 },
    ];
    const before = engine.passageReads(chatId, passages);
    expect(before.map(({ usual }) => usual)).toEqual([undefined, undefined]);
    // Each letter is a token here. The second passage begins four tokens later, and its value is the mean of two tokens.
    expect((before[1]?.read ?? 0) - (before[0]?.read ?? 0)).toBe(4.5);
    expect(engine.documentMap(chatId)[0]?.usual).toBeUndefined();

    const asked = () => addon.log.filter((line) => line.startsWith('ask')).length;
    const first = asked();
    await engine.measureUsualReads(documentId, choice);
    await engine.measureUsualReads(documentId, choice);
    expect(asked() - first).toBe(1);
    expect(addon.log.at(-1)).toBe('session closed');
    // Both questions read the same, so nothing is read more than usual.
    for (const { read, usual } of engine.passageReads(chatId, passages)) expect(usual).toBeCloseTo(read, 9);
    const [page] = engine.documentMap(chatId);
    expect(page?.usual).toBeCloseTo(page?.read ?? 0, 9);
    // What a neutral question reads was not measured with this budget.
    await collect(ask('Again?', { rocket: { ...method.rocket, tokenBudget: 256 } }));
    expect(engine.passageReads(chatId, passages)[0]?.usual).toBeUndefined();
  });

  it('has no usual where a neutral question reads nothing', async () => {
    const { engine, documentId, chatId, ask } = await chat();
    await collect(ask('First?'));
    await engine.measureUsualReads(documentId, { mode: method.mode, rocket: method.rocket });
    expect(engine.passageReads(chatId, [{ start: 0, end: 3 }])).toEqual([{ read: 0 }]);
  });
});

describe('measuring', () => {
  it('forces the reference along and finds an equal run equal', async () => {
    const { engine, documentId, chatId } = await chat({ reply: 'Yes.' });
    const { referenceId, answer, positions } = await engine.measureReference(chatId, 'Q?', 20, method.rocket);
    expect(answer).toBe('Yes.');
    expect(positions).toBe(5); // four tokens and the end token
    const other = (await engine.newChat(documentId)).chatId;
    const result = await engine.measureAgainst(other, referenceId, 'rocketkv', method.rocket);
    expect(result.positions).toHaveLength(5);
    expect(result.positions.every(({ kl, sameTop1 }) => kl < 1e-12 && sameTop1)).toBe(true);
    engine.forgetReference(referenceId);
    await expect(engine.measureAgainst(other, referenceId, 'hsa', method.rocket)).rejects.toMatchObject({
      code: 'CLOSED',
    });
  });

  it('counts no end where the answer was cut', async () => {
    const { engine, chatId } = await chat({ reply: 'abcdef' });
    expect((await engine.measureReference(chatId, 'Q?', 3, method.rocket)).positions).toBe(3);
  });
});

describe('measuring that is stopped', () => {
  it('ends between two tokens, and the chat’s answer with it', async () => {
    const stop = new AbortController();
    let steps = 0;
    const onStep = () => {
      if (++steps === 3) stop.abort();
    };
    const { engine, documentId, chatId, addon } = await chat({ reply: 'abcdefghij', onStep });
    const measured = engine.measureReference(chatId, 'Q?', 10, method.rocket, stop.signal);
    await expect(measured).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(steps).toBe(3);
    expect(addon.log.slice(-2)).toEqual(['session cancelled', 'finish']);

    steps = 10;
    const { referenceId } = await engine.measureReference(chatId, 'Q?', 10, method.rocket);
    const other = (await engine.newChat(documentId)).chatId;
    const against = engine.measureAgainst(other, referenceId, 'rocketkv', method.rocket, stop.signal);
    await expect(against).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(addon.log.at(-1)).not.toBe('start rocketkv');
  });
});

describe('memory', () => {
  const text = 'Page one. Page two.';
  const request = { text, pages: [{ label: '1', start: 0, end: text.length }], segment: 64, tile: 8 };
  const planFor = { ...method, maxNew: 50, question: 'Why?' };

  it('is planned and taken where the document is to be', async () => {
    const { engine, addon } = await open({ gpu: { hostAvailable: 1e9 } });
    for (const home of ['device', 'host'] as const) {
      const events = await collect(engine.readDocument({ ...request, kvType: 'q8_0', home, planFor }));
      expect(events.at(-1)).toMatchObject({ type: 'done', onDevice: home === 'device' });
      expect(addon.homes.slice(-2)).toEqual([`plan ${home}`, `document q8_0 ${home}`]);
    }
  });
});

describe('a reading that is stopped after its last segment', () => {
  const text = 'x'.repeat(300);
  const planFor = { ...method, maxNew: 50, question: 'Why?' };
  const request = { text, pages: [{ label: '1', start: 0, end: 300 }], kvType: 'f16' as const, segment: 64, tile: 8 };

  it.each(['by its signal', 'by who reads its events'])('%s leaves nothing in the engine', async (how) => {
    const stop = new AbortController();
    const { engine, addon } = await open();
    const events = engine.readDocument({ ...request, home: 'auto', planFor }, stop.signal);
    let isDone = false;
    const reading = (async () => {
      for await (const event of events) {
        isDone ||= event.type === 'done';
        if (event.type !== 'progress' || event.done < event.total) continue;
        if (how === 'by who reads its events') return;
        await new Promise((resolve) => setTimeout(resolve, 20)); // the whole text has been read by now
        stop.abort();
      }
    })();
    if (how === 'by its signal') await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' });
    else await reading;
    expect(isDone).toBe(false);
    expect(addon.log.at(-1)).toBe('document closed');
    expect((await read(engine)).type).toBe('done');
  });
});

describe('a reading that pauses', () => {
  const text = 'x'.repeat(300);
  const planFor = { ...method, maxNew: 50, question: 'Why?' };
  const request = { text, pages: [{ label: '1', start: 0, end: 300 }], kvType: 'f16' as const, segment: 64, tile: 8 };

  /** Pauses a reading in the middle of its fourth segment. */
  async function paused() {
    let pausing: Promise<number> | undefined;
    const { engine, addon } = await open({
      onSegment: (done) => {
        if (done === 192 && !pausing) pausing = engine.reading('mine').pause();
      },
    });
    const signal = new AbortController();
    const events = collect(engine.readDocument({ ...request, readingId: 'mine', planFor }, signal.signal));
    events.catch(() => {});
    await expect.poll(() => pausing !== undefined).toBe(true);
    return { engine, addon, events, signal, done: await pausing };
  }

  it('keeps whole segments, lets others answer, and goes on with what is missing', async () => {
    const { engine, addon, events, done } = await paused();
    expect(done).toBe(192);
    const { documentId } = await read(engine);
    expect((await engine.newChat(documentId)).chatId).toBeTruthy();
    engine.reading('mine').resume();
    const all = await events;
    const last = all.at(-1);
    expect(last).toMatchObject({ type: 'done' });
    const total = last?.type === 'done' ? last.nTokens : 0;
    expect(addon.log.filter((line) => line.startsWith('read'))).toContain(`read ${total - 192}`);
    const counts = all.flatMap((event) => (event.type === 'progress' ? [event.done] : []));
    expect(counts.at(-1)).toBe(total);
    expect(() => engine.reading('mine')).toThrow('over');
  });

  it('can be cancelled while it stands still, and frees what it read', async () => {
    const { engine, addon, events, signal } = await paused();
    signal.abort();
    await expect(events).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(addon.log.at(-1)).toBe('document closed');
    expect((await read(engine)).type).toBe('done');
  });

  it('is refused by another model', async () => {
    const { engine, events } = await paused();
    await engine.openModel({ path: modelFile, threads: 0, device: 'cpu', deviceReason: null });
    engine.reading('mine').resume();
    await expect(events).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('a chat that is being answered', () => {
  it('tells its counters and its map meanwhile, and the last ones while another chat is answered', async () => {
    let go = () => {};
    const waits = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { engine, chatId, documentId, ask } = await chat({ onAsk: () => waits });
    const answered = collect(ask('First?'));
    // Neither call waits for the answer, which is held by this test.
    expect((await engine.counters(chatId)).rowsRead).toBe(8);
    expect((await engine.documentMap(chatId)).map((page) => page.label)).toEqual(['1', '2']);
    go();
    await answered;
    const { chatId: other } = await engine.newChat(documentId);
    const more = collect(engine.ask({ chatId: other, question: 'Q?', ...method, maxNew: 50, sampler: defaultSampler }));
    expect(engine.documentMap(chatId)).toHaveLength(2);
    await more;
  });
});
