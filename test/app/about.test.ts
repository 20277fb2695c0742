/** About RocketDoc, saving files, and a library that was damaged, in a real browser. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { dropFile, root } from './browser.ts';
import { inChromium, useFakeWindow } from './opened-window.ts';

inChromium('the window', () => {
  const opened = useFakeWindow({ pieces: ['It was 1887.'] }, () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'rocketdoc-about-'));
    writeFileSync(join(dataDir, 'library.sqlite'), 'no library at all\n'.repeat(500));
    return { dataDir };
  });
  let page: Page;
  beforeAll(() => {
    page = opened.page;
  });

  it('says that the library was damaged, until that was read', async () => {
    const notice = page.getByRole('region', { name: 'About the library' });
    await notice.getByText(/The library was damaged\..*The damaged file is kept as library\.damaged-/).waitFor();
    await notice.getByRole('button', { name: 'Dismiss' }).click();
    await notice.waitFor({ state: 'detached' });
  }, 120_000);

  it('shows its version, model, device and every licence', async () => {
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Search actions' }).fill('about');
    await page.keyboard.press('Enter');
    const card = page.getByRole('dialog', { name: 'About RocketDoc' });
    const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string };
    await card.getByText(`${version}MIT licensed.`).waitFor();
    await card.getByText('Fake model').waitFor();
    await card.getByText(/^\d+ parts by others/).waitFor();
    await card.getByRole('searchbox', { name: 'Search licences' }).fill('fontsource-variable/inter');
    const font = card.getByText('@fontsource-variable/inter');
    await font.click();
    await card.getByText('SIL OPEN FONT LICENSE').first().waitFor();
    await card.getByRole('searchbox', { name: 'Search licences' }).fill('ggml and llama');
    await card.getByText('v0.4.0, MIT').click();
    await card.getByText('The ggml authors').waitFor();
    await card.getByRole('searchbox', { name: 'Search licences' }).fill('no such part');
    await card.getByText('None of that name.').waitFor();
    await page.keyboard.press('Escape');
    await card.waitFor({ state: 'detached' });
  }, 120_000);

  it('shows the log, with what failed in the window', async () => {
    await page.evaluate(() => void Promise.reject(new Error('a failure of the test')));
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Search actions' }).fill('about');
    await page.keyboard.press('Enter');
    const card = page.getByRole('dialog', { name: 'About RocketDoc' });
    const log = card.getByRole('textbox', { name: 'Log' });
    await card.getByRole('button', { name: 'Show log' }).click();
    expect(await log.inputValue()).toContain('The window: Error: a failure of the test');
    expect(await log.inputValue()).toMatch(/^RocketDoc \d+\.\d+\.\d+\. .*of memory\./);
    // Playwright reports this failure too: it is taken off the list that must be empty at the end.
    expect(opened.complaints.splice(0)).toEqual(['a failure of the test']);
    await card.getByRole('button', { name: 'Hide log' }).click();
    await log.waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
    await card.waitFor({ state: 'detached' });
  }, 120_000);

  it('saves a copy of a document under the name it came with', async () => {
    const text = 'The Trust was founded in 1887.\n';
    await dropFile(page, 'trust notes.md', text);
    const library = page.getByRole('navigation', { name: 'Library' });
    const row = library.getByRole('button', { name: /^trust notes/ });
    await row.waitFor({ timeout: 60_000 });
    // In a browser a row cannot be dragged out as a file.
    expect(await row.getAttribute('draggable')).toBeNull();
    await row.hover();
    await library.getByRole('button', { name: /^Actions for trust notes/ }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Save a copy' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('trust notes.md');
    expect(readFileSync(await download.path(), 'utf8')).toBe(text);
    expect({ outbound: opened.outbound, complaints: opened.complaints }).toEqual({ outbound: [], complaints: [] });
  }, 120_000);
});
