/** Takes the pictures of the README, light and dark, into assets/screenshots: questions on the sample report with the real engine. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { dropBytes, openWindow, root } from './browser.ts';
import { RealServer } from './real-server.ts';

const questions = [
  'Who was the keeper on duty at Corvane on the night of the storm?',
  'What is the name of the terrier that helped to remove the rats on Little Orrin?',
];

export async function takeReadmePicture(browser: Browser): Promise<void> {
  const folder = join(root, 'assets', 'screenshots');
  mkdirSync(folder, { recursive: true });
  const dataDir = mkdtempSync(join(tmpdir(), 'rocketdoc-pictures-'));
  const server = new RealServer(dataDir);
  try {
    const { page } = await openWindow(browser, await server.start());
    await page.setViewportSize({ width: 1360, height: 940 });
    // A file can only be dropped when the window is drawn.
    await page.getByRole('heading', { name: 'Ask a whole document' }).waitFor({ timeout: 120_000 });
    await dropBytes(page, 'report.pdf', readFileSync(join(root, 'assets', 'samples', 'report.pdf')));
    await page.getByRole('button', { name: 'Read document' }).click({ timeout: 120_000 });
    const field = page.getByRole('textbox', { name: /^Ask / });
    await field.waitFor({ timeout: 300_000 });
    for (const [i, question] of questions.entries()) {
      await field.fill(question);
      await field.press('Enter');
      await page.getByTestId('answer-stats').nth(i).waitFor({ timeout: 120_000 });
      process.stdout.write(`${await page.getByRole('article').nth(i).innerText()}\n`);
    }
    await page.waitForTimeout(1000);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.waitForTimeout(250);
      await page.screenshot({ path: join(folder, `memory-${colorScheme}.png`) });
    }
  } finally {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
