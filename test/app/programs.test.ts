/** Dialogs of the window: programs with keys, the configuration for agents, models of a repository and of a folder. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningPrograms, servePrograms } from '../../electron/api/programs.ts';
import { freePort } from '../fixtures/api-server.ts';
import { type Hub, startHub } from '../fixtures/hugging-face.ts';
import { inChromium, useFakeWindow } from './opened-window.ts';

let hub: Hub;
let programs: RunningPrograms;
const script = { pieces: ['Forty.'] };

beforeAll(async () => {
  const bytes = Buffer.concat([Buffer.from('GGUF'), Buffer.alloc(4096)]);
  hub = await startHub({
    repository: 'somebody/tiny-GGUF',
    revision: 'a'.repeat(40),
    files: [
      { path: 'tiny.Q4_K_M.gguf', bytes },
      { path: 'tiny.Q8_0.gguf', bytes },
    ],
  });
});
afterAll(() => hub?.close());

inChromium('settings for programs', () => {
  const opened = useFakeWindow(script);
  beforeAll(async () => {
    const { app } = opened.server;
    app.settings.set({ programsPort: await freePort() });
    programs = await servePrograms(app);
    await opened.page.reload();
  });
  afterAll(() => programs?.close());

  it('open the port, make a key that is shown once and works, and revoke it', async () => {
    const { page, server } = opened;
    const settings = page.getByRole('dialog', { name: 'Settings' });
    await page.keyboard.press('Control+,');
    await settings.getByRole('tab', { name: 'Programs' }).click();
    await settings.getByLabel('Programs may ask').selectOption('on');
    const address = `http://127.0.0.1:${server.app.settings.get().programsPort}/v1`;
    await settings.getByText(address).waitFor();
    await settings.getByPlaceholder('Name of the program').fill('An editor');
    await settings.getByRole('button', { name: 'New key' }).click();
    const made = await settings.getByText('The new key, shown only now:').locator('code').innerText();
    const status = async () =>
      (await fetch(`${address}/models`, { headers: { Authorization: `Bearer ${made}` } })).status;
    expect(await status()).toBe(200);
    await settings.getByRole('button', { name: 'Revoke the key of An editor' }).click();
    await expect.poll(status).toBe(401);
    await settings.getByLabel('Programs may ask').selectOption('off');
    await expect.poll(() => status().catch(() => 'closed')).toBe('closed');
  });

  it('have the block for an agent, which the clipboard gets', async () => {
    const { page, browser } = opened;
    await browser.contexts()[0]?.grantPermissions(['clipboard-read', 'clipboard-write']);
    const settings = page.getByRole('dialog', { name: 'Settings' });
    const shown = await settings.getByRole('textbox', { name: 'Agents (MCP)' }).inputValue();
    expect(JSON.parse(shown).mcpServers.rocketdoc.args[0]).toMatch(/out\/main\/mcp\.js$/);
    await settings.getByRole('button', { name: 'Copy the configuration' }).click();
    await settings.getByRole('button', { name: 'Copied' }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(shown);
  });
});

inChromium('models that the catalogue does not have', () => {
  const home = mkdtempSync(join(tmpdir(), 'rocketdoc-home-'));
  const { HOME, USERPROFILE } = process.env;
  const opened = useFakeWindow(script, () => ({ huggingFace: hub.origin }));
  beforeAll(() => {
    mkdirSync(join(home, 'shelf', 'empty'), { recursive: true });
    writeFileSync(join(home, 'shelf', 'letter.gguf'), 'GGUF and more');
    writeFileSync(join(home, 'shelf', 'secret.txt'), 'Not told.');
    // The folder browser begins in the home folder.
    Object.assign(process.env, { HOME: home, USERPROFILE: home });
  });
  afterAll(() => {
    Object.assign(process.env, { HOME: HOME ?? '', USERPROFILE: USERPROFILE ?? '' });
    rmSync(home, { recursive: true, force: true });
  });

  const models = () => opened.page.getByRole('dialog', { name: 'Models' });

  it('are looked up in a repository, with what each takes', async () => {
    const { page } = opened;
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Search actions' }).fill('models');
    await page.locator('[role=option][data-highlighted]').waitFor();
    await page.keyboard.press('Enter');
    await models()
      .getByLabel(/^Add from Hugging Face/)
      .fill('not an address at all');
    await models().getByRole('button', { name: 'Look up' }).click();
    await models()
      .getByRole('alert')
      .getByText(/owner\/name/)
      .waitFor();
    await models()
      .getByLabel(/^Add from Hugging Face/)
      .fill('somebody/tiny-GGUF');
    await models().getByRole('button', { name: 'Look up' }).click();
    const found = models().getByRole('region', { name: 'somebody/tiny-GGUF' });
    await found.getByRole('button', { name: /^Download Q4_K_M/ }).waitFor();
    expect(await found.getByRole('listitem').count()).toBe(2);
    expect(hub.requests.some((line) => line.includes('/api/models/somebody/tiny-GGUF'))).toBe(true);
  });

  it('are looked for in folders of the machine', async () => {
    await models().getByRole('button', { name: 'Look for a model file or folder' }).click();
    const chooser = models().getByRole('region', { name: /^Folder / });
    await chooser.getByRole('button', { name: 'Look into shelf' }).click();
    await chooser.getByRole('button', { name: 'Open letter' }).waitFor();
    expect(await chooser.getByRole('listitem').allInnerTexts()).toEqual([expect.stringContaining('letter'), 'empty']);
    await chooser.getByRole('button', { name: 'Look into empty' }).click();
    await chooser.getByText('0 models here').waitFor();
    expect(await chooser.getByRole('button', { name: "List this folder's models" }).isDisabled()).toBe(true);
    await chooser.getByRole('button', { name: 'One folder up' }).click();
    await chooser.getByRole('button', { name: 'Open letter' }).waitFor();
    await chooser.getByRole('button', { name: 'Close' }).click();
    expect(await chooser.count()).toBe(0);
  });
});
