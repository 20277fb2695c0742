/** The addon through its public interface: cancelling, closing, dropping or asking at the wrong moment breaks nothing else. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NativeEngine, NativeSession } from '../../native/binding.ts';
import { addon, openTinyEngine, question, readDocument, tokens, writeTinyModel } from './tiny-engine.ts';

let model: Awaited<ReturnType<typeof writeTinyModel>>;
let engine: NativeEngine;
beforeAll(async () => {
  model = await writeTinyModel();
  engine = await openTinyEngine(model.path);
});
afterAll(() => {
  engine?.close();
  model?.remove();
});

const code = (code: string) => ({ code });
/** A question whose answer takes longer than any test here waits. */
const endless = (first: number) => question(first, 3000);
const reading = { segment: 4000, tile: 16 };

async function answerOf(session: NativeSession, first: number) {
  const out: number[] = [];
  await session.ask(question(first), (event) => {
    if (event.type === 'tokens') out.push(...event.tokens);
  });
  return out;
}

describe('a cancel', () => {
  it('is seen when it comes before the job has begun', async () => {
    const document = await readDocument(engine);
    for (let i = 0; i < 40; i++) {
      const session = document.fork();
      const asked = session.ask(endless(i), () => {});
      session.cancel();
      await expect(asked).rejects.toMatchObject(code('CANCELLED'));
      expect(session.nTokens).toBe(400);
      session.close();
    }
    document.close();
    for (let i = 0; i < 20; i++) {
      const other = engine.createDocument({ documentType: 'f16' });
      const read = other.read(tokens(0, 4000), reading, () => {});
      other.cancel();
      await expect(read).rejects.toMatchObject(code('CANCELLED'));
      other.close();
    }
  });

  it('is seen at random moments', async () => {
    const document = await readDocument(engine);
    for (let i = 0; i < 60; i++) {
      const session = document.fork();
      const asked = session.ask(endless(i), () => {});
      setTimeout(() => session.cancel(), Math.random() * 30);
      await expect(asked).rejects.toMatchObject(code('CANCELLED'));
      session.close();
    }
    document.close();
  });

  it('of another chat, or of none that runs, ends nothing', async () => {
    const document = await readDocument(engine);
    const [a, b] = [document.fork(), document.fork()];
    a.cancel();
    const asked = a.ask(question(1), () => {});
    b.cancel();
    document.cancel();
    await expect(asked).resolves.toMatchObject({ nGenerated: 8 });
    document.close();
  });
});

describe('one answer at a time', () => {
  it('another chat is told BUSY, and the first goes on as if nobody had asked', async () => {
    const document = await readDocument(engine);
    const alone = document.fork();
    await alone.startAnswer(question(1));
    const expected = await alone.step(5, false);
    alone.finishAnswer();

    const [a, b] = [document.fork(), document.fork()];
    await a.startAnswer(question(1));
    await expect(b.startAnswer(question(2))).rejects.toMatchObject(code('BUSY'));
    await expect(b.ask(question(2), () => {})).rejects.toMatchObject(code('BUSY'));
    await expect(b.score(tokens(0, 4))).rejects.toMatchObject(code('BUSY'));
    await expect(b.truncate(400)).rejects.toMatchObject(code('BUSY'));
    const other = engine.createDocument({ documentType: 'f16' });
    await expect(other.read(tokens(0, 10), reading, () => {})).rejects.toMatchObject(code('BUSY'));
    expect((await a.step(5, false)).logits).toEqual(expected.logits);
    a.finishAnswer();
    await b.startAnswer(question(2));
    b.finishAnswer();
    document.close();
    other.close();
  });

  it('a chat that is closed in the middle of its answer leaves the engine free and the others right', async () => {
    const document = await readDocument(engine);
    const alone = document.fork();
    const expected = await answerOf(alone, 7);
    const a = document.fork();
    await a.startAnswer(question(1));
    await a.step(5, false);
    a.close();
    expect(await answerOf(document.fork(), 7)).toEqual(expected);
    expect(() => a.step(5, false)).toThrow(expect.objectContaining(code('CLOSED')));
    document.close();
  });
});

describe('a chat that JavaScript let go of without closing it', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;

  it('lives until the engine is idle', async () => {
    const document = await readDocument(engine);
    const expected = await answerOf(document.fork(), 7);
    for (let i = 0; i < 10; i++) {
      await (async () => {
        const dropped = document.fork();
        await answerOf(dropped, i); // the rows behind the document's are now this chat's
      })();
      const last = document.fork();
      const answer = answerOf(last, 7); // sets the dropped chat's rows aside while it runs
      for (let k = 0; k < 4; k++) {
        collect();
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(await answer).toEqual(expected);
      last.close();
    }
    document.close();
  });

  it('ends then, and its unfinished answer with it', async () => {
    const document = await readDocument(engine);
    await (async () => {
      await document.fork().startAnswer(question(1));
    })();
    await expect
      .poll(async () => {
        collect();
        return answerOf(document.fork(), 7).then(
          (answer) => answer.length,
          (error) => error.code,
        );
      })
      .toBe(8);
    document.close();
  });
});

