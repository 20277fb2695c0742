/** Calls to the host that counts tokens: a text goes in small pieces, each once, and again where the host died of something else. */
import { afterEach, expect, it } from 'vitest';
import { InspectionHost } from '../../../../electron/app-host/models/inspection-host.ts';
import { TokenCounter } from '../../../../electron/app-host/models/token-counter.ts';
import { maxCountedTexts, maxCountedUnits } from '../../../../electron/contract/engine.ts';
import { AppError, type ErrorCode } from '../../../../electron/contract/errors.ts';
import type { EngineClient } from '../../../../electron/engine-host/engine-client.ts';

let calls: string[][] = [];
let failures: ErrorCode[] = [];
let started = 0;
let ended = 0;
const host = () =>
  new InspectionHost(() => {
    started++;
    const countTokens = async ({ path, texts }: { path: string; texts: string[] }) => {
      const failure = failures.shift();
      if (failure) throw new AppError(failure, `It failed at ${path}.`);
      calls.push(texts);
      return { counts: texts.map((text) => text.length) };
    };
    return {
      verbs: { countTokens },
      pid: 1,
      close: async () => {
        ended++;
      },
    } as unknown as EngineClient;
  });
afterEach(() => {
  [calls, failures, started, ended] = [[], [], 0, 0];
});
const counter = () => new TokenCounter(host(), '/models/a.gguf', 'hash');
const page = (start: number, end: number) => ({ label: '', start, end });

it('counts each page once; the whole is their sum', async () => {
  const text = 'One.\nTwo two.\n';
  const counts = await counter().count({ text, pages: [page(0, 5), page(5, 5), page(5, text.length)] });
  expect(counts).toEqual({ total: text.length, pages: [5, 0, 9], countedWith: 'hash' });
  expect(calls).toEqual([['One.\n', 'Two two.\n']]);
});

it('sends a long text in pieces that one call takes, cut where lines begin, with nothing lost', async () => {
  const line = 'The harbour is deep. \u{1F6A2}\n';
  const text = line.repeat(30_000);
  const { total, pages } = await counter().count({ text, pages: [page(0, text.length)] });
  expect(total).toBe(text.length);
  expect(pages).toEqual([text.length]);
  expect(calls.flat().join('')).toBe(text);
  for (const texts of calls) {
    expect(texts.length).toBeLessThanOrEqual(maxCountedTexts);
    expect(texts.join('').length).toBeLessThanOrEqual(maxCountedUnits);
    for (const piece of texts) expect(piece.startsWith('The') && piece.endsWith('\n')).toBe(true);
  }
});

it.each([
  ['without line ends', 'word '.repeat(60_000)],
  ['with nothing but line ends', '\n'.repeat(300_000)],
  ['without a place to cut', '\u{1F6A2}'.repeat(150_000)],
])('cuts a text %s too, never inside a character', async (_, text) => {
  await counter().count({ text, pages: [page(0, text.length)] });
  expect(calls.flat().join('')).toBe(text);
  expect(calls.length).toBeGreaterThan(1);
  for (const piece of calls.flat()) expect(piece).not.toMatch(/\p{Surrogate}/u);
});

it('takes many small pages together, as many as one call takes', async () => {
  const pages = Array.from({ length: 600 }, (_, i) => page(i, i + 1));
  await counter().count({ text: 'x'.repeat(600), pages });
  expect(calls.map(({ length }) => length)).toEqual([256, 256, 88]);
});

it('asks again where the host ended, in another one; a second death is the answer', async () => {
  failures = ['ENGINE_CRASH'];
  expect(await counter().countText('abc')).toBe(3);
  expect([started, ended]).toEqual([2, 1]);
  failures = ['ENGINE_CRASH', 'ENGINE_HUNG'];
  await expect(counter().countText('abc')).rejects.toMatchObject({ code: 'ENGINE_HUNG' });
});

it('says what is wrong with the file, and not where it lies', async () => {
  failures = ['MODEL_FORMAT'];
  const error = { code: 'MODEL_FORMAT', message: 'It failed at a.gguf.' };
  await expect(counter().countText('abc')).rejects.toMatchObject(error);
  expect([started, ended]).toEqual([1, 0]);
});
