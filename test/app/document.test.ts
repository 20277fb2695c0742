/** The document beside the chat, with the sample PDF: its pages, citations that lead there, and a map that grows and leads there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Turn } from '../../electron/contract/app-types.ts';
import { parseDocument } from '../../electron/document-host/document-client.ts';
import { type FakeServer, startFakeServer } from '../fixtures/app-server.ts';
import { dropBytes, openWindow, root, webRoot } from './browser.ts';
import { inChromium, linkTo, useBrowser, useRealWindow } from './opened-window.ts';

const pages = (page: Page) => page.getByRole('region', { name: /^Pages of / });
const text = (page: Page) => page.getByRole('region', { name: /^Text of / });
const marks = (page: Page) => page.getByTestId('passage');
const pageField = (page: Page) => page.getByRole('textbox', { name: /^(Page|Section), of / });
const composer = (page: Page) => page.getByRole('textbox', { name: /^Ask / });

/** Expects the first mark on the page with this printed number, and both in sight. */
async function expectMarkOn(page: Page, number: number): Promise<void> {
  await marks(page).first().waitFor();
  await expect
    .poll(async () => {
      const view = await pages(page).boundingBox();
      const sheet = await page.getByTestId(`pdf-page-${number}`).boundingBox();
      const mark = await marks(page).first().boundingBox();
      if (!view || !sheet || !mark) return 'not there';
      if (mark.y + 4 < sheet.y || mark.y > sheet.y + sheet.height) return 'on another page';
      return mark.y + 8 >= view.y && mark.y < view.y + view.height ? 'in sight' : 'out of sight';
    })
    .toBe('in sight');
}

async function ask(page: Page, question: string): Promise<void> {
  const field = composer(page);
  await field.fill(question);
  await field.press('Enter');
}

async function answered(page: Page, question: string): Promise<string> {
  const article = page.getByRole('article').filter({ hasText: question }).last();
  await article.getByTestId('answer-stats').waitFor({ timeout: 120_000 });
  return article.innerText();
}

/** Each state that the window draws of an answer while `heading` is shown. The page itself observes them, so a busy machine misses none. */
function looksWhile(page: Page, heading: string): Promise<{ words: number; read: string; rows: number }[]> {
  return page.evaluate(
    (heading) =>
      new Promise((resolve) => {
        const looks: { words: number; read: string; rows: number }[] = [];
        const text = (selector: string) => [...document.querySelectorAll(selector)].at(-1)?.textContent ?? '';
        const look = () => {
          if (!document.body.textContent?.includes(heading)) {
            if (looks.length === 0) return; // not yet
            observer.disconnect();
            return resolve(looks);
          }
          // The map's second lane.
          const rects = document.querySelectorAll('[data-testid=document-map] [aria-label^=Read] rect');
          looks.push({
            words: text('article .prose').length,
            read: [...rects].map((rect) => rect.getAttribute('data-value')).join(),
            rows: Number(/of ([\d,]+) rows/.exec(text('[data-testid=rows-read]'))?.[1]?.replace(',', '') ?? 0),
          });
        };
        const observer = new MutationObserver(look);
        observer.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
      }),
    heading,
  );
}

/** Expects the numbers that the engine counted and the server stored in the panel. */
async function expectPanelShows(page: Page, turn: Turn | undefined): Promise<void> {
  const { counters, plan } = turn?.report ?? {};
  const shown = async (part: string) => Number(await page.getByTestId(`memory-${part}`).getAttribute('data-bytes'));
  await expect
    .poll(async () => ({
      weights: await shown('weights'),
      document: await shown('document'),
      compact: await shown('compact'),
      summaries: await shown('summaries'),
      full: await shown('full'),
      rows: await page.getByTestId('rows-read').textContent(),
    }))
    .toEqual({
      weights: plan?.weights,
      document: counters?.documentBytes,
      compact: counters?.compactBytes,
      summaries: counters?.summaryBytes,
      full: counters?.fullBytes,
      rows: `Each token reads ${counters?.rowsRead} of ${counters?.rowsTotal.toLocaleString('en-US')} rows per head.`,
    });
}

