/// <reference lib="dom" />
/** A real Chromium on the built window. It records each request to another origin than the server's, and each error and warning. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { browserFiles } from '../../electron/setup/toolchain.mjs';

export const chromiumPath = browserFiles.find(existsSync);
export const root = fileURLToPath(new URL('../..', import.meta.url));
export const webRoot = `${root}out/renderer`;

export function launchBrowser(): Promise<Browser> {
  const quiet = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
  const more = ['--disable-component-update', '--disable-sync'];
  // Chromium's sandbox does not work for root; everybody else gets it.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: chromiumPath ?? '', args: [...quiet, ...more, ...asRoot] });
}

export interface Watched {
  page: Page;
  outbound: string[];
  complaints: string[];
  /** How many messages the server has sent so far. */
  messages: () => number;
}

export async function openWindow(browser: Browser, link: string): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' });
  const page = await context.newPage();
  const outbound: string[] = [];
  const complaints: string[] = [];
  let messages = 0;
  const { origin } = new URL(link);
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !/^(data|blob):/.test(url)) outbound.push(url);
  });
  page.on('websocket', (socket) => {
    socket.on('framereceived', () => messages++);
    if (!socket.url().startsWith(`${origin.replace('http', 'ws')}/`)) outbound.push(socket.url());
  });
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push(`a script opened a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  const exchange = link.includes('#launch=') && page.waitForResponse((response) => response.url().endsWith('/session'));
  await page.goto(link);
  // A page that is loaded anew before it has stored the token would have none, since a launch code counts once.
  if (exchange && (await exchange).ok())
    while (!(await page.evaluate(() => sessionStorage.getItem('rocketdoc.session')))) await page.waitForTimeout(10);
  return { page, outbound, complaints, messages: () => messages };
}

/** Drops a file by an event, without a mouse. */
export async function dropBytes(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  await page.evaluate(
    ({ name, base64 }) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
      for (const type of ['dragenter', 'dragover', 'drop'])
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    },
    { name, base64: Buffer.from(bytes).toString('base64') },
  );
}

export const dropFile = (page: Page, name: string, text: string) => dropBytes(page, name, Buffer.from(text));
