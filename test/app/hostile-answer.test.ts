/** Payloads in streamed and stored answers and in documents are shown as text and do nothing. The window survives a dead engine. */
import type { Browser, Page } from 'playwright-core';
import { afterEach, expect, it } from 'vitest';
import { AppError } from '../../electron/contract/errors.ts';
import { type FakeServer, startFakeServer } from '../fixtures/app-server.ts';
import type { FakeScript } from '../fixtures/fake-engine.ts';
import { canary, hostilePayloads } from '../fixtures/hostile-payloads.ts';
import { openWindow, webRoot } from './browser.ts';
import { inChromium, linkTo, useBrowser } from './opened-window.ts';

const answer = hostilePayloads.join('\n\n');
/** Pieces of seven characters: most of them end inside a payload. */
const pieces = answer.match(/[\s\S]{1,7}/g) ?? [];

/** A page for each payload, with the payload as its name. */
const pages = hostilePayloads.map((label, i) => ({
  label: label.slice(0, 400),
  text: `${label}\n`,
  start: hostilePayloads.slice(0, i).reduce((sum, { length }) => sum + length + 1, 0),
}));

let server: FakeServer;
afterEach(() => server?.close());

async function askInWindow(browser: Browser, script: FakeScript) {
  server = await startFakeServer(script, webRoot);
  const { app } = server;
  const parsed = {
    title: 'a',
    format: 'txt' as const,
    notes: [{ kind: 'other' as const, count: 1, sentence: hostilePayloads[0] ?? '' }],
    text: pages.map((page) => page.text).join(''),
    pages: pages.map(({ label, start, text }) => ({ label, start, end: start + text.length })),
  };
  const tokensOf = { total: 380, pages: pages.map(() => 2), countedWith: 'none' };
  app.documents.add({ parsed, fileName: `${hostilePayloads[0]}.txt`, fileBytes: 1, sha256: 'x', tokens: tokensOf });
  const watched = await openWindow(browser, linkTo(server));
  await watched.page.getByRole('button', { name: 'Read document' }).click();
  const field = watched.page.getByRole('textbox', { name: /^Ask / });
  await field.fill(`What? ${hostilePayloads[0]}`);
  await field.press('Enter');
  return watched;
}

/** What ran, loaded or could be clicked through anywhere in the window; and in texts also elements that only the window itself may have. */
async function dangers(page: Page) {
  return page.evaluate(() => {
    const never = /^(img|script|iframe|object|embed|video|audio|source|link|style|meta|base|a)$/i;
    const notInTexts = /^(form|input)$/i;
    const texts = new Set(document.querySelectorAll('article *, h1 *, [role="region"] *'));
    const bad = [...document.querySelectorAll('body *')].filter(
      (element) =>
        never.test(element.tagName) ||
        (texts.has(element) && notInTexts.test(element.tagName)) ||
        element
          .getAttributeNames()
          .some((name) => /^on|^ping$|^srcdoc$|^action$|^formaction$|^href$|^src$/i.test(name)),
    );
    return {
      hacked: (window as { hacked?: unknown }).hacked,
      bad: bad.map((element) => element.outerHTML.slice(0, 200)),
    };
  });
}
const clean = { hacked: undefined, bad: [] };

