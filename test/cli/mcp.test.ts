/** An MCP client over stdio, with the real engine. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { islandsText as text } from '../fixtures/islands.ts';

const built = (name: string) => fileURLToPath(new URL(`../../out/main/${name}.js`, import.meta.url));

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'rocketdoc-programs-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('an MCP client', () => {
  let client: Client;
  const said = async (name: string, input: object = {}) => {
    const result = await client.callTool({ name, arguments: { ...input } }, undefined, { timeout: 280_000 });
    const content = result.content as { type: string; text: string }[];
    return { text: content.map((part) => part.text).join('\n'), isError: result.isError === true };
  };

  beforeAll(async () => {
    const folder = join(dir, 'allowed');
    mkdirSync(folder);
    writeFileSync(join(folder, 'islands.txt'), text);
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

  it('finds five tools and asks with them', async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual([
      'add_document',
      'ask_document',
      'list_documents',
      'read_pages',
      'search_documents',
    ]);
    expect((await said('list_documents')).text).toBe('The library is empty.');
    const added = await said('add_document', { path: join(dir, 'allowed', 'islands.txt') });
    const document = added.text.split(' ')[0] ?? '';
    expect(added.text).toContain('islands.txt');
    expect((await said('list_documents')).text).toBe(added.text.replace(/$/, ''));
    const first = await said('ask_document', { document, question: 'Who is the keeper of the lighthouse?' });
    expect(first.text).toContain('Oona Farrier');
    expect(first.text).toContain('[p. 1] "The keeper of the lighthouse is called Oona Farrier."');
    expect((await said('ask_document', { document, question: 'Who is the keeper of the lighthouse?' })).text).toBe(
      first.text,
    );
    expect((await said('read_pages', { document, from: 1 })).text).toContain(
      'The boat of the islands is called the Patient Margaret.',
    );
    expect((await said('search_documents', { query: 'Patient Margaret' })).text).toContain(document);
  });

  it('adds nothing from elsewhere, and says what is wrong', async () => {
    for (const path of [
      join(dir, 'secret.txt'),
      join(dir, 'allowed', '..', 'secret.txt'),
      '/etc/hostname',
      'islands.txt',
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
    // The first one's library stays open.
    expect((await said('list_documents')).isError).toBe(false);
  });
});
