/** An MCP client over stdio, with the real engine. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const sample = fileURLToPath(new URL('../../assets/samples/report.pdf', import.meta.url));
const built = (name: string) => fileURLToPath(new URL(`../../out/main/${name}.js`, import.meta.url));

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'rocketdoc-programs-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The default model reads the sample once, which takes a busy machine minutes. */
const timeoutMs = 600_000;

describe('an MCP client', () => {
  let client: Client;
  let document = '';
  const said = async (name: string, input: object = {}, signal?: AbortSignal) => {
    const options = { timeout: timeoutMs, ...(signal ? { signal } : {}) };
    const result = await client.callTool({ name, arguments: { ...input } }, undefined, options);
    const content = result.content as { type: string; text: string }[];
    const { usage } = (result.structuredContent ?? {}) as Pick<OpenAI.ChatCompletion, 'usage'>;
    return {
      text: content.map((part) => part.text).join('\n'),
      isError: result.isError === true,
      cached: usage?.prompt_tokens_details?.cached_tokens,
    };
  };

  beforeAll(async () => {
    const folder = join(dir, 'allowed');
    mkdirSync(folder);
    copyFileSync(sample, join(folder, 'report.pdf'));
    writeFileSync(join(dir, 'secret.txt'), 'A secret.');
    client = new Client({ name: 'test', version: '1' });
    await client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [built('mcp'), '--folder', folder, '--data-dir', join(dir, 'mcp')],
        stderr: 'inherit',
      }),
    );
  });
  afterAll(() => client.close());

  it(
    'finds five tools and asks with them',
    async () => {
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name).sort()).toEqual([
        'add_document',
        'ask_document',
        'list_documents',
        'read_pages',
        'search_documents',
      ]);
      expect((await said('list_documents')).text).toBe('The library is empty.');
      const added = await said('add_document', { path: join(dir, 'allowed', 'report.pdf') });
      document = added.text.split(' ')[0] ?? '';
      expect(added.text).toContain('report.pdf, 14 pages');
      expect((await said('list_documents')).text).toContain(document);
      const first = await said('ask_document', { document, question: 'Who founded the Trust in 1887?' });
      expect(first.text).toContain('Josiah Penhallow');
      expect(first.text).toContain('[p. 1] "The Trust was founded in 1887 by a fish merchant named Josiah Penhallow."');
      expect(first.cached).toBe(0);
      const second = await said('ask_document', { document, question: 'Where is the head office of the Trust?' });
      expect(second.text).toMatch(/\[p. 2\] "The head office of the Trust is at 14 Cooper['’]s Wharf/);
      // Everything but the question and the template around it was cached: the document was not read again.
      expect(second.cached).toBeGreaterThan(5000);
      expect((await said('read_pages', { document, from: 2 })).text).toContain('The Trust at a glance');
      expect((await said('search_documents', { query: 'Patient Margaret' })).text).toContain(document);
    },
    2 * timeoutMs,
  );

  it(
    'is cancelled in the middle of an answer, and the next question is answered',
    async () => {
      const away = new AbortController();
      const long = said('ask_document', { document, question: 'Tell everything about the islands.' }, away.signal);
      setTimeout(() => away.abort(), 500);
      await expect(long).rejects.toThrow();
      expect((await said('ask_document', { document, question: 'Who founded the Trust in 1887?' })).text).toContain(
        'Josiah Penhallow',
      );
    },
    2 * timeoutMs,
  );

  it('adds nothing from elsewhere, and says what is wrong', async () => {
    for (const path of [
      join(dir, 'secret.txt'),
      join(dir, 'allowed', '..', 'secret.txt'),
      '/etc/hostname',
      'report.pdf',
    ])
      expect(await said('add_document', { path }), path).toMatchObject({ isError: true });
    expect((await said('list_documents')).text).not.toContain('secret');
    expect(await said('ask_document', { document: 'file-none', question: 'What?' })).toMatchObject({
      isError: true,
      text: 'There is no file file-none.',
    });
    expect((await said('read_pages', { document: 'file-none', from: 1 })).isError).toBe(true);
  });

  it('speaks to the one that has the library open, where there is one', async () => {
    const second = new Client({ name: 'second', version: '1' });
    await second.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [built('mcp'), '--data-dir', join(dir, 'mcp')],
        stderr: 'inherit',
      }),
    );
    const { content } = await second.callTool({ name: 'list_documents', arguments: {} });
    expect(content).toEqual([{ type: 'text', text: (await said('list_documents')).text }]);
    await second.close();
    // The first server still has the library open.
    expect((await said('list_documents')).isError).toBe(false);
  });
});