inChromium('the sample PDF with the real engine', () => {
  const opened = useRealWindow(96);

  beforeAll(async () => {
    const { page } = opened;
    await page.getByRole('heading', { name: 'Ask a whole document' }).waitFor();
    await dropBytes(page, 'report.pdf', readFileSync(join(root, 'assets', 'samples', 'report.pdf')));
    await page.getByText(/^Fits SmolLM2/).waitFor({ timeout: 120_000 });
    await page
      .getByText(/^14 pages, 5,\d{3} tokens$/)
      .first()
      .waitFor();
  }, 300_000);

  it('pauses its reading, keeps what is read, and goes on', async () => {
    const { page } = opened;
    await page.getByRole('button', { name: 'Read document' }).click();
    // The first segment of 1,024 tokens must be read, so that there is something to keep.
    await expect
      .poll(
        async () =>
          Number(/([\d,]+) of/.exec(await page.getByText(/ of 5,\d+ tokens/).innerText())?.[1]?.replace(',', '')),
        {
          timeout: 120_000,
          interval: 50,
        },
      )
      .toBeGreaterThan(1100);
    await page.getByRole('button', { name: 'Pause' }).click();
    const kept = page.getByText(/tokens are read and stay/);
    await kept.waitFor();
    const words = await kept.innerText();
    expect(Number(/^([\d,]+) of/.exec(words)?.[1]?.replace(',', '')) % 1024).toBe(0);
    await page.waitForTimeout(1500);
    expect(await kept.innerText()).toBe(words);
    await page.getByRole('button', { name: 'Go on' }).click();
    await composer(page).waitFor({ timeout: 240_000 });
  }, 420_000);

  it('streams an answer, and grows its map while it does', async () => {
    const { page } = opened;
    const question = 'Repeat the report from its beginning, word by word.';
    // The map is drawn while it can be seen.
    await page.setViewportSize({ width: 1280, height: 1600 });
    const pictures = looksWhile(page, 'Cache that this answer works on');
    await ask(page, question);
    await answered(page, question);
    const looks = await pictures;
    // The answer is long, so it is drawn several times; later drawings have more words, more rows and another map.
    const [first, last] = [looks[0], looks.findLast(({ rows }) => rows > 0)];
    expect(opened.server.turns().at(-1)?.report?.generatedTokens).toBeGreaterThan(60);
    expect(new Set(looks.map(({ read }) => read)).size).toBeGreaterThan(2);
    expect(last?.words).toBeGreaterThan(first?.words ?? 0);
    expect(last?.rows).toBeGreaterThan(first?.rows ?? 0);
    await page.getByText('Cache that the last answer worked on').waitFor();
    await page.setViewportSize({ width: 1280, height: 800 });
  }, 240_000);

  it('leads from a citation to its words on the page', async () => {
    const { page } = opened;
    const chips = page.getByRole('button', { name: /^Show p\. \d+ in the document$/ });
    // The model is small: it answers at least one of these in the text's words.
    for (const question of [
      'How much did the damage done by the storm cost to repair?',
      'What was the largest gift of the year?',
      'Where has a second source of lamp parts been found?',
      'What was the income of the Trust in the year?',
      'Who is the skipper of the boat?',
    ]) {
      await page.getByRole('button', { name: 'New chat' }).click();
      await page.getByRole('article').first().waitFor({ state: 'detached' });
      await ask(page, question);
      await answered(page, question);
      await page.waitForTimeout(500);
      if ((await chips.count()) > 0) break;
    }
    const chip = chips.first();
    const number = Number(/p\. (\d+)/.exec(await chip.innerText())?.[1]);
    const cited = /“(.+)”/.exec((await chip.getAttribute('title')) ?? '')?.[1] ?? '';
    expect(cited.split(' ').length).toBeGreaterThanOrEqual(5);
    await chip.click();
    await expectMarkOn(page, number);
    await expect.poll(() => pageField(page).inputValue()).toBe(`${number}`);

    // The same words are marked in the text.
    await page.getByRole('button', { name: 'Show the text' }).click();
    await expect.poll(async () => (await marks(page).allInnerTexts()).join(' ').replace(/\s+/g, ' ')).toBe(cited);
    await expect.poll(() => pageField(page).inputValue()).toBe(`${number}`);
    await page.getByRole('button', { name: 'Show the pages' }).click();

    // The map's lane of citations leads to the passage as well.
    await page.getByRole('tab', { name: 'Memory' }).click();
    const inMap = page.getByTestId('map-citation').first();
    await inMap.scrollIntoViewIfNeeded();
    await inMap.hover();
    await inMap.click();
    await expectMarkOn(page, number);
  }, 420_000);

  it('shows the engine’s numbers, and asks with another budget without reading again', async () => {
    const { page } = opened;
    await page.getByRole('tab', { name: 'Memory' }).click();
    await expectPanelShows(page, opened.server.turns().at(-1));
    await page.getByRole('slider', { name: 'Token budget' }).press('Home');
    await expect.poll(() => page.getByTestId('budget').textContent()).toBe('128');
    const question = 'Who keeps the lights?';
    await ask(page, question);
    await answered(page, question);
    const turn = opened.server.turns().find((entry) => entry.question === question);
    expect(turn?.report?.counters.budgets.tokenBudget).toBe(128);
    // The document's five thousand tokens were read once, before: this question read only its own tokens.
    expect(turn?.report?.promptTokens).toBeGreaterThan(5000);
    expect(turn?.report?.prefilledTokens).toBeLessThan(400);
    await expectPanelShows(page, turn);
  }, 240_000);

  it('saves the panel as a picture, and its numbers as JSON', async () => {
    const { page } = opened;
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save picture' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('report KV cache.png');
    const bytes = readFileSync(await download.path());
    expect([bytes.subarray(1, 4).toString(), bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([
      'PNG',
      1440,
      1184,
    ]);
    const colours = await page.evaluate(async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const picture = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const context = new OffscreenCanvas(picture.width, picture.height).getContext('2d');
      context?.drawImage(picture, 0, 0);
      const pixels = new Uint32Array(context?.getImageData(0, 0, picture.width, picture.height).data.buffer ?? []);
      return new Set(pixels).size;
    }, bytes.toString('base64'));
    expect(colours).toBeGreaterThan(40);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'Copy as JSON' }).click();
    await page.getByText('Copied as JSON.').waitFor();
    const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
    expect(copied.report.counters).toEqual(opened.server.turns().at(-1)?.report?.counters);
    expect(copied.map).toHaveLength(14);
  }, 120_000);

  it('leads from the map to a page, with the mouse and with keys', async () => {
    const { page } = opened;
    const map = page.getByTestId('document-map');
    await page.getByRole('tab', { name: 'Memory' }).click();
    await map.scrollIntoViewIfNeeded();
    const fifth = map.getByRole('img', { name: 'Kept' }).locator('rect[data-page="4"]');
    // A page of some five hundred tokens has several parts.
    expect(await fifth.count()).toBeGreaterThan(3);
    await fifth.first().hover();
    await page.getByText(/^Page 5, passage 1 of \d+: kept by/).waitFor();
    await fifth.first().click();
    await expectMarkOn(page, 5);
    await page.getByRole('tab', { name: 'Memory' }).click();
    await map.focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press('PageDown');
    await page.keyboard.press('Enter');
    await expectMarkOn(page, 3);
    await expect.poll(() => pageField(page).inputValue()).toBe('3');
  }, 120_000);

  it('goes to a page, takes selected words as a question’s beginning', async () => {
    const { page, outbound, complaints } = opened;
    await pageField(page).fill('9');
    await pageField(page).press('Enter');
    await page.getByTestId('pdf-page-9').waitFor();
    await expect.poll(() => pageField(page).inputValue()).toBe('9');
    const sheet = await page.getByTestId('pdf-page-9').boundingBox();
    if (!sheet) throw new Error('page 9 is not there');
    // The mouse goes over the first lines of text.
    await page.mouse.move(sheet.x + 0.2 * sheet.width, sheet.y + 0.12 * sheet.height);
    await page.mouse.down();
    await page.mouse.move(sheet.x + 0.7 * sheet.width, sheet.y + 0.3 * sheet.height, { steps: 12 });
    await page.mouse.up();
    await page.getByRole('button', { name: 'Ask about this' }).click();
    await expect.poll(() => composer(page).inputValue()).toMatch(/^“.{20,}”\n\n$/s);
    await expect.poll(() => page.getByTestId('draft-tokens').textContent()).toMatch(/^\d+ tokens$/);
    expect(outbound).toEqual([]);
    expect(complaints).toEqual([]);
  }, 120_000);

  it('is there after a restart of the server, with every chat', async () => {
    const before = opened.server.turns();
    await opened.server.stop();
    const { page } = await openWindow(opened.browser, await opened.server.start());
    await page.getByText('It is not in memory now.').waitFor({ timeout: 120_000 });
    for (const { question } of before.slice(-1)) await page.getByRole('log').getByText(question).waitFor();
    const library = page.getByRole('navigation', { name: 'Library' });
    await expect
      .poll(() => library.locator('ul ul > li').count())
      .toBe(new Set(before.map(({ chatId }) => chatId)).size + 1);
    expect(opened.server.turns().map(({ question, answer }) => [question, answer])).toEqual(
      before.map(({ question, answer }) => [question, answer]),
    );
    await page.context().close();
  }, 120_000);
});

