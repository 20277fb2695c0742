/// <reference lib="dom" />
/** The main job without a mouse, against the real server, engine and embedded model: Tab, Enter and letters alone. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { inChromium, useRealWindow } from './opened-window.ts';

/** Presses Tab until something with this name has the focus, as a person would who looks where it goes. */
async function tabTo(page: Page, name: RegExp, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  const passed: string[] = [];
  for (let i = 0; i < 80; i++) {
    const focused = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null;
      const label = element?.getAttribute('aria-label');
      const labelled = (element as HTMLInputElement | null)?.labels?.[0]?.textContent;
      return (label ?? labelled ?? element?.textContent ?? '').trim();
    });
    if (name.test(focused)) return;
    passed.push(focused.slice(0, 40));
    await page.keyboard.press(key);
  }
  throw new Error(`Tab never came to ${name}: ${passed.join(' | ')}`);
}

const quoting = [
  'Who is the patron of the Trust?',
  'Where is the head office of the Trust?',
  'Repeat the sentence about the founding of the Trust in 1887.',
  'Repeat the first sentence of the report.',
];

inChromium('the keyboard alone', () => {
  const opened = useRealWindow(64);

  async function askTyped(page: Page, question: string): Promise<void> {
    // The stored turns are counted, because the chat's list draws only what is in sight.
    const answered = () => opened.server.turns().filter(({ state }) => state === 'done').length;
    const before = answered();
    await tabTo(page, /^Ask /);
    await page.keyboard.type(question);
    await page.keyboard.press('Enter');
    await expect.poll(answered, { timeout: 120_000 }).toBe(before + 1);
    // An answer is stored before the window hears of its end.
    await page.getByRole('button', { name: 'Stop', exact: true }).waitFor({ state: 'hidden' });
  }

  it('adds the sample, chooses pages, reads them, and asks', async () => {
    const { page } = opened;
    const { keyboard } = page;
    await page.getByText(/reads up to 8,192 tokens/).waitFor({ timeout: 120_000 });
    await tabTo(page, /^Try the sample report$/);
    await keyboard.press('Enter');
    await page.getByText(/^Fits SmolLM2/).waitFor({ timeout: 120_000 });
    // Only the first pages are read, which is quick.
    await tabTo(page, /range$/);
    await keyboard.press('Enter');
    await tabTo(page, /^to/);
    await keyboard.press('Control+a');
    await keyboard.type('2');
    await tabTo(page, /^Use these$/);
    await keyboard.press('Enter');
    await page.getByText(/tokens in the chosen ones/).waitFor();
    await tabTo(page, /^Read document$/, 'Shift+Tab');
    await keyboard.press('Enter');
    await page.getByRole('textbox', { name: /^Ask / }).waitFor({ timeout: 180_000 });
    await askTyped(page, 'Who founded the Trust in 1887?');
  }, 400_000);

  it('jumps from a citation to its words in the document, and back to the chat', async () => {
    const { page } = opened;
    const chips = page.getByRole('article').getByRole('button', { name: /^Show p\. \d+ in the document$/ });
    // The model is small: it answers at least one of these in the text's words.
    for (const question of quoting) {
      await askTyped(page, question);
      await page.waitForTimeout(500);
      if ((await chips.count()) > 0) break;
    }
    await tabTo(page, /^Show p\. \d+ in the document$/, 'Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByTestId('passage').first().waitFor();
    await page.getByRole('tab', { name: 'Document', selected: true }).waitFor();
    await tabTo(page, /^Ask /);
  }, 300_000);

  it('reads the evidence of an answer and jumps to its sentence, and back', async () => {
    const { page } = opened;
    await tabTo(page, /^Evidence 1, p\. \d+: .+ Show it in the document$/, 'Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByTestId('passage').first().waitFor();
    await tabTo(page, /^Ask /);
  }, 300_000);

  it('changes the budget and asks again with it', async () => {
    const { page } = opened;
    const { keyboard } = page;
    await tabTo(page, /^Document$/);
    await keyboard.press('ArrowLeft');
    await keyboard.press('Enter');
    await page.getByRole('tab', { name: 'Memory', selected: true }).waitFor();
    await tabTo(page, /^Token budget$/);
    await keyboard.press('Home');
    await expect.poll(() => page.getByTestId('budget').textContent()).toBe('128');
    await keyboard.press('PageUp');
    await expect.poll(() => page.getByTestId('budget').textContent()).not.toBe('128');
    await keyboard.press('Home');
    await expect.poll(() => page.getByTestId('budget').textContent()).toBe('128');
    await askTyped(page, 'Who founded the Trust in 1887?');
    const budgets = opened.server.turns().map(({ report }) => report?.counters.budgets.tokenBudget);
    expect([budgets[0], budgets.at(-1)]).toEqual([512, 128]);
  }, 300_000);

  it('does what the command palette lists, by a few letters of its name', async () => {
    const { page } = opened;
    const { keyboard } = page;
    const command = async (letters: string) => {
      await keyboard.press('Control+k');
      await page.getByRole('dialog', { name: 'Command palette' }).waitFor();
      await keyboard.type(letters);
      await page.locator('[role=option][data-highlighted]').waitFor();
      await keyboard.press('Enter');
      await page.getByRole('dialog', { name: 'Command palette' }).waitFor({ state: 'hidden' });
    };
    await command('twice');
    const sides = page.getByRole('region', { name: 'Two answers side by side' });
    await sides.waitFor();
    await expect
      .poll(() => opened.server.turns().at(-1)?.report?.counters.budgets.tokenBudget, { timeout: 120_000 })
      .toBe(256);
    await command('theme dark');
    await expect.poll(() => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe('dark');
    await command('new chat');
    await page.getByRole('article').first().waitFor({ state: 'detached' });
    // The composer can be reached after the palette was closed, and so can the first chat by its name.
    await tabTo(page, /^Ask /);
    await command('founded');
    await page.getByRole('article').first().waitFor();
    expect([...opened.outbound, ...opened.complaints]).toEqual([]);
  }, 300_000);
});
