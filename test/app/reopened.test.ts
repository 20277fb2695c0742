/// <reference lib="dom" />
/** What is closed and opened again at once, before its closing was drawn to the end, has the keys and starts anew. */
import { expect, it } from 'vitest';
import { inChromium, useFakeWindow } from './opened-window.ts';

inChromium('opened again while it closes', () => {
  const opened = useFakeWindow({ pieces: ['Green.'] });

  /** Presses the keys with one frame in between, in the page itself: a slow machine changes nothing. */
  const pressTwice = () =>
    opened.page.evaluate(async () => {
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      for (let i = 0; i < 2; i++) {
        const event = { key: 'k', code: 'KeyK', ctrlKey: true, bubbles: true, cancelable: true };
        (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keydown', event));
        await frame();
      }
    });

  it('the palette takes what is typed next, without what was typed before', async () => {
    const { page } = opened;
    const input = page.getByRole('combobox', { name: 'Search actions' });
    await page.getByText('Ask a whole document').first().waitFor();
    await page.keyboard.press('Control+k');
    await input.waitFor();
    await page.keyboard.type('theme');
    await expect.poll(() => input.inputValue()).toBe('theme');
    for (let i = 0; i < 5; i++) {
      await pressTwice();
      await expect.poll(() => input.evaluate((element) => element === document.activeElement)).toBe(true);
      expect(await input.inputValue()).toBe('');
      await page.keyboard.type('dark');
      await expect.poll(() => input.inputValue()).toBe('dark');
      expect(await input.count()).toBe(1);
    }
    expect(opened.complaints).toEqual([]);
  });
});
