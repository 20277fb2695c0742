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

const answers = (page: Page) => page.getByTestId('answer-stats');

async function askTyped(page: Page, question: string): Promise<void> {
  const before = await answers(page).count();
  await tabTo(page, /^Ask /);
  await page.keyboard.type(question);
  await page.keyboard.press('Enter');
  await expect.poll(() => answers(page).count(), { timeout: 120_000 }).toBe(before + 1);
}

inChromium('the keyboard alone', () => {
  const opened = useRealWindow();

  it('adds the sample, chooses pages, reads them, and asks twice', async () => {
    const { page } = opened;
    const { keyboard } = page;
    await page.getByText(/reads up to 8,192 tokens/).waitFor({ timeout: 120_000 });
    await tabTo(page, /^Try the sample report$/);
    await keyboard.press('Enter');
    await page.getByText(/^Fits SmolLM2/).waitFor({ timeout: 120_000 });
    // The first pages are enough here, and quick.
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

    for (const question of ['Who founded the Trust in 1887?', 'Repeat the first sentence of the report.'])
      await askTyped(page, question);
    expect([...opened.outbound, ...opened.complaints]).toEqual([]);
  }, 400_000);
});
