/// <reference lib="dom" />
/**
 * Text is typed in a real browser while large documents are added and long chats are opened, with the real server and engine: the
 * window goes on drawing, no key is lost, and the server's event loop never stands still for 100 ms.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../../electron/app-host/library/database.ts';
import { SettingsStore } from '../../electron/app-host/library/settings-store.ts';
import { longPdf, longText } from '../fixtures/documents/long-inputs.ts';
import { longestLag } from '../fixtures/event-loop-lag.ts';
import { fillWithChats } from '../fixtures/libraries/long-chats.ts';
import { openWindow, type Watched } from './browser.ts';
import { inChromium, useBrowser } from './opened-window.ts';
import { RealServer } from './real-server.ts';

/** A standstill that a person notices takes tenths of a second; the bound is far higher, because a busy machine adds to that. */
const longestFrameMs = 2000;
const boundMs = 100;
const dir = mkdtempSync(join(tmpdir(), 'rocketdoc-typing-'));
const dataDir = join(dir, 'data');
const lagFile = join(dir, 'lag');
const files = { pdf: join(dir, 'long.pdf'), text: join(dir, 'large.txt') };
const server = new RealServer(dataDir, [], lagFile);

declare global {
  interface Window {
    /** Frames that were drawn, and the longest time between two, since this was last set. */
    drawn: { frames: number; longest: number };
  }
}

inChromium('who writes a question', () => {
  const opened = useBrowser() as Watched & ReturnType<typeof useBrowser>;
  let since = 0;
  beforeAll(async () => {
    mkdirSync(dataDir);
    fillWithChats(join(dataDir, 'library.sqlite'));
    const database = openDatabase(join(dataDir, 'library.sqlite'));
    new SettingsStore(database).set({ keepRead: false });
    database.close();
    writeFileSync(files.pdf, await longPdf());
    writeFileSync(files.text, longText(50_000_000));
    Object.assign(opened, await openWindow(opened.browser, await server.start()));
    const { page } = opened;
    await page.getByRole('button', { name: 'Read document' }).click({ timeout: 120_000 });
    await composer(page).waitFor({ timeout: 120_000 });
    since = Date.now();
    await page.evaluate(() => {
      window.drawn = { frames: 0, longest: 0 };
      let last = performance.now();
      const draw = (now: number) => {
        const { frames, longest } = window.drawn;
        window.drawn = { frames: frames + 1, longest: Math.max(longest, now - last) };
        last = now;
        requestAnimationFrame(draw);
      };
      requestAnimationFrame(draw);
    });
  }, 300_000);
  beforeEach(() => opened.page.evaluate(() => void Object.assign(window, { drawn: { frames: 0, longest: 0 } })));
  afterAll(async () => {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const composer = (page: Page) => page.getByRole('textbox', { name: 'Ask a.txt' });
  /** Resolves with the notice that the file is in the library. */
  const added = (page: Page, name: string) =>
    page.getByText(new RegExp(`^${name}(\\.\\w+)?: `)).waitFor({ timeout: 240_000 });
  const words = 'what did the keeper write down about the ships that passed ';
  let typed = '';

  /** Types key by key until `happened` resolves; resolves with how many keys that were. */
  async function writeUntil(happened: Promise<unknown>): Promise<number> {
    let isOver = false;
    const over = happened.finally(() => {
      isOver = true;
    });
    let keys = 0;
    while (!isOver) {
      const letter = words[typed.length % words.length] ?? ' ';
      await opened.page.keyboard.press(letter === ' ' ? 'Space' : letter);
      typed += letter;
      keys++;
      await opened.page.waitForTimeout(40);
    }
    await over;
    return keys;
  }

  /** Expects that the window was drawn all the time since the test began. */
  async function expectFrames(): Promise<void> {
    const { frames, longest } = await opened.page.evaluate(() => window.drawn);
    expect(frames).toBeGreaterThan(10);
    expect(longest).toBeLessThan(longestFrameMs);
    if (process.env.SHOW_FRAMES) console.info(`${frames} frames, the longest ${Math.round(longest)} ms`);
  }

  it.each([
    ['a PDF of 300 pages is', files.pdf, 'long'],
    ['50 MB of text are', files.text, 'large'],
  ])('goes on while %s added', { timeout: 300_000 }, async (_, file, name) => {
    const { page } = opened;
    await page.getByTestId('add-files').setInputFiles(file);
    await composer(page).focus();
    expect(await writeUntil(added(page, name))).toBeGreaterThan(10);
    // The documents that came in were not opened over the question that is being typed.
    expect(await composer(page).inputValue()).toBe(typed);
    await expectFrames();
  });

  it('goes on after 5 MB are pasted', { timeout: 300_000 }, async () => {
    const { page } = opened;
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.evaluate((text) => navigator.clipboard.writeText(text), `pasted ${longText(5_000_000)}`);
    await page.getByRole('button', { name: 'Paste text as a document' }).click();
    await page.getByRole('textbox', { name: 'Text' }).press('Control+V');
    await page.getByRole('textbox', { name: 'Name' }).fill('pasted');
    await page.getByRole('button', { name: 'Add to the library' }).click();
    await composer(page).focus();
    await writeUntil(added(page, 'pasted'));
    expect(await composer(page).inputValue()).toBe(typed);
    await expectFrames();
  });

  it('finds it again behind ten chats with two hundred answers', { timeout: 300_000 }, async () => {
    const { page } = opened;
    for (const n of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      await page
        .getByRole('navigation')
        .getByRole('button', { name: `Long chat ${n}`, exact: true })
        .click();
      await page.getByRole('log').getByText(`Question 199 of chat ${n}?`).waitFor({ timeout: 60_000 });
    }
    // The question was typed into the last chat, which has it still.
    await expect.poll(() => composer(page).inputValue()).toBe(typed);
    await expectFrames();
    await page.reload();
    await page.getByRole('navigation').getByText('a.txt', { exact: true }).first().click();
    await expect.poll(() => composer(page).inputValue(), { timeout: 60_000 }).toBe(typed);
  });

  it('has a server whose event loop goes on', () => {
    expect(longestLag(lagFile, since)).toBeLessThan(boundMs);
    expect(opened.complaints).toEqual([]);
  });
});
