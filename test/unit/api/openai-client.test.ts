/** OpenAI's own client against the API, with a fake engine. */
import OpenAI, { toFile } from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AskRequest } from '../../../electron/contract/engine.ts';
import { type FakeApi, startApi } from '../../fixtures/api-server.ts';
import type { FakeScript } from '../../fixtures/fake-engine.ts';

let api: FakeApi;
let client: OpenAI;
let script: FakeScript;
let log: NonNullable<FakeScript['log']>;
let calls: NonNullable<FakeScript['calls']>;

beforeEach(async () => {
  log = [];
  calls = [];
  script = { pieces: ['The tower', ' is 41', ' metres high.'], log, calls };
  api = await startApi(script);
  client = new OpenAI({ baseURL: api.baseURL, apiKey: api.key, maxRetries: 0 });
});
afterEach(() => api.close());

const text = 'The tower on Ruan is 41 metres high. It was built in 1887 by Ada Whitlock.\n';
const upload = async (content = text, name = 'tower.txt') =>
  client.files.create({ file: await toFile(Buffer.from(content), name), purpose: 'user_data' });
const about = (fileId: string, question = 'How high is the tower?') => [
  {
    role: 'user' as const,
    content: [
      { type: 'file' as const, file: { file_id: fileId } },
      { type: 'text' as const, text: question },
    ],
  },
];
const asked = () => log.filter((entry): entry is AskRequest => 'question' in entry);
const readings = () => calls.filter(({ verb }) => verb === 'readDocument').length;

