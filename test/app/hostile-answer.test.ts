/** What a model says is text: payloads in a streamed and in a stored answer do nothing. And a dead engine is a normal event. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FakeServer, startFakeServer } from '../fixtures/app-server.ts';
import type { FakeScript } from '../fixtures/fake-engine.ts';
import { buildWindow, chromiumPath, expectAccessible, launchBrowser, openWindow, webRoot } from './browser.ts';

const canary = 'http://canary.example';
const payloads = [
  `<img src=x onerror="window.hacked=1">`,
  `<script>window.hacked=1</script>`,
  `<svg onload=window.hacked=1><animate onbegin=window.hacked=1 attributeName=x dur=1s>`,
  `<iframe srcdoc="<script>parent.hacked=1</script>"></iframe>`,
  `<a href="javascript:window.hacked=1">x</a>`,
  `[x](javascript:window.hacked=1)`,
  `[x](JaVaScRiPt:window.hacked=1)`,
  `[x](data:text/html,<script>window.hacked=1</script>)`,
  `[x](vbscript:msgbox)`,
  `<javascript:window.hacked=1>`,
  `![p](${canary}/inline.png)`,
  `![p][ref]\n\n[ref]: ${canary}/reference.png`,
  `<img src="${canary}/html.png">`,
  `<link rel=stylesheet href="${canary}/style.css">`,
  `<style>body{background:url(${canary}/css.png)}</style>`,
  `<div style="background:url(${canary}/attr.png)">x</div>`,
  `<video poster="${canary}/poster.png"><source src="${canary}/v.mp4"></video>`,
  `<object data="${canary}/o"></object><embed src="${canary}/e">`,
  `<meta http-equiv=refresh content="0;url=${canary}">`,
  `<base href="${canary}/">`,
  `<form action="${canary}"><button>Send</button></form>`,
  `<details open ontoggle=window.hacked=1>x</details>`,
  `<math><mtext><style><img src=x onerror=window.hacked=1></style></mtext></math>`,
  '```html\n<img src=x onerror=window.hacked=1>\n```',
  '```mermaid\ngraph TD; A-->B; click A "javascript:window.hacked=1"\n```',
  `$\\href{javascript:window.hacked=1}{x}$`,
  `| a | <img src=x onerror=window.hacked=1> |\n|---|---|\n| [x](javascript:window.hacked=1) | b |`,
  `<a href="${canary}/ping" ping="${canary}/ping">x</a>`,
  `"><img src=x onerror=window.hacked=1>`,
  `<noscript><p title="</noscript><img src=x onerror=window.hacked=1>">`,
];
const answer = payloads.join('\n\n');
/** Seven characters at a time: most pieces end inside a payload. */
const pieces = answer.match(/[\s\S]{1,7}/g) ?? [];

let browser: Browser;
let server: FakeServer;

beforeAll(async () => {
  if (!chromiumPath) return;
  await buildWindow();
  browser = await launchBrowser();
}, 120_000);
afterEach(() => server?.close());
afterAll(() => browser?.close());

async function askInWindow(script: FakeScript) {
  server = await startFakeServer(script, webRoot);
  const { app, tokens, port } = server;
  const parsed = {
    title: 'a',
    format: 'txt' as const,
    warnings: [payloads[0] ?? ''],
    text: payloads.join('\n'),
    pages: [{ label: payloads[0] ?? '', start: 0, end: payloads.join('\n').length }],
  };
  const tokensOf = { total: 380, pages: [380], countedWith: 'none' };
  app.documents.add({ parsed, fileName: `${payloads[0]}.txt`, fileBytes: 1, sha256: 'x', tokens: tokensOf });
  const watched = await openWindow(browser, `http://127.0.0.1:${port}/#launch=${tokens.newLaunchCode()}`);
  await watched.page.getByRole('button', { name: 'Read document' }).click();
  const field = watched.page.getByRole('textbox', { name: /^Ask / });
  await field.fill(`What? ${payloads[0]}`);
  await field.press('Enter');
  return watched;
}

/** Whatever ran, loaded or could be clicked through. */
async function dangers(page: Page) {
  return page.evaluate(() => {
    const bad = [...document.querySelectorAll('article *')].filter(
      (element) =>
        /^(img|script|iframe|object|embed|video|audio|source|link|style|meta|base|form|input|a)$/i.test(
          element.tagName,
        ) || element.getAttributeNames().some((name) => /^on|^ping$|^srcdoc$|^action$|^href$|^src$/i.test(name)),
    );
    return {
      hacked: (window as { hacked?: unknown }).hacked,
      bad: bad.map((element) => element.outerHTML.slice(0, 200)),
    };
  });
}

describe.skipIf(!chromiumPath)('an answer', () => {
  it('with payloads is inert while it streams, when it is stored, and after a reload', async () => {
    const { page, outbound, complaints } = await askInWindow({ pieces, pauseMs: 3 });
    const clean = { hacked: undefined, bad: [] };
    const done = page.getByTestId('answer-stats');
    while (!(await done.isVisible())) expect(await dangers(page)).toEqual(clean);
    expect(await dangers(page)).toEqual(clean);
    await page.reload();
    await done.waitFor();
    expect(await dangers(page)).toEqual(clean);
    await expectAccessible(page, 'hostile-answer');
    expect(outbound).toEqual([]);
    expect(complaints).toEqual([]);
  }, 180_000);

  it('shows an address instead of opening it', async () => {
    const { page, outbound } = await askInWindow({ pieces: [`See [this page](${canary}/page?q=1).`] });
    await page.getByRole('button', { name: 'this page' }).click();
    const dialog = page.getByRole('dialog', { name: 'An address in the text' });
    await dialog.getByText(`${canary}/page?q=1`).waitFor();
    await expectAccessible(page, 'link');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect(outbound).toEqual([]);
    expect(page.context().pages()).toHaveLength(1);
  }, 120_000);

  it('stops with Escape and keeps what was said', async () => {
    const { page } = await askInWindow({ pieces: Array.from({ length: 400 }, (_, i) => `word${i} `), pauseMs: 10 });
    await page.getByText('word3').waitFor();
    // A window loaded anew joins the same answer, every word once.
    await page.reload();
    await page.getByText('word90 ').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('Stopped. The model does not remember this question.').waitFor();
    const words = (await page.locator('article .prose').innerText()).trim().split(/\s+/);
    expect(words).toEqual(words.map((_, i) => `word${i}`));
    expect(words.length).toBeLessThan(400);
    await expectAccessible(page, 'stopped');
  }, 120_000);

  it('keeps what was said when the engine dies, says why, and asks again with one button', async () => {
    const script: FakeScript = { pieces: ['The keeper', ' lives there.'], dieAfter: 1 };
    const { page } = await askInWindow(script);
    await page.getByText('The answer ends here. The engine ended by SIGSEGV.').waitFor();
    expect(await page.locator('article .prose').innerText()).toBe('The keeper');
    await expectAccessible(page, 'failed-answer');
    script.dieAfter = undefined;
    await page.getByRole('button', { name: 'Ask again' }).click();
    await page.getByText('The keeper lives there.').waitFor();
  }, 120_000);
});
