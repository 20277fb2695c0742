import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conversationOf } from '../../../electron/api/conversation.ts';
import { openApiDocument } from '../../../electron/api/openapi.ts';
import { servePrograms } from '../../../electron/api/programs.ts';
import { RateLimit } from '../../../electron/api/rate-limit.ts';
import { chatRequestSchema } from '../../../electron/api/requests.ts';
import { StopSequenceFilter } from '../../../electron/api/stop-sequence-filter.ts';
import { freePort } from '../../fixtures/api-server.ts';
import { startFakeServer } from '../../fixtures/app-server.ts';

/** Where the shortest beginning of the text that ends with a stop sequence has its longest one. */
function stopOf(text: string, stops: readonly string[]): number | undefined {
  for (let end = 1; end <= text.length; end++) {
    const done = stops.filter((stop) => text.slice(0, end).endsWith(stop)).map((stop) => stop.length);
    if (done.length > 0) return end - Math.max(...done);
  }
  return undefined;
}

describe('a stop sequence', () => {
  it('that is complete first ends the answer, also inside one that began earlier', () => {
    for (const pieces of [['abaa'], ['aba', 'a'], ['a', 'b', 'a', 'a']]) {
      let sent = '';
      const watch = new StopSequenceFilter(['abaa', 'ba'], (text) => {
        sent += text;
      });
      for (const piece of pieces) if (!watch.push(piece)) break;
      watch.end();
      expect(sent).toBe('a');
    }
  });

  it('ends an answer at the same place however it is cut into pieces', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 40 });
    fc.assert(
      fc.property(
        fc.array(letters, { maxLength: 12 }),
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 }), { maxLength: 3 }),
        (pieces, stops) => {
          let sent = '';
          const watch = new StopSequenceFilter(stops, (text) => {
            sent += text;
          });
          for (const piece of pieces) if (!watch.push(piece)) break;
          watch.end();
          const whole = pieces.join('').trimStart();
          expect(sent).toBe(whole.slice(0, stopOf(whole, stops)));
        },
      ),
    );
  });
});

describe('an answer that is told anew', () => {
  it('goes on from what was sent where it begins alike, and is whole in the end either way', () => {
    for (const sent of ['The to', 'Hm, a tower. ']) {
      let said = '';
      const watch = new StopSequenceFilter([], (text) => {
        said += text;
      });
      watch.push(sent);
      watch.restate('The tower is');
      watch.push(' high.');
      watch.end();
      expect(watch.text).toBe('The tower is high.');
      expect(said.endsWith('The tower is high.')).toBe(true);
    }
  });
});

describe('a conversation', () => {
  it('is turns of before and a question', () => {
    expect(
      conversationOf([
        { role: 'system', content: 'Short.' },
        { role: 'user', content: 'One?' },
        { role: 'user', content: 'Or two?' },
        { role: 'assistant', content: 'Two.' },
        { role: 'user', content: [{ type: 'text', text: 'Sure?' }] },
      ]),
    ).toEqual({
      files: [],
      earlier: [{ question: 'One?\n\nOr two?', answer: 'Two.' }],
      question: 'Short.\n\nSure?',
      asked: 'Sure?',
    });
  });

  it('must end with a question', () => {
    expect(() =>
      conversationOf([
        { role: 'user', content: 'One?' },
        { role: 'assistant', content: 'Two.' },
      ]),
    ).toThrow(/last message/);
    expect(() => conversationOf([{ role: 'assistant', content: 'Two.' }])).toThrow(/none before it/);
  });
});

it('the description names every field that a request may have, and no other', () => {
  const { paths } = openApiDocument();
  const { schema } = paths['/v1/chat/completions'].post.requestBody.content['application/json'] as unknown as {
    schema: { properties: object; additionalProperties: boolean; required: string[] };
  };
  expect(Object.keys(schema.properties).sort()).toEqual(Object.keys(chatRequestSchema.shape).sort());
  expect(schema).toMatchObject({ additionalProperties: false, required: ['model', 'messages'] });
  expect(JSON.parse(JSON.stringify(openApiDocument()))).toEqual(openApiDocument());
});

it('a limit counts each key alone, and forgets', () => {
  const limit = new RateLimit(2, 1000);
  expect([limit.allows('a', 0), limit.allows('a', 1), limit.allows('a', 2), limit.allows('b', 3)]).toEqual([
    true,
    true,
    false,
    true,
  ]);
  expect(limit.allows('a', 1001)).toBe(true);
});

describe('the switch', () => {
  it('is off at first, opens and closes the port with the setting, and says why it cannot', async () => {
    const server = await startFakeServer({ pieces: [] }, '/nowhere');
    const { app } = server;
    const running = await servePrograms(app);
    const port = await freePort();
    const change = async (changes: Parameters<typeof app.settings.set>[0]) => {
      app.settings.set(changes);
      await app.settings.onChange?.();
    };
    const status = () =>
      fetch(`http://127.0.0.1:${port}/v1/models`).then(
        (answer) => answer.status,
        () => 'closed',
      );
    expect(running.thisRun).toBeUndefined();
    await change({ programsPort: port });
    expect(await status()).toBe('closed');
    await change({ programs: true });
    expect(app.programs).toEqual({ address: `http://127.0.0.1:${port}/v1`, problem: null });
    expect(await status()).toBe(401);
    await change({ programs: false });
    expect(await status()).toBe('closed');
    expect(app.programs.address).toBeNull();
    await change({ programs: true, programsPort: server.port });
    expect(app.programs).toEqual({ address: null, problem: `Port ${server.port} is taken. Choose another one.` });
    running.close();
    await server.close();
  });
});
