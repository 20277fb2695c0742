/**
 * Takes a picture of every screen, in light and in dark, into out/screenshots: `npm run screenshots`. With names it runs only those
 * walks: `npm run screenshots -- chatting large-model`; with `readme` it takes the pictures of the README.
 */
import { mkdirSync } from 'node:fs';
import { launchBrowser, openWindow, root } from './browser.ts';
import { takeReadmePicture } from './readme-picture.ts';
import { walks } from './walks/all.ts';

const folder = `${root}out/screenshots`;
mkdirSync(folder, { recursive: true });
const wanted = process.argv.slice(2);
const browser = await launchBrowser();
for (const make of walks) {
  const { name, server: start, script, steps } = make();
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const server = await start();
  const { page } = await openWindow(
    browser,
    `http://127.0.0.1:${server.port}/#launch=${server.tokens.newLaunchCode()}`,
  );
  try {
    for await (const screen of steps(page, server, script)) {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.waitForTimeout(100);
        await page.screenshot({ path: `${folder}/${screen}-${colorScheme}.png` });
      }
      process.stdout.write(`${screen}\n`);
    }
  } catch (error) {
    await page.screenshot({ path: `${folder}/failed-${name}.png` });
    process.stderr.write(`${name}: ${error}\n`);
    process.exitCode = 1;
  } finally {
    await page.context().close();
    await server.close();
  }
}
if (wanted.includes('readme')) await takeReadmePicture(browser);
await browser.close();
