/** The window over plain http under another name than localhost, where a browser gives a page fewer rights. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAppServer } from '../../electron/server/http-server.ts';
import { allowedHosts } from '../../electron/server/request-checks.ts';
import { type FakeServer, startFakeServer } from '../fixtures/app-server.ts';
import { chromiumPath, openWindow, type Watched, webRoot } from './browser.ts';
import { inChromium } from './opened-window.ts';

inChromium('off loopback', () => {
  let inner: FakeServer;
  let server: Server;
  let browser: Browser;
  let opened: Watched;
  beforeAll(async () => {
    inner = await startFakeServer({ pieces: [] }, webRoot);
    let port = 0;
    const hosts = () => allowedHosts(port, ['box.lan']);
    server = createAppServer({ app: inner.app, tokens: inner.tokens, webRoot, hosts });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
    const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const args = ['--disable-gpu', '--host-resolver-rules=MAP box.lan 127.0.0.1', ...asRoot];
    browser = await chromium.launch({ executablePath: chromiumPath ?? '', args });
    opened = await openWindow(browser, `http://box.lan:${port}/#launch=${inner.tokens.newLaunchCode()}`);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
    server?.closeAllConnections();
    await inner?.close();
  });

  it('copies although the page has no clipboard', async () => {
    const { page } = opened;
    await page.getByText('No documents yet').waitFor();
    expect(await page.evaluate('navigator.clipboard')).toBeUndefined();
    await page.keyboard.press('Control+,');
    const settings = page.getByRole('dialog', { name: 'Settings' });
    await settings.getByRole('tab', { name: 'Programs' }).click();
    await settings.getByRole('button', { name: 'Copy the configuration' }).click();
    await settings.getByRole('button', { name: 'Copied' }).waitFor();
    // Pasting shows that the text was copied.
    const field = settings.getByPlaceholder('Name of the program');
    await field.focus();
    await page.keyboard.press('Control+V');
    expect(await field.inputValue()).toContain('mcpServers');
  }, 120_000);
});