inChromium('an answer that quotes the sample PDF', () => {
  const opened = useBrowser();
  let server: FakeServer;
  afterAll(() => server?.close());

  it('has a chip behind each quote, and says which one is not in the document', async () => {
    const answer = [
      'The founder was poor: he "asked the harbour towns for a *penny* on every barrel of herring". ',
      'It also says "the herring were sold to the queen of Norway".\n\n',
      '> The head office of the Trust is at 14 Cooper’s Wharf\n',
    ].join('');
    server = await startFakeServer({ pieces: answer.match(/[\s\S]{1,9}/g) ?? [] }, webRoot);
    const { app } = server;
    const path = join(root, 'assets', 'samples', 'report.pdf');
    const parsed = await parseDocument(path);
    // The fake engine has no vocabulary to count with.
    const counted = { total: 380, pages: parsed.pages.map(() => 27), countedWith: 'none' };
    const file = await app.uploads.copy(path);
    const { name: fileName, bytes: fileBytes, sha256 } = file;
    const document = app.documents.add({ parsed, fileName, fileBytes, sha256, tokens: counted });
    await app.uploads.keep(file, document.id);
    const watched = await openWindow(opened.browser, linkTo(server));
    const { page } = watched;
    await page.getByRole('button', { name: 'Read document' }).click();
    await composer(page).waitFor();
    await ask(page, 'What?');
    const prose = page.locator('article .prose');
    await prose.getByRole('button', { name: 'Show p. 1 in the document' }).waitFor();
    expect((await prose.innerText()).replace(/\s+/g, ' ')).toBe(
      'The founder was poor: he "asked the harbour towns for a penny on every barrel of herring". p. 1 ' +
        'It also says "the herring were sold to the queen of Norway". unverified ' +
        'The head office of the Trust is at 14 Cooper’s Wharf p. 2',
    );
    await prose.getByRole('button', { name: 'Show p. 2 in the document' }).click();
    await expectMarkOn(page, 2);
    await prose.getByRole('button', { name: 'Show p. 1 in the document' }).click();
    await expectMarkOn(page, 1);
    // The passage stands on two printed lines, so it has two marks.
    await expect.poll(() => marks(page).count()).toBeGreaterThanOrEqual(2);

    await page.getByRole('button', { name: 'Show the text' }).click();
    const first = text(page).getByText('asked the harbour towns').first();
    await first.selectText();
    await page.getByRole('button', { name: 'Ask about this' }).click();
    await expect.poll(() => composer(page).inputValue()).toContain('asked the harbour towns');
    expect(watched.outbound).toEqual([]);
    expect(watched.complaints).toEqual([]);
  }, 180_000);
});