inChromium('an answer', () => {
  const opened = useBrowser();

  it('with payloads is inert while it streams, when it is stored, and after a reload', async () => {
    const { page, outbound, complaints } = await askInWindow(opened.browser, { pieces, pauseMs: 3 });
    const done = page.getByTestId('answer-stats');
    while (!(await done.isVisible())) expect(await dangers(page)).toEqual(clean);
    expect(await dangers(page)).toEqual(clean);
    await page.reload();
    await done.waitFor();
    expect(await dangers(page)).toEqual(clean);
    expect(outbound).toEqual([]);
    expect(complaints).toEqual([]);
  }, 180_000);

  it('on a document of payloads, whose pages and names are payloads, leaves them text', async () => {
    const { page, outbound, complaints } = await askInWindow(opened.browser, { pieces: ['Yes.'] });
    await page.getByRole('tab', { name: 'Document' }).click();
    const view = page.getByRole('region', { name: /^Text of / });
    await view.getByText('<script>window.hacked=1</script>').first().waitFor();
    const field = page.getByRole('textbox', { name: /^Section, of / });
    for (let number = 1; number <= pages.length; number += 6) {
      await field.fill(`${number}`);
      await field.press('Enter');
      await page.waitForTimeout(60);
      expect(await dangers(page)).toEqual(clean);
    }
    expect(outbound).toEqual([]);
    expect(complaints).toEqual([]);
  }, 120_000);

  it('leaves text what stands in names of files, titles of chats, search hits and failures', async () => {
    const script: FakeScript = { pieces: ['Yes.'] };
    server = await startFakeServer(script, webRoot);
    const { app } = server;
    for (const [i, payload] of hostilePayloads.entries()) {
      const text = `keeper ${payload} keeper`;
      const pages = [{ label: payload, start: 0, end: text.length }];
      const parsed = {
        title: payload,
        format: 'txt' as const,
        notes: [{ kind: 'other' as const, count: 1, sentence: payload }],
        text,
        pages,
      };
      const counts = { total: 380, pages: [380], countedWith: 'none' };
      const name = { fileName: `${payload}.txt`, fileBytes: 1, sha256: `${i}`, tokens: counts };
      const document = app.documents.add({ parsed, ...name });
      app.chats.rename(app.chats.create(document.id).id, payload.trim().slice(0, 200) || 'x');
    }
    const { page, outbound, complaints } = await openWindow(opened.browser, linkTo(server));
    const library = page.getByRole('navigation', { name: 'Library' });
    const rows = library.locator('li > div > button:has(.block)');
    await expect.poll(() => rows.count()).toBe(hostilePayloads.length);
    expect(await dangers(page)).toEqual(clean);
    // Each document is opened, with its title, its notes and its chat.
    for (let i = 0; i < hostilePayloads.length; i++) {
      await rows.nth(i).evaluate((element) => (element as HTMLElement).click());
      await library.locator('li ul li button').first().waitFor();
      expect(await dangers(page)).toEqual(clean);
    }
    const field = library.getByRole('searchbox');
    await field.fill('keeper');
    await library.getByText(`Found in ${hostilePayloads.length} documents`).waitFor();
    expect(await library.locator('mark').count()).toBeGreaterThan(hostilePayloads.length);
    expect(await dangers(page)).toEqual(clean);
    for (let i = 0; i < hostilePayloads.length; i += 12) {
      await field.fill(hostilePayloads[i]?.slice(0, 200) ?? '');
      await page.waitForTimeout(200);
      expect(await dangers(page)).toEqual(clean);
    }
    await field.fill('');
    script.failRead = new AppError('IO', hostilePayloads.slice(0, 60).join(' '));
    await page.getByRole('button', { name: 'Read document' }).click();
    await page
      .getByRole('alert')
      .getByText(/window.hacked/)
      .waitFor();
    expect(await dangers(page)).toEqual(clean);
    script.failOpen = new AppError('ENGINE_CRASH', hostilePayloads.slice(60).join(' '));
    await app.supervisor.reopen();
    await page.getByRole('button', { name: 'Start the engine again' }).waitFor();
    expect(await dangers(page)).toEqual(clean);
    expect([...outbound, ...complaints]).toEqual([]);
  }, 180_000);

  it('shows an address instead of opening it', async () => {
    const { page, outbound } = await askInWindow(opened.browser, { pieces: [`See [this page](${canary}/page?q=1).`] });
    await page.getByRole('button', { name: 'this page' }).click();
    const dialog = page.getByRole('dialog', { name: 'An address in the text' });
    await dialog.getByText(`${canary}/page?q=1`).waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect(outbound).toEqual([]);
    expect(page.context().pages()).toHaveLength(1);
  }, 120_000);

  it('stops with Escape and keeps what was said', async () => {
    const { page } = await askInWindow(opened.browser, {
      pieces: Array.from({ length: 400 }, (_, i) => `word${i} `),
      pauseMs: 10,
    });
    await page.getByText('word3').waitFor();
    // A reloaded window follows the same answer and shows each word once.
    await page.reload();
    await page.getByText('word90 ').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('Stopped. The model does not remember this question.').waitFor();
    const words = (await page.locator('article .prose').innerText()).trim().split(/\s+/);
    expect(words).toEqual(words.map((_, i) => `word${i}`));
    expect(words.length).toBeLessThan(400);
  }, 120_000);

  it('keeps what was said when the engine dies, says why, and asks again with one button', async () => {
    const script: FakeScript = { pieces: ['The keeper', ' lives there.'], dieAfter: 1 };
    const { page } = await askInWindow(opened.browser, script);
    await page.getByText('The answer ends here. The engine ended by SIGSEGV.').waitFor();
    expect(await page.locator('article .prose').innerText()).toBe('The keeper');
    script.dieAfter = undefined;
    await page.getByRole('button', { name: 'Ask again' }).click();
    await page.getByText('The keeper lives there.').waitFor();
  }, 120_000);
});
