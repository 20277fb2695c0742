/**
 * The Models screen in a real browser against the real server and engine: a model is fetched over HTTP from this machine (the
 * embedded model's bytes under another name), paused, gone on with, checked, switched to, and asked a question.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FileServer, startFileServer } from '../fixtures/file-server.ts';
import { dropFile, openWindow, root } from './browser.ts';
import { inChromium, useRealWindow } from './opened-window.ts';

const text = '# The lighthouse\n\nThe lighthouse of Norden was built in 1887 by Anna Berg. It is 41 metres high.\n';

inChromium('models', () => {
  let files: FileServer;
  let page: Page;
  const opened = useRealWindow(32, async (dir) => {
    const bytes = readFileSync(join(root, 'assets', 'models', 'SmolLM2-135M-Instruct.Q4_1.gguf'));
    files = await startFileServer({ bytes, etag: '"one"', pauseMs: 4 });
    const facts = { contextTokens: 8192, weightType: 'q4_1', layers: 30, kvHeads: 3, headDim: 64 };
    const entry = {
      id: 'tested',
      title: 'A tested model',
      publisher: 'Nobody',
      licence: 'Apache-2.0',
      note: 'For this test.',
      url: files.url,
      fileName: 'tested.gguf',
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      ...facts,
    };
    const unreachable = {
      ...entry,
      id: 'far',
      title: 'A far model',
      fileName: 'far.gguf',
      url: 'http://127.0.0.1:1/f',
    };
    const huge = { ...entry, id: 'huge', title: 'A huge model', fileName: 'huge.gguf', bytes: 2 ** 50, note: '' };
    writeFileSync(join(dir, 'catalogue.json'), JSON.stringify({ models: [entry, unreachable, huge] }));
    mkdirSync(join(dir, 'mine'));
    writeFileSync(join(dir, 'mine', 'letter.gguf'), '<html>this is no model</html>');
    return ['--catalogue', join(dir, 'catalogue.json'), '--models', join(dir, 'mine')];
  });
  beforeAll(() => {
    page = opened.page;
  });
  afterAll(() => files?.close());

  const dialog = () => page.getByRole('dialog', { name: 'Models' });
  const row = (title: string) => dialog().getByRole('listitem', { name: title });
  const progress = () => page.getByTestId('download-tested');
  const state = () => page.getByTestId('engine-state');

  it('are listed with size, licence, context and what fits, and nothing is fetched', async () => {
    await page.getByText(/reads up to 8,192 tokens/).waitFor({ timeout: 120_000 });
    await page.keyboard.press('Control+Shift+M');
    const embedded = row('SmolLM2-135M-Instruct');
    await embedded.getByText('In use').waitFor({ timeout: 60_000 });
    await embedded
      .getByText(/^93.8 MB, llama, q4_1, reads 8,192 tokens, 23,040 bytes of KV a token, Apache-2.0/)
      .waitFor();
    await embedded.getByText('Fits', { exact: true }).waitFor();
    await row('A tested model').getByText('Fits', { exact: true }).waitFor();
    await row('A huge model').getByText('Does not fit').waitFor();
    await row('letter')
      .getByText(/letter\.gguf is not a model: it is a web page/)
      .waitFor({ timeout: 60_000 });
    expect(await dialog().innerText()).not.toContain(opened.dataDir);
    expect(files.requests).toEqual([]);
  }, 200_000);

  it('say before a download that the disk has no room, and during it that a server cannot be reached', async () => {
    await row('A huge model')
      .getByRole('button', { name: /^Download/ })
      .click();
    await row('A huge model')
      .getByText(/needs 1048576 GB more on this disk/)
      .waitFor();
    await row('A far model')
      .getByRole('button', { name: /^Download/ })
      .click();
    await row('A far model')
      .getByText(/cannot reach 127\.0\.0\.1/)
      .waitFor({ timeout: 30_000 });
    await row('A far model').getByRole('button', { name: 'Download again' }).waitFor();
    await row('A far model').getByRole('button', { name: 'Leave it' }).click();
    await row('A far model')
      .getByRole('button', { name: /^Download/ })
      .waitFor();
  }, 60_000);

  it('are fetched with pause and going on, checked, and then belong to this machine', async () => {
    await row('A tested model').getByRole('button', { name: 'Download A tested model, 93.8 MB' }).press('Enter');
    await expect
      .poll(() => progress().innerText(), { timeout: 20_000 })
      .toMatch(/^[1-9]\d? %, [\d.]+ MB of 93\.8 MB, .+\/s, .+ left$/);
    files.script.pauseMs = 500; // until it is paused
    await row('A tested model').getByRole('button', { name: 'Pause A tested model' }).click();
    await expect.poll(() => progress().innerText()).toMatch(/^Paused at \d+ %/);
    const asked = files.requests.length;
    files.script.pauseMs = 0;
    await row('A tested model').getByRole('button', { name: 'Go on with A tested model' }).click();
    await row('A tested model')
      .getByRole('button', { name: 'Use A tested model', exact: true })
      .waitFor({ timeout: 60_000 });
    expect(files.requests).toHaveLength(asked + 1);
    expect(files.requests.at(-1)).toMatchObject({ range: expect.stringMatching(/^bytes=\d+-$/), ifRange: '"one"' });
    expect(readFileSync(join(opened.dataDir, 'models', 'tested.gguf')).equals(files.script.bytes)).toBe(true);
  }, 120_000);

  it('take the place of the other after saying what that costs, and answer', async () => {
    await page.keyboard.press('Escape');
    await dropFile(page, 'lighthouse.md', text);
    await page.getByRole('button', { name: 'Read document' }).click({ timeout: 60_000 });
    const field = page.getByRole('textbox', { name: /^Ask / });
    await field.waitFor({ timeout: 60_000 });
    await page.keyboard.press('Control+Shift+M');
    await row('A tested model').getByRole('button', { name: 'Use A tested model', exact: true }).click();
    await row('A tested model')
      .getByText(/1 document in memory is let go and must be read again/)
      .waitFor();
    await row('A tested model').getByRole('button', { name: 'Switch to A tested model' }).click();
    await row('A tested model').getByText('In use').waitFor({ timeout: 60_000 });
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /^A tested model, / }).waitFor();
    // Its tokens are counted again, with this model's vocabulary.
    await page.getByText(/^Fits A tested model/).waitFor({ timeout: 60_000 });
    // The weights are the same under another name, so the KV that the first model kept can be loaded.
    await page.getByRole('button', { name: 'Load document' }).click();
    await field.waitFor({ timeout: 60_000 });
    await field.fill('When was the lighthouse built?');
    await field.press('Enter');
    await page.getByTestId('answer-stats').waitFor({ timeout: 120_000 });
    expect((await page.locator('article .prose').innerText()).trim()).not.toBe('');
  }, 300_000);

  it('stay chosen over a restart; one whose file is gone is said so, and one button goes back', async () => {
    await opened.server.stop();
    opened.page.close();
    rmSync(join(opened.dataDir, 'models', 'tested.gguf'));
    const again = await openWindow(opened.browser, await opened.server.start());
    page = again.page;
    const problem = page.getByRole('alert').filter({ hasText: 'A tested model is not there any more' });
    await problem.waitFor({ timeout: 60_000 });
    expect(await state().textContent()).toBe('The engine is not running');
    expect(await page.locator('body').innerText()).not.toContain(opened.dataDir);
    await problem.getByRole('button', { name: 'Choose another model' }).click();
    await row('A tested model').getByText('Chosen, not running').waitFor({ timeout: 60_000 });
    await page.keyboard.press('Escape');
    await problem.getByRole('button', { name: 'Use the embedded model' }).click();
    await state().getByText('Ready').waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: /^Qwen2\.5-Coder-0\.5B-Instruct, / }).waitFor();
    expect([...opened.outbound, ...again.outbound, ...again.complaints]).toEqual([]);
  }, 200_000);
});