it('getters of a document answer while it is read', async () => {
  const document = engine.createDocument({ documentType: 'f16' });
  const perToken = 4 + 2 * 2 * 2 * 64 * 2; // its id, and K and V of 64 f16 values in two layers and two heads
  const empty = document.fileBytes;
  let isRead = false;
  let looks = 0;
  const read = document
    .read(tokens(0, 2000), { segment: 16, tile: 16 }, () => {})
    .finally(() => {
      isRead = true;
    });
  while (!isRead) {
    const before = document.nTokens;
    const bytes = (document.fileBytes - empty) / perToken;
    const after = document.nTokens;
    expect(before % 16).toBe(0);
    expect(bytes).toBeGreaterThanOrEqual(before);
    expect(bytes).toBeLessThanOrEqual(after);
    expect(typeof document.onDevice).toBe('boolean');
    expect(document.bytes).toBeGreaterThanOrEqual(0);
    looks++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await read;
  expect(looks).toBeGreaterThan(1);
  expect(document.nTokens).toBe(2000);
  document.close();
});

describe('a promise settles', () => {
  it('when its result cannot be made', async () => {
    const document = engine.createDocument({ documentType: 'f16' });
    Object.defineProperty(Object.prototype, 'ms', {
      configurable: true,
      set() {
        throw new RangeError('no room for the result');
      },
    });
    try {
      await expect(document.read(tokens(0, 8), reading, () => {})).rejects.toThrow('no room for the result');
    } finally {
      Reflect.deleteProperty(Object.prototype, 'ms');
    }
    expect(document.nTokens).toBe(8);
    document.close();
  });
});

describe('what is no number of the kind that is asked for', () => {
  it('is refused, not cut to size', async () => {
    const document = await readDocument(engine);
    const session = document.fork();
    await session.startAnswer(question(1));
    for (const token of [2 ** 32 + 5, Number.NaN, 1.5, Number.POSITIVE_INFINITY, '5' as unknown as number])
      expect(() => session.step(token, false)).toThrow(expect.objectContaining(code('INVALID_ARGUMENT')));
    session.finishAnswer();
    for (const n of [Number.NaN, 1.5, 2 ** 60]) {
      expect(() => session.truncate(n)).toThrow(expect.objectContaining(code('INVALID_ARGUMENT')));
      expect(() => document.savePart(join(model.dir, 'x'), n)).toThrow(
        expect.objectContaining(code('INVALID_ARGUMENT')),
      );
    }
    const { rocket } = question(1);
    const asked = { rocket, nPrompt: 400, nQuestion: 20, maxNew: 8, headDim: 2 ** 32 + 64, mode: 'rocketkv' as const };
    expect(() => addon.budgets(asked)).toThrow(expect.objectContaining(code('INVALID_ARGUMENT')));
    expect(() => addon.openEngine({ modelPath: model.path, backendDir: '', threads: 2 ** 32 + 1 })).toThrow(
      expect.objectContaining(code('INVALID_ARGUMENT')),
    );
    const plan = {
      nPrompt: 400,
      nQuestion: 20,
      maxNew: 8,
      mode: 'rocketkv-mt' as const,
      rocket,
      documentType: 'f16' as const,
    };
    for (const wrong of [
      { nPrompt: -400 },
      { nQuestion: -1 },
      { maxNew: -8 },
      { nQuestion: 401 },
      { nPrompt: 2 ** 52 },
    ])
      expect(() => engine.plan({ ...plan, ...wrong })).toThrow(expect.objectContaining(code('INVALID_ARGUMENT')));
    document.close();
  });
});

it('a method refuses any other object than its own', async () => {
  const document = await readDocument(engine, 40);
  const session = document.fork();
  const read = Object.getPrototypeOf(document).read as (this: unknown) => unknown;
  const cancel = Object.getPrototypeOf(session).cancel as (this: unknown) => unknown;
  for (const other of [session, engine, {}, undefined, 5, Object.create(document)])
    expect(() => read.call(other)).toThrow(TypeError);
  for (const other of [document, engine, new Date()]) expect(() => cancel.call(other)).toThrow(TypeError);
  expect(() => new (document.constructor as new () => unknown)()).toThrow('Documents are made by an engine.');
  document.close();
});

it('a chat is cut off this thread', async () => {
  const document = await readDocument(engine);
  const [a, b] = [document.fork(), document.fork()];
  const expected = await answerOf(a, 1);
  await answerOf(b, 2);
  const cut = a.truncate(400);
  expect(cut).toBeInstanceOf(Promise);
  expect(() => a.borders).toThrow(expect.objectContaining(code('BUSY')));
  await cut;
  expect(a.borders).toEqual([400]);
  expect(await answerOf(a, 1)).toEqual(expected);
  document.close();
});

it('files are found under names that are no ASCII', async () => {
  expect(addon.inspectModel(model.path).nLayer).toBe(2);
  const document = await readDocument(engine);
  const path = join(model.dir, 'gelesen-読んだ.kv');
  while (!(await document.savePart(path, 2 ** 20)).done);
  document.close();
  const again = engine.createDocument({ documentType: 'f16' });
  await again.load(path, tokens(0, 400), () => {});
  expect(again.nTokens).toBe(400);
  again.close();
});

it.each(['exit', 'worker'])('a process ends in good order while the engine reads (%s)', async (how) => {
  const program = fileURLToPath(new URL('programs/ends-while-reading.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', program, how, model.path], { stdio: 'pipe' });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const ended = await new Promise((resolve) => child.on('close', (exit, signal) => resolve({ exit, signal })));
  expect({ ended, said }).toEqual({ ended: { exit: 0, signal: null }, said: '' });
});
