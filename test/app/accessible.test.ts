/** No violation of any axe rule on any screen and in any state of the window, in light and in dark. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { openWindow } from './browser.ts';
import { inChromium, linkTo, useBrowser } from './opened-window.ts';
import { walks } from './walks/all.ts';
import { screens } from './walks/screens.ts';

/** The rules that depend on colours: only these are checked again in dark, because the rest of a screen is the same. */
const rulesOfColour = ['color-contrast', 'link-in-text-block'];

async function violations(page: Page, runOnly?: string[]): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  return page.evaluate(async (runOnly) => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
    const { violations } = await axe.run({ resultTypes: ['violations'], ...(runOnly ? { runOnly } : {}) });
    return violations.flatMap(({ id, nodes }) =>
      nodes
        .slice(0, 3)
        .map(({ html, any, all, none }) => `${id}: ${html} ${[...any, ...all, ...none][0]?.message ?? ''}`),
    );
  }, runOnly);
}

inChromium('every screen', () => {
  const opened = useBrowser();
  const seen: string[] = [];

  it.each(walks.map((make) => make()))(
    'of $name is accessible',
    async ({ server: start, script, steps }) => {
      const server = await start();
      const { page } = await openWindow(opened.browser, linkTo(server));
      const found: Record<string, string[]> = {};
      try {
        for await (const screen of steps(page, server, script)) {
          seen.push(screen);
          await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
          const light = await violations(page);
          await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
          const dark = (await violations(page, rulesOfColour)).map((words) => `in the dark: ${words}`);
          if (light.length + dark.length > 0) found[screen] = [...light, ...dark];
        }
      } finally {
        await page.context().close();
        await server.close();
      }
      expect(found).toEqual({});
    },
    180_000,
  );

  it('was looked at once', () => {
    expect(seen.toSorted()).toEqual(screens.toSorted());
  });

  it('would be found wanting where it is', async () => {
    const page = await opened.browser.newPage({ colorScheme: 'dark' });
    const link = '<a href="#a" style="color:#ddd;text-decoration:none">and a link</a>';
    const words = `<p style="color:#eee">A text of many words, long enough for a block, ${link} in it.</p><p style="color:#222">Dim.</p>`;
    await page.setContent(`<html><title>a</title><body style="background:#111"><main>${words}</main></body></html>`);
    const rules = async (runOnly?: string[]) =>
      new Set((await violations(page, runOnly)).map((found) => found.split(':')[0]));
    expect(await rules(rulesOfColour)).toEqual(new Set(rulesOfColour));
    expect(await rules()).toContain('html-has-lang');
    await page.close();
  });
});
