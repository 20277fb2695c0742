/** Tokens to text: characters spread over tokens, deltas, pages. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerStream, minDeltaMs } from '../../../electron/engine-host/answer-stream.ts';
import { pageTokens, StreamingDetokenizer, tokenOffsets } from '../../../electron/engine-host/detokenizer.ts';
import { ProgressMeter } from '../../../electron/engine-host/progress.ts';
import { EventChannel } from '../../../electron/hosts/event-channel.ts';
import { Queue } from '../../../electron/hosts/queue.ts';
import { bytes, byteVocabulary } from './fake-addon.ts';

const text = fc.string({ unit: 'grapheme' });
const plainShape = { opened: false, expected: false };

describe('the detokenizer', () => {
  it('gives every text back and never half a character', () => {
    fc.assert(
      fc.property(text, (original) => {
        const decoder = new StreamingDetokenizer(byteVocabulary);
        const pieces = bytes(original).map((token) => decoder.push(token));
        expect(pieces.join('') + decoder.flush()).toBe(original);
        if (!original.includes('\uFFFD')) expect(pieces.join('')).not.toContain('\uFFFD');
      }),
    );
  });

  it('loses no character that follows the replacement character itself', () => {
    for (const original of ['\uFFFD\u{10000}', '\uFFFD\uFFFDé\uFFFD\uFFFD\uFFFD\u{1F600}\uFFFD']) {
      const decoder = new StreamingDetokenizer(byteVocabulary);
      const pieces = bytes(original).map((token) => decoder.push(token));
      expect(pieces.join('') + decoder.flush()).toBe(original);
    }
  });

  it('does not wait for ever for bytes that are no character', () => {
    const decoder = new StreamingDetokenizer(byteVocabulary);
    const out = Array.from({ length: 20 }, () => decoder.push(0x80 + 16)).join('');
    expect(out).not.toBe('');
  });

  it('knows where each token begins, and which page it is on', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1 }), (parts) => {
        const whole = parts.join('');
        const tokens = bytes(whole);
        const offsets = tokenOffsets(byteVocabulary, tokens, whole);
        expect(offsets.at(-1)).toBe(whole.length);
        let at = 0;
        const pages = parts.map((part, i) => {
          const start = at;
          at = i === parts.length - 1 ? whole.length : Math.min(whole.length, at + part.length);
          return { label: String(i), start, end: at };
        });
        const spans = pageTokens(offsets, pages);
        expect(spans[0]?.first).toBe(0);
        expect(spans.at(-1)?.end).toBe(tokens.length);
        for (const [i, span] of spans.entries()) if (i > 0) expect(span.first).toBe(spans[i - 1]?.end);
      }),
    );
  });

  it('stretches positions where a vocabulary normalises', () => {
    const offsets = tokenOffsets(byteVocabulary, bytes('abcd'), 'a  b  c  d');
    expect(offsets[0]).toBe(0);
    expect(offsets[4]).toBe(10);
  });
});

describe('the answer stream', () => {
  it('sends everything, in few deltas', async () => {
    const deltas: string[] = [];
    const stream = new AnswerStream(
      byteVocabulary,
      (event) => deltas.push('text' in event ? event.text : ''),
      plainShape,
    );
    for (const token of bytes('x'.repeat(1000))) stream.push([token]);
    expect(deltas.length).toBeLessThan(20);
    await new Promise((resolve) => setTimeout(resolve, 4 * minDeltaMs));
    expect(deltas.join('')).toBe('x'.repeat(1000)); // without a further token too
    stream.finish();
    expect(stream.split.answer).toBe('x'.repeat(1000));
  });
});

describe('the event channel', () => {
  it('delivers in order, then the error', async () => {
    const channel = new EventChannel<number>();
    channel.push(1);
    channel.push(2);
    channel.fail(new Error('over'));
    channel.push(3);
    const seen: number[] = [];
    const reading = (async () => {
      for await (const event of channel) seen.push(event);
    })();
    await expect(reading).rejects.toThrow('over');
    expect(seen).toEqual([1, 2]);
  });
});

describe('the queue', () => {
  it('runs one at a time, in order, past failures', async () => {
    const queue = new Queue();
    const log: string[] = [];
    const work = (name: string) => async () => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      log.push(`${name} ends`);
      if (name === 'b') throw new Error('b failed');
    };
    const results = await Promise.allSettled([queue.run(work('a')), queue.run(work('b')), queue.run(work('c'))]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });
});

describe('progress', () => {
  it('tells speed and time left', () => {
    let now = 0;
    const meter = new ProgressMeter('reading', 1000, () => now);
    expect(meter.at(0)).toMatchObject({ tokensPerSecond: 0, secondsLeft: null });
    now = 2000;
    expect(meter.at(500)).toMatchObject({ tokensPerSecond: 250, secondsLeft: 2 });
    // The last token of an answer is read with the next question, and only the engine counts it.
    expect(meter.at(1001, 1001)).toMatchObject({ done: 1001, total: 1001, secondsLeft: 0 });
  });
});
