/** A host that dies, hangs or sends garbage gives an AppError, never an unhandled rejection. */
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { defaultSampler, rocketOptionsFor } from '../../../electron/contract/method.ts';
import {
  type EngineClient,
  type EngineClientOptions,
  startEngine,
} from '../../../electron/engine-host/engine-client.ts';
import { forkHost } from '../../../electron/hosts/fork-host.ts';

const clients: EngineClient[] = [];
afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));

function start(host: string, options: EngineClientOptions = {}): EngineClient {
  const hostFile = fileURLToPath(new URL(`./hosts/${host}.ts`, import.meta.url));
  const startHost = () => forkHost(hostFile, { execArgv: ['--import', 'tsx'] });
  const client = startEngine({ startHost, ...options });
  clients.push(client);
  return client;
}

const method = { mode: 'full' as const, rocket: rocketOptionsFor({ mode: 'full' }), maxNew: 20 };

async function openChat(client: EngineClient) {
  const text = 'A short document.';
  const pages = [{ label: '1', start: 0, end: text.length }];
  const planFor = { ...method, question: 'Q?' };
  for await (const event of await client.verbs.readDocument({
    text,
    pages,
    kvType: 'f16',
    segment: 64,
    tile: 8,
    planFor,
  }))
    if (event.type === 'done') return client.verbs.newChat({ documentId: event.documentId });
  throw new Error('not read');
}

describe('a host that fails', () => {
  it('by aborting: ENGINE_CRASH with its last words', async () => {
    const { verbs } = start('crashing-host');
    const error = { code: 'ENGINE_CRASH', message: expect.stringContaining('GGML_ASSERT(ne00 == ne10) failed') };
    await expect(verbs.inspect({ path: 'x' })).rejects.toMatchObject(error);
    await expect(verbs.inspect({ path: 'x' })).rejects.toMatchObject({ code: 'ENGINE_CRASH' });
  });

  it('by an error of the GPU: said first, with what ggml printed', async () => {
    const { verbs } = start('gpu-fault-host');
    const { code, message } = await verbs.inspect({ path: 'x' }).then(
      () => ({ code: '', message: '' }),
      (error) => error,
    );
    expect(code).toBe('ENGINE_CRASH');
    const [first, ...said] = message.split('\n');
    expect(first).toBe('The engine ended with a GPU error (an illegal memory access was encountered).');
    expect(said).toContain('ggml-cuda.cu:103: CUDA error');
    expect(message).not.toContain('#1');
  });

  it('by hanging: ENGINE_HUNG, and the process is gone', async () => {
    const client = start('hanging-host', { pingMs: 50, missedPings: 4 });
    await expect(client.verbs.inspect({ path: 'x' })).rejects.toMatchObject({ code: 'ENGINE_HUNG' });
    await expect.poll(() => isAlive(client.pid)).toBe(false);
  });

  it('by never starting: ENGINE_HUNG', async () => {
    const client = start('silent-host', { startMs: 300 });
    await expect(client.verbs.inspect({ path: 'x' })).rejects.toMatchObject({ code: 'ENGINE_HUNG' });
  });

  it('by not existing: ENGINE_CRASH', async () => {
    const client = start('no-such-host');
    await expect(client.verbs.inspect({ path: 'x' })).rejects.toMatchObject({ code: 'ENGINE_CRASH' });
  });

  it('by talking nonsense: ENGINE_CRASH when it ends', async () => {
    const client = start('garbage-host');
    await expect(client.verbs.inspect({ path: 'x' })).rejects.toMatchObject({ code: 'ENGINE_CRASH' });
  });

  it('in the middle of an answer: the stream throws ENGINE_CRASH', async () => {
    const client = start('streaming-host');
    const { chatId } = await openChat(client);
    const ask = { ...method, chatId, question: 'Please die', sampler: defaultSampler };
    const reading = (async () => {
      for await (const event of await client.verbs.ask(ask)) if (event.type === 'done') return;
    })();
    await expect(reading).rejects.toMatchObject({
      code: 'ENGINE_CRASH',
      message: expect.stringContaining('exit code 7'),
    });
  });
});

describe('a host that works', () => {
  it('streams an answer, and errors keep their code', async () => {
    const client = start('streaming-host');
    const { chatId } = await openChat(client);
    const ask = { ...method, chatId, question: 'Hello?', sampler: defaultSampler };
    const kinds: string[] = [];
    for await (const event of await client.verbs.ask(ask)) kinds.push(event.type);
    expect(kinds.at(-1)).toBe('done');
    await expect(client.verbs.newChat({ documentId: 'nothing' })).rejects.toMatchObject({ code: 'CLOSED' });
    const late = (async () => {
      for await (const _ of await client.verbs.ask({ ...ask, chatId: 'nobody' }));
    })();
    await expect(late).rejects.toMatchObject({ code: 'CLOSED', message: expect.stringContaining('not open') });
    await expect(client.verbs.inspect({ path: '' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('says with a lack of memory what would fit, and answers the next question', async () => {
    const client = start('streaming-host');
    const { chatId } = await openChat(client);
    const ask = async (question: string) => {
      const request = { ...method, chatId, question, sampler: defaultSampler };
      for await (const event of await client.verbs.ask(request)) if (event.type === 'done') return event.answer;
      return undefined;
    };
    await expect(ask('Too large?')).rejects.toMatchObject({
      code: 'GPU_OOM',
      message: 'There is too little.',
      shortage: {
        place: 'gpu',
        needed: 3000,
        available: 2000,
        proposals: [{ changes: { mode: 'rocketkv-mt', documentHome: 'host' }, needed: 1500 }],
      },
    });
    expect(await ask('Hello?')).toBe('Hello.');
  });

  it('stops an answer when the signal fires', async () => {
    const client = start('streaming-host');
    const { chatId } = await openChat(client);
    const stop = new AbortController();
    const ask = { ...method, chatId, question: 'Please wait', sampler: defaultSampler };
    const reading = (async () => {
      for await (const event of await client.verbs.ask(ask, { signal: stop.signal }))
        if (event.type === 'progress') stop.abort();
    })();
    await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' });
    // The host takes the next question, and the chat is as it was before the cancelled one.
    for await (const event of await client.verbs.ask({ ...ask, question: 'Hello?' }))
      if (event.type === 'done') expect(event.answer).toBe('Hello.');
  });

  it('closes twice, and refuses afterwards', async () => {
    const client = start('streaming-host');
    await openChat(client);
    await Promise.all([client.close(), client.close()]);
    await expect(client.verbs.inspect({ path: 'x' })).rejects.toMatchObject({ code: 'CLOSED' });
    expect(isAlive(client.pid)).toBe(false);
  });
});

function isAlive(pid: number | undefined): boolean {
  try {
    process.kill(pid ?? 0, 0);
    return pid !== undefined;
  } catch {
    return false;
  }
}
