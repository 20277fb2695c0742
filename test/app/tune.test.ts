/** What a person chooses, in a real browser with the real engine: settings, a choice of one document, a budget that fits, and tuning. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { openDatabase } from '../../electron/app-host/library/database.ts';
import { DocumentStore } from '../../electron/app-host/library/document-store.ts';
import { SettingsStore } from '../../electron/app-host/library/settings-store.ts';
import { presets } from '../../electron/contract/method-values.ts';
import type { Tuning } from '../../electron/contract/tuning.ts';
import { dropFile } from './browser.ts';
import { inChromium, useRealWindow } from './opened-window.ts';

const colours = ['red', 'white', 'green', 'blue', 'yellow', 'grey', 'black', 'brown'];
const text = `# Towers\n\n${Array.from(
  { length: 20 },
  (_, i) =>
    `## Tower ${i + 1}\n\nThe tower number ${i + 1} is painted ${colours[i % colours.length]}, is ${20 + i} metres high, and has a keeper who lives beside it.\n`,
).join('\n')}`;

const budget = (page: Page) => page.getByTestId('budget');
const settings = (page: Page) => page.getByRole('dialog', { name: 'Settings' });
async function openSettings(page: Page, section: string): Promise<void> {
  await page.keyboard.press('Control+,');
  await settings(page).getByRole('tab', { name: section }).click();
}

inChromium('choosing', () => {
  const opened = useRealWindow(64);

  /** Settings and choices that the server stored. */
  function stored() {
    const database = openDatabase(join(opened.dataDir, 'library.sqlite'));
    const documents = new DocumentStore(database);
    const id = documents.list()[0]?.id;
    const turns = database.prepare('SELECT count(*) AS n FROM turns').get() as { n: number };
    const found = {
      own: id === undefined ? {} : documents.choice(id),
      settings: new SettingsStore(database).get(),
      tuning: id === undefined ? null : documents.tuning(id),
      turns: turns.n,
    };
    database.close();
    return found;
  }

  it('settings are in sections, are found by words, refuse what is out of range, and go back', async () => {
    const { page } = opened;
    await page.getByText(/reads up to 8,192 tokens/).waitFor({ timeout: 120_000 });
    await page.keyboard.press('Control+,');
    for (const name of ['Answering', 'Compression', 'Memory', 'Machine', 'Appearance']) {
      await settings(page).getByRole('tab', { name }).click();
    }
    await settings(page).getByRole('tab', { name: 'Machine' }).click();
    // What is found depends on the machine: a GPU with its name, or the reason why there is none.
    await settings(page).getByText('Looking for GPUs.').waitFor({ state: 'hidden', timeout: 60_000 });
    const devices = await settings(page).getByLabel('Device').locator('option').allTextContents();
    expect(devices.slice(0, 2)).toEqual(['Automatic', 'CPU']);
    if (devices.length === 2)
      await settings(page)
        .getByRole('status')
        .getByText(/No NVIDIA driver|GPU|CUDA/)
        .waitFor();

    await settings(page).getByRole('searchbox', { name: 'Search settings' }).fill('kernel');
    const kernel = settings(page).getByLabel('Pooling kernel');
    await kernel.fill('62');
    await kernel.press('Enter');
    await settings(page).getByText('An odd number from 1 to 1,023.').waitFor();
    expect(stored().settings.kernel).toBe(63);
    await kernel.fill('31');
    await kernel.press('Enter');
    await expect.poll(() => stored().settings.kernel).toBe(31);
    await settings(page).getByRole('searchbox', { name: 'Search settings' }).fill('no such thing');
    await settings(page)
      .getByText(/No setting is called like that/)
      .waitFor();
    await settings(page).getByRole('searchbox', { name: 'Search settings' }).fill('');
    await settings(page).getByRole('tab', { name: 'Compression' }).click();
    await settings(page).getByRole('button', { name: 'Back to defaults' }).click();
    await expect.poll(() => stored().settings.kernel).toBe(63);
    await expect.poll(() => settings(page).getByLabel('Pooling kernel').inputValue()).toBe('63');

    // Choosing a preset sets its parts; changing one of them leaves no preset chosen; the default sets none.
    const shown = (label: string) => settings(page).getByLabel(label, { exact: true }).inputValue();
    await expect.poll(() => Promise.all(['Preset', 'Selector'].map(shown))).toEqual(['default', 'codes']);
    await settings(page)
      .getByText(/^A preset is a measured pair/)
      .waitFor();
    await settings(page).getByLabel('Preset').selectOption('Paper');
    await expect.poll(() => stored().settings).toMatchObject(presets.paper);
    await expect.poll(() => shown('Selector')).toBe('pages');
    await settings(page).getByLabel('Pooling', { exact: true }).selectOption('Triangle');
    await expect.poll(() => shown('Preset')).toBe('own');
    await settings(page).getByLabel('Preset').selectOption('Default (Coded)');
    await expect.poll(() => [stored().settings.pooling, stored().settings.selector]).toEqual([undefined, undefined]);
    await expect.poll(() => shown('Pooling')).toBe('triangle');
    await page.keyboard.press('Escape');
  }, 180_000);

  it('font size and motion are what was chosen, also after a reload', async () => {
    const { page } = opened;
    const size = () =>
      page.locator('footer').evaluate((element) => Number.parseFloat(getComputedStyle(element).fontSize));
    const duration = () =>
      page
        .getByRole('button', { name: 'Choose a file' })
        .evaluate((element) => getComputedStyle(element).transitionDuration);
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    const usual = await size();
    expect(await duration()).not.toBe('0s');
    await openSettings(page, 'Appearance');
    await settings(page).getByLabel('Font size').selectOption('Largest');
    await settings(page).getByLabel('Motion').selectOption('Reduced');
    await expect.poll(size).toBeCloseTo(1.32 * usual, 1);
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    await page.keyboard.press('Escape');
    expect(await duration()).toBe('0s');
    await page.reload();
    await page.getByRole('button', { name: 'Choose a file' }).waitFor();
    expect([(await size()) > 1.3 * usual, await duration()]).toEqual([true, '0s']);

    // The setting overrides what the system asks for.
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await openSettings(page, 'Appearance');
    await settings(page).getByLabel('Motion').selectOption('Full');
    await page.keyboard.press('Escape');
    await expect.poll(duration).not.toBe('0s');
    await openSettings(page, 'Appearance');
    await settings(page).getByRole('button', { name: 'Back to defaults' }).click();
    await expect.poll(size).toBeCloseTo(usual, 1);
    await page.keyboard.press('Escape');
    await expect.poll(duration).toBe('0s');
    await page.emulateMedia({ reducedMotion: 'no-preference' });
  }, 120_000);

  it('a document may have a choice of its own, and goes back to the settings', async () => {
    const { page } = opened;
    await dropFile(page, 'towers.md', text);
    const read = page.getByRole('button', { name: 'Read document' });
    await read.click({ timeout: 120_000 });
    await page.getByRole('textbox', { name: /^Ask / }).waitFor({ timeout: 180_000 });
    const scope = page.getByRole('checkbox', { name: 'Only for this document' });
    await scope.click(); // not check(): the box changes only when the server has replied
    await page.getByRole('slider', { name: 'Token budget' }).press('Home');
    await page.getByText('It has its own: budget 128, RocketKV-MT.').waitFor();
    await expect.poll(() => stored().own).toEqual({ tokenBudget: 128, mode: 'rocketkv-mt' });
    expect(stored().settings.tokenBudget).toBe(512);
    await page.reload();
    await expect.poll(() => budget(page).textContent()).toBe('128');
    await openSettings(page, 'Compression');
    await settings(page)
      .getByText(/^towers\.md has a choice of its own here/)
      .waitFor();
    await page.keyboard.press('Escape');
    await scope.click();
    await expect.poll(() => budget(page).textContent()).toBe('512');
    expect(stored().own).toEqual({});
  }, 300_000);

  it('a budget is found that fits into so much memory', async () => {
    const { page } = opened;
    const fit = page.getByRole('form', { name: 'Fit into memory' });
    const said = page.getByTestId('fit');
    await fit.getByRole('textbox', { name: 'Memory that may be used' }).fill('1');
    await fit.getByRole('button', { name: 'Fit' }).click();
    await said.getByText(/^Not even the smallest budget fits: it takes \d+\.\d MB\.$/).waitFor();
    const least = Number(/takes ([\d.]+) MB/.exec((await said.textContent()) ?? '')?.[1]);
    await fit.getByRole('textbox', { name: 'Memory that may be used' }).fill(`${least + 4}`);
    await fit.getByRole('button', { name: 'Fit' }).click();
    await said.getByText(/^A budget of [\d,]+ takes [\d.]+ MB/).waitFor();
    const [, found, bytes] = /of ([\d,]+) takes ([\d.]+) MB/.exec((await said.textContent()) ?? '') ?? [];
    expect(Number(bytes)).toBeLessThanOrEqual(least + 4);
    await expect.poll(() => budget(page).textContent()).toBe(found);
    await expect.poll(() => page.getByTestId('planned').textContent()).toContain(`Cache${bytes} MB`);
    expect(stored().settings.tokenBudget).toBe(Number(found?.replace(',', '')));
  }, 60_000);

  it('tuning measures budgets against full KV on the document, and the choice is kept', async () => {
    const { page } = opened;
    const before = stored().turns;
    await page.getByRole('button', { name: 'Tune on this document' }).click();
    const dialog = page.getByRole('dialog', { name: 'Tune the token budget' });
    await dialog
      .getByRole('textbox', { name: 'Question' })
      .fill('Which colour has the tower number 11, and how high is it?');
    await dialog.getByRole('textbox', { name: 'Budgets' }).fill('128 many');
    await dialog.getByText('“many” is no budget').waitFor();
    await dialog.getByRole('textbox', { name: 'Budgets' }).fill('96 128 256');
    await dialog.getByRole('button', { name: 'Measure' }).click();
    await dialog.getByRole('progressbar', { name: 'Tuning' }).waitFor();
    await dialog.getByTestId('recommendation').waitFor({ timeout: 110_000 });
    const tuning = stored().tuning as Tuning;
    expect(tuning.rows.map((row) => row.budget)).toEqual([null, 96, 128, 256]);
    const row = (name: string) => dialog.getByTestId('tuning').locator(`tr[data-budget="${name}"]`);
    for (const { budget: measured, sameTop1, readBytesPerStep } of tuning.rows) {
      const shown = await row(`${measured ?? 'full'}`).innerText();
      expect(shown).toContain(`${(sameTop1 * 100).toFixed(sameTop1 > 0.995 && sameTop1 < 1 ? 1 : 0)} %`);
      expect(readBytesPerStep).toBeGreaterThan(0);
    }
    const [full, ...others] = tuning.rows;
    for (const other of others) expect(other.readBytesPerStep).toBeLessThan(full?.readBytesPerStep ?? 0);
    expect(await dialog.getByRole('img').count()).toBe(3);
    expect(stored().turns).toBe(before);

    const { recommended } = tuning;
    if (recommended === null) await dialog.getByText(/^None of these budgets comes as close/).waitFor();
    else {
      await dialog.getByRole('button', { name: `Use ${recommended} for this document` }).click();
      await expect.poll(() => stored().own).toEqual({ tokenBudget: recommended, mode: 'rocketkv-mt' });
      await dialog.getByRole('button', { name: 'For all documents' }).click();
      await expect.poll(() => stored()).toMatchObject({ own: {}, settings: { tokenBudget: recommended } });
    }

    await dialog.getByRole('button', { name: 'Measure' }).click();
    await dialog.getByRole('button', { name: 'Stop' }).click();
    await dialog.getByRole('button', { name: 'Measure' }).waitFor({ timeout: 60_000 });
    expect(stored().tuning).toEqual(tuning);
    await page.keyboard.press('Escape');
    expect(opened.outbound).toEqual([]);
    expect(opened.complaints).toEqual([]);
  }, 240_000);
});
