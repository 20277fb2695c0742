/** OpenAI's client against `serve --api` with the real engine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const sample = fileURLToPath(new URL('../../assets/samples/report.pdf', import.meta.url));
/** The default model reads the sample once, which takes a busy machine minutes. */
const timeoutMs = 600_000;
const built = (name: string) => fileURLToPath(new URL(`../../out/main/${name}.js`, import.meta.url));

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'rocketdoc-programs-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('the client of OpenAI', () => {
  let child: ChildProcess;
  let client: OpenAI;
  let fileId = '';

  beforeAll(async () => {
    child = spawn(
      process.execPath,
      [built('serve'), '--api', '--no-open', '--port', '0', '--data-dir', join(dir, 'serve')],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const line = await new Promise<string>((found, failed) => {
      let said = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        const api = /^API: .+$/m.exec(said)?.[0];
        if (api) found(api);
      });
      child.once('exit', (code) => failed(new Error(`serve ended with ${code}: ${said}`)));
    });
    const [, baseURL, apiKey] = line.split(' ');
    client = new OpenAI({ baseURL, apiKey, maxRetries: 0, timeout: timeoutMs });
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await ended;
    }
  });

  const about = (question: string) => [
    {
      role: 'user' as const,
      content: [
        { type: 'file' as const, file: { file_id: fileId } },
        { type: 'text' as const, text: question },
      ],
    },
  ];
  const ask = (question: string) =>
    client.chat.completions.create({ model: 'rocketdoc', messages: about(question), max_tokens: 40 });

  it(
    'lists models, uploads, asks twice: the second time nothing is read',
    async () => {
      expect((await client.models.list()).data.length).toBeGreaterThan(0);
      const file = await client.files.create({ file: createReadStream(sample), purpose: 'user_data' });
      expect(file.filename).toBe('report.pdf');
      fileId = file.id;
      const first = await ask('Who founded the Trust in 1887?');
      expect(first.usage?.prompt_tokens_details?.cached_tokens).toBe(0);
      expect(first.choices[0]?.message.content).toContain('Josiah Penhallow');
      expect((first as { rocketdoc?: unknown }).rocketdoc).toMatchObject({
        found: true,
        evidence: [{ page: 1, sentence: expect.stringContaining('Josiah Penhallow') }],
      });
      const second = await ask('Where is the head office of the Trust?');
      const cached = second.usage?.prompt_tokens_details?.cached_tokens ?? 0;
      // Everything but the question and the template around it was cached: the document was not read again.
      expect(cached).toBeGreaterThan(5000);
      expect(second.usage?.prompt_tokens ?? 0).toBeLessThan(cached + 200);
      expect(cached).toBeLessThan(second.usage?.prompt_tokens ?? 0);
    },
    2 * timeoutMs,
  );

  it('streams the same answer as it gets whole', async () => {
    const whole = await ask("What is the name of the Trust's boat?");
    const stream = await client.chat.completions.create({
      model: 'rocketdoc',
      messages: about("What is the name of the Trust's boat?"),
      max_tokens: 40,
      stream: true,
      stream_options: { include_usage: true },
    });
    let content = '';
    let total = 0;
    for await (const chunk of stream) {
      content += chunk.choices[0]?.delta.content ?? '';
      total = chunk.usage?.total_tokens ?? total;
    }
    expect(content.trim()).toBe(whole.choices[0]?.message.content);
    expect(total).toBe(whole.usage?.total_tokens);
  });

  it('goes away in the middle of an answer, and the next one comes', async () => {
    const away = new AbortController();
    const stream = await client.chat.completions.create(
      { model: 'rocketdoc', messages: about('Tell everything about the islands.'), max_tokens: 400, stream: true },
      { signal: away.signal },
    );
    await (async () => {
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content) away.abort();
    })().catch(() => {});
    const next = await ask('Who founded the Trust in 1887?');
    expect(next.choices[0]?.message.content).toContain('Josiah Penhallow');
  });

  it('gets typed errors', async () => {
    await expect(
      client.chat.completions.create({ model: 'rocketdoc', messages: [{ role: 'user', content: 'Hello?' }] }),
    ).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    const stranger = new OpenAI({ baseURL: client.baseURL, apiKey: 'rd-none', maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  });
});
