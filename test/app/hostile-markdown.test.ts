/** The answer's Markdown component with every beginning of every hostile text, under the window's content security policy. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FakeServer, startFakeServer } from '../fixtures/app-server.ts';
import { hostilePayloads } from '../fixtures/hostile-payloads.ts';
import { openWindow, root } from './browser.ts';
import { inChromium, useBrowser } from './opened-window.ts';

const stream = (page: Page, text: string, key: string): Promise<string[]> =>
  page.evaluate(
    ([text, key]) =>
      (window as unknown as { stream: (text: string, key: string) => Promise<string[]> }).stream(text, key),
    [text, key] as const,
  );

inChromium('the Markdown of an answer', () => {
  const opened = useBrowser();
  let server: FakeServer;
  let outDir: string;

  beforeAll(async () => {
    outDir = mkdtempSync(join(tmpdir(), 'rocketdoc-markdown-'));
    await build({
      configFile: `${root}renderer/vite.config.ts`,
      root: `${root}test/fixtures/markdown-window`,
      build: { outDir },
      logLevel: 'error',
    });
    server = await startFakeServer({ pieces: [] }, outDir);
  }, 120_000);
  afterAll(async () => {
    await server?.close();
    if (outDir) rmSync(outDir, { recursive: true, force: true });
  });

  it(`is inert at every beginning of ${hostilePayloads.length} hostile texts`, async () => {
    expect(new Set(hostilePayloads).size).toBeGreaterThan(100);
    const { page, outbound, complaints } = await openWindow(opened.browser, `http://127.0.0.1:${server.port}/`);
    await page.locator('main').waitFor({ state: 'attached' });
    const found: Record<string, string[]> = {};
    for (const [i, payload] of hostilePayloads.entries()) {
      // With words before it, the payload stands within a paragraph.
      const bad = await stream(page, `So x: ${payload}`, `${i}`);
      if (bad.length > 0) found[payload] = bad;
    }
    expect(found).toEqual({});
    await page.waitForTimeout(500);
    expect(await page.evaluate(() => (window as { hacked?: unknown }).hacked)).toBeUndefined();
    expect(outbound).toEqual([]);
    expect(complaints).toEqual([]);
  }, 280_000);

  it('would be held by the content policy, even if nothing cleaned it', async () => {
    const { page, complaints } = await openWindow(opened.browser, `http://127.0.0.1:${server.port}/`);
    await page.locator('main').waitFor({ state: 'attached' });
    const refused = await page.evaluate((payloads) => {
      const place = document.createElement('div');
      document.body.append(place);
      return payloads.filter((payload) => {
        try {
          place.innerHTML = payload;
          return false;
        } catch {
          return true; // Trusted Types refuse a plain string
        }
      }).length;
    }, hostilePayloads);
    expect(refused).toBe(hostilePayloads.length);
    const handlers = await page.evaluate(() => {
      const link = document.createElement('a');
      link.href = 'javascript:window.hacked = 1';
      document.body.append(link);
      link.click();
      return ['onclick', 'onerror'].filter((name) => {
        try {
          link.setAttribute(name, 'window.hacked = 2');
          return false;
        } catch {
          return true;
        }
      });
    });
    expect(handlers).toEqual(['onclick', 'onerror']);
    await page.waitForTimeout(500);
    expect(await page.evaluate(() => (window as { hacked?: unknown }).hacked)).toBeUndefined();
    // The browser reports what the policy blocked.
    expect(complaints.length).toBeGreaterThan(0);
  });

  it('is looked through by a test that would notice', async () => {
    const { page } = await openWindow(opened.browser, `http://127.0.0.1:${server.port}/`);
    await page.locator('main').waitFor({ state: 'attached' });
    expect(await stream(page, 'Some **text**, [a link](http://canary.example) and `code`.', 'a')).toEqual([]);
    const seen = await page.evaluate(() => {
      const paragraph = document.querySelector('main p');
      paragraph?.append(document.createElement('iframe'));
      paragraph?.setAttribute('ping', '');
      return (window as unknown as { dangers: () => string[] }).dangers().length;
    });
    expect(seen).toBe(2);
  });
});