describe('a program', () => {
  it('lists models, and uploads, lists, looks at and removes documents', async () => {
    const models = await client.models.list();
    expect(models.data.map(({ id }) => id)).toContain('rocketdoc');
    const file = await upload();
    expect(file).toMatchObject({ object: 'file', filename: 'tower.txt', bytes: text.length, status: 'processed' });
    expect((await client.files.list()).data.map(({ id }) => id)).toEqual([file.id]);
    expect(await client.files.retrieve(file.id)).toMatchObject({ id: file.id });
    // The same bytes are the same document.
    expect((await upload()).id).toBe(file.id);
    expect(await client.files.delete(file.id)).toMatchObject({ id: file.id, deleted: true });
    await expect(client.files.retrieve(file.id)).rejects.toMatchObject({ status: 404, code: 'file_not_found' });
  });

  it('asks about a file, which is read once, and gets evidence and usage', async () => {
    const { id } = await upload();
    const first = await client.chat.completions.create({ model: 'rocketdoc', messages: about(id), max_tokens: 64 });
    expect(first.choices).toMatchObject([
      { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'The tower is 41 metres high.' } },
    ]);
    expect(first.usage).toMatchObject({ prompt_tokens: 420, completion_tokens: 12, total_tokens: 432 });
    expect(first.usage?.prompt_tokens_details?.cached_tokens).toBe(0);
    expect((first as { rocketdoc?: unknown }).rocketdoc).toMatchObject({
      file_id: id,
      found: true,
      unsupported: [],
      evidence: [{ page: 1, sentence: 'The tower on Ruan is 41 metres high.', kind: 'matched' }],
    });
    const second = await client.chat.completions.create({ model: 'rocketdoc', messages: about(id, 'Who built it?') });
    expect(second.usage?.prompt_tokens_details?.cached_tokens).toBe(400);
    expect(readings()).toBe(1);
    expect(asked().map(({ question }) => question)).toEqual(['How high is the tower?', 'Who built it?']);
  });

  it('says how it is answered: sampling, length, mode, budget, turns of before, a system message', async () => {
    const { id } = await upload();
    await client.chat.completions.create({
      model: 'rocketdoc',
      temperature: 0.5,
      top_p: 0.9,
      seed: 7,
      max_completion_tokens: 33,
      messages: [
        { role: 'system', content: 'Answer in one word.' },
        ...about(id, 'Who built it?'),
        { role: 'assistant', content: 'Ada Whitlock.' },
        { role: 'user', content: 'When?' },
      ],
      rocketdoc: { mode: 'snapkv', budget: 256 },
    } as never);
    expect(asked()[0]).toMatchObject({
      question: 'Answer in one word.\n\nWhen?',
      earlier: [{ question: 'Who built it?', answer: 'Ada Whitlock.' }],
      mode: 'snapkv',
      rocket: { tokenBudget: 256 },
      maxNew: 33,
      sampler: { temperature: 0.5, topP: 0.9, seed: 7 },
    });
  });

  it('names an effort: the document is read with it, and again only for another one', async () => {
    script.hasEffort = true;
    await api.app.supervisor.reopen();
    const { id } = await upload();
    const effortAfter = async (reasoning_effort: OpenAI.ReasoningEffort | undefined) => {
      const named = reasoning_effort === undefined ? {} : { reasoning_effort };
      await client.chat.completions.create({ model: 'rocketdoc', messages: about(id), ...named });
      const read = calls.findLast(({ verb }) => verb === 'readDocument')?.input as { effort?: string };
      return [read.effort, readings()];
    };
    expect(await effortAfter('high')).toEqual(['high', 1]);
    expect(await effortAfter('xhigh')).toEqual(['high', 1]);
    expect(await effortAfter('minimal')).toEqual(['low', 2]);
    expect(await effortAfter('none')).toEqual(['low', 2]);
    // None named: the one of the settings.
    expect(await effortAfter(undefined)).toEqual(['medium', 3]);
    expect(await effortAfter(null)).toEqual(['medium', 3]);
    api.app.settings.set({ effort: 'low' });
    expect(await effortAfter(undefined)).toEqual(['low', 4]);
    script.hasEffort = false;
    await api.app.supervisor.reopen();
    expect(await effortAfter('high')).toEqual(['medium', 5]);
    expect(await effortAfter('low')).toEqual(['medium', 5]);
  });

  it('sends a document as base64, and several are one', async () => {
    const file_data = `data:text/plain;base64,${Buffer.from(text).toString('base64')}`;
    const part = (name: string, data: string) => ({ type: 'file' as const, file: { filename: name, file_data: data } });
    const other = `data:text/plain;base64,${Buffer.from('The lamp is red.\n').toString('base64')}`;
    const answer = await client.chat.completions.create({
      model: 'rocketdoc',
      messages: [
        {
          role: 'user',
          content: [part('a.txt', file_data), part('../../b.txt', other), { type: 'text', text: 'High?' }],
        },
      ],
    });
    expect(answer.choices[0]?.message.content).toContain('41');
    const names = api.app.documents.list().map(({ name, joined }) => `${name} ${joined}`);
    expect(names).toHaveLength(3);
    expect(names.join()).toContain('b.txt 0');
    expect(names.join()).not.toContain('/');
  });

  it('streams, with usage at the end', async () => {
    const { id } = await upload();
    const stream = await client.chat.completions.create({
      model: 'rocketdoc',
      messages: about(id),
      stream: true,
      stream_options: { include_usage: true },
    });
    let content = '';
    let chunks = 0;
    const last: { finish: unknown; usage: unknown; evidence: unknown } = { finish: null, usage: null, evidence: null };
    for await (const chunk of stream) {
      chunks++;
      content += chunk.choices[0]?.delta.content ?? '';
      last.finish ??= chunk.choices[0]?.finish_reason;
      last.usage ??= chunk.usage;
      last.evidence ??= (chunk as { rocketdoc?: unknown }).rocketdoc;
    }
    expect(content).toBe('The tower is 41 metres high.');
    expect(chunks).toBeGreaterThan(3);
    expect(last).toMatchObject({ finish: 'stop', usage: { total_tokens: 432 }, evidence: { found: true } });
  });

  it('tells what was thought apart from the answer, streamed or not', async () => {
    const { id } = await upload();
    script.thoughts = ['The text says', ' 41 metres.'];
    const whole = await client.chat.completions.create({ model: 'rocketdoc', messages: about(id) });
    expect(whole.choices[0]?.message).toMatchObject({
      content: 'The tower is 41 metres high.',
      reasoning_content: 'The text says 41 metres.',
    });
    expect(whole.usage?.completion_tokens_details?.reasoning_tokens).toBe(2);
    let content = '';
    let thought = '';
    for await (const chunk of await client.chat.completions.create({
      model: 'rocketdoc',
      messages: about(id),
      stream: true,
    })) {
      const delta = chunk.choices[0]?.delta as { content?: string; reasoning_content?: string } | undefined;
      content += delta?.content ?? '';
      thought += delta?.reasoning_content ?? '';
    }
    expect({ content, thought }).toEqual({
      content: 'The tower is 41 metres high.',
      thought: 'The text says 41 metres.',
    });
  });

  it('ends an answer at a stop sequence, wherever its pieces are cut', async () => {
    const { id } = await upload();
    script.pieces = ['One. E', 'N', 'D two. Three.'];
    const answer = await client.chat.completions.create({ model: 'rocketdoc', messages: about(id), stop: ['END'] });
    expect(answer.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'One.' } });
  });

  it('that goes away ends its answer, and the next one is answered', async () => {
    const { id } = await upload();
    await client.chat.completions.create({ model: 'rocketdoc', messages: about(id) });
    script.answering = new Promise(() => {});
    const away = new AbortController();
    const stream = await client.chat.completions.create(
      { model: 'rocketdoc', messages: about(id), stream: true },
      { signal: away.signal },
    );
    const seen = (async () => {
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content) away.abort();
    })();
    await seen.catch(() => {});
    await expect.poll(() => api.app.jobs.list).toEqual([]);
    script.answering = undefined;
    const answer = await client.chat.completions.create({ model: 'rocketdoc', messages: about(id) });
    expect(answer.choices[0]?.message.content).toContain('41');
  });

  it('waits for its turn behind others, and no longer line is let in', async () => {
    const { id } = await upload();
    await client.chat.completions.create({ model: 'rocketdoc', messages: about(id) });
    let release = () => {};
    script.answering = new Promise((resolve) => (release = resolve));
    const many = Array.from({ length: 12 }, (_, i) =>
      client.chat.completions.create({ model: 'rocketdoc', messages: about(id, `Question ${i}?`) }).then(
        () => 'answered',
        (error: { status?: number; code?: string }) => `${error.status} ${error.code}`,
      ),
    );
    await expect.poll(() => api.app.jobs.list.length).toBe(1);
    const late = await Promise.all(many.slice(8));
    expect(new Set(late)).toEqual(new Set(['429 rate_limit_exceeded']));
    release();
    expect(new Set(await Promise.all(many.slice(0, 8)))).toEqual(new Set(['answered']));
  });
});

describe('what is refused says why, in typed errors', () => {
  const create = (body: object) =>
    client.chat.completions.create({ model: 'rocketdoc', messages: [], ...body } as never);

  it.each([
    ['no document', { messages: [{ role: 'user', content: 'Hello?' }] }, 400, 'missing_file', 'messages'],
    ['no question', { messages: [{ role: 'system', content: 'Be short.' }] }, 400, 'invalid_value', 'messages'],
    [
      'an unknown model',
      { model: 'gpt-9', messages: [{ role: 'user', content: 'a' }] },
      404,
      'model_not_found',
      'model',
    ],
    [
      'tools',
      { messages: [{ role: 'user', content: 'a' }], tools: [{ type: 'function' }] },
      400,
      'invalid_value',
      'tools',
    ],
    ['two answers', { messages: [{ role: 'user', content: 'a' }], n: 2 }, 400, 'invalid_value', 'n'],
    [
      'an unknown field',
      { messages: [{ role: 'user', content: 'a' }], logit_bias: {} },
      400,
      'unsupported_parameter',
      'logit_bias',
    ],
    [
      'a picture',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
      400,
      'invalid_value',
      undefined,
    ],
    [
      'a temperature',
      { messages: [{ role: 'user', content: 'a' }], temperature: -1 },
      400,
      'invalid_value',
      'temperature',
    ],
    [
      'a number beyond all',
      { messages: [{ role: 'user', content: 'a' }], seed: 2 ** 63 },
      400,
      'invalid_value',
      'seed',
    ],
    [
      'no such file',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'file', file: { file_id: 'file-../../etc' } },
              { type: 'text', text: 'a' },
            ],
          },
        ],
      },
      404,
      'file_not_found',
      'file_id',
    ],
    [
      'broken base64',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'file', file: { filename: 'a.txt', file_data: 'data:;base64,***' } },
              { type: 'text', text: 'a' },
            ],
          },
        ],
      },
      400,
      'invalid_file',
      'file_data',
    ],
  ])('%s', async (_, body, status, code, param) => {
    await expect(create(body)).rejects.toMatchObject({ status, code, ...(param === undefined ? {} : { param }) });
  });

  it('a wrong key, and a key that was revoked', async () => {
    const stranger = new OpenAI({ baseURL: api.baseURL, apiKey: 'rd-wrong', maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    const { key, id } = api.app.keys.create('my editor');
    const own = new OpenAI({ baseURL: api.baseURL, apiKey: key, maxRetries: 0 });
    expect((await own.models.list()).data.length).toBeGreaterThan(0);
    expect(api.app.keys.list()).toMatchObject([
      { name: 'my editor', begins: key.slice(0, 8), usedAt: expect.any(Number) },
    ]);
    expect(JSON.stringify(api.app.keys.list())).not.toContain(key);
    api.app.keys.revoke(id);
    await expect(own.models.list()).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' });
  });

  it('a document of the person is not removed', async () => {
    const { id } = await upload();
    const documentId = id.slice('file-'.length);
    const chat = api.app.chats.create(documentId);
    api.app.chats.saveDraft(chat.id, 'A question that was begun');
    await expect(client.files.delete(id)).rejects.toMatchObject({ status: 403, code: 'file_not_removable' });
    expect(api.app.documents.has(documentId)).toBe(true);
  });

  it('a failure of the engine, whole and in a stream', async () => {
    const { id } = await upload();
    await client.chat.completions.create({ model: 'rocketdoc', messages: about(id) });
    script.dieAfter = 1;
    await expect(client.chat.completions.create({ model: 'rocketdoc', messages: about(id) })).rejects.toMatchObject({
      status: 503,
      code: 'engine_restarting',
    });
    script.dieAfter = undefined;
    const again = await client.chat.completions.create({ model: 'rocketdoc', messages: about(id) });
    // The new engine had to read the document again.
    expect(again.usage?.prompt_tokens_details?.cached_tokens).toBe(0);
  });
});
