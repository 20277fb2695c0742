/** Branches, edits and comparisons of a chat in a real browser: with the real engine, and with a fake one where words must be known. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, expect, it } from 'vitest';
import { ChatStore } from '../../electron/app-host/library/chat-store.ts';
import { openDatabase } from '../../electron/app-host/library/database.ts';
import type { Turn } from '../../electron/contract/app-types.ts';
import { shownPath } from '../../electron/contract/turn-tree.ts';
import { type FakeServer, startFakeServer } from '../fixtures/app-server.ts';
import type { FakeScript } from '../fixtures/fake-engine.ts';
import { dropFile, openWindow, type Watched, webRoot } from './browser.ts';
import { inChromium, linkTo, useBrowser, useRealWindow } from './opened-window.ts';

const towers = ['red', 'white', 'green', 'blue', 'yellow', 'grey'];
const text = `# Towers\n\n${towers
  .map(
    (colour, i) =>
      `## Tower ${i + 1}\n\nThe tower number ${i + 1} is painted ${colour} and is ${20 + i} metres high.\n`,
  )
  .join('\n')}`;

const stats = (page: Page) => page.getByTestId('answer-stats');
const article = (page: Page, question: string) => page.getByRole('article').filter({ hasText: question });

async function askInComposer(page: Page, question: string): Promise<void> {
  const field = page.getByRole('textbox', { name: /^Ask / });
  await field.fill(question);
  await field.press('Enter');
}

/** The file that a click downloads. */
async function downloaded(page: Page, click: () => Promise<void>): Promise<{ name: string; content: string }> {
  const [download] = await Promise.all([page.waitForEvent('download'), click()]);
  return { name: download.suggestedFilename(), content: readFileSync(await download.path(), 'utf8') };
}

inChromium('a chat with the real engine', () => {
  const opened = useRealWindow(32);

  /** The turns that the server stored. */
  function stored(): Turn[] {
    const database = openDatabase(join(opened.dataDir, 'library.sqlite'));
    const { id } = database.prepare('SELECT id FROM chats ORDER BY created_at LIMIT 1').get() as { id: string };
    const turns = new ChatStore(database).turns(id);
    database.close();
    return turns;
  }
  const shown = () => shownPath(stored()).map(({ question }) => question);
  const answers = async (count: number) =>
    expect.poll(() => stored().filter(({ state }) => state === 'done').length, { timeout: 180_000 }).toBe(count);

  it('grows a branch from an edited question, and switches', async () => {
    const { page } = opened;
    await page.getByText(/reads up to 8,192 tokens/).waitFor({ timeout: 120_000 });
    await dropFile(page, 'towers.md', text);
    await page.getByRole('button', { name: 'Read document' }).click({ timeout: 120_000 });
    await page.getByRole('textbox', { name: /^Ask / }).waitFor({ timeout: 180_000 });
    // The smallest budget, so that full KV can differ from it.
    await page.getByRole('slider', { name: 'Token budget' }).press('Home');
    await askInComposer(page, 'Which tower is green?');
    await answers(1);
    await askInComposer(page, 'How high is it?');
    await answers(2);

    await article(page, 'How high is it?').hover();
    await article(page, 'How high is it?').getByRole('button', { name: 'Edit the question' }).click();
    const editor = page.getByRole('textbox', { name: 'Edit the question' });
    await editor.fill('Which tower is blue?');
    await editor.press('Enter');
    await answers(3);
    await expect.poll(() => page.getByTestId('version').textContent()).toBe('2/2');
    expect(shown()).toEqual(['Which tower is green?', 'Which tower is blue?']);

    await page.getByRole('button', { name: 'Branch before' }).click();
    await article(page, 'How high is it?').waitFor();
    await expect.poll(shown).toEqual(['Which tower is green?', 'How high is it?']);
    await page.reload();
    await article(page, 'How high is it?').waitFor();
    expect(await page.getByTestId('version').textContent()).toBe('1/2');
  }, 600_000);

  it('answers along the branch that is shown', async () => {
    const { page } = opened;
    await page.getByRole('textbox', { name: /^Ask / }).waitFor();
    await askInComposer(page, 'And tower 5?');
    await answers(4);
    const turns = stored();
    const last = turns.find(({ question }) => question === 'And tower 5?');
    const [first, second] = shownPath(turns);
    expect(last?.parentId).toBe(second?.id);
    // The engine's chat was cut back to where the branches part, and the shown branch was read into it again.
    const own = last?.report?.prefilledTokens ?? 0;
    const afterFirst = (first?.report?.promptTokens ?? 0) + (first?.report?.generatedTokens ?? 0);
    expect(own).toBeGreaterThan((second?.report?.prefilledTokens ?? 0) + (second?.report?.generatedTokens ?? 0));
    // The last token of an answer may be read with the next question.
    expect(Math.abs((last?.report?.promptTokens ?? 0) - own - afterFirst)).toBeLessThanOrEqual(1);
  }, 300_000);

  it('answers again with full KV and with another draw, and shows them side by side', async () => {
    const { page } = opened;
    const last = article(page, 'And tower 5?');
    await last.getByRole('button', { name: 'With full KV' }).click();
    const sides = page.getByRole('region', { name: 'Two answers side by side' });
    await sides.waitFor();
    await answers(5);
    await expect.poll(() => stats(page).count()).toBe(4);
    const [budgeted, full] = stored().filter(({ question }) => question === 'And tower 5?');
    expect([budgeted?.report?.mode, full?.report?.mode]).toEqual(['rocketkv-mt', 'full']);
    expect(full).toMatchObject({ parentId: budgeted?.parentId, choice: { mode: 'full' }, chosen: true });
    await sides.getByRole('heading', { name: 'RocketKV-MT, budget 128' }).waitFor();
    await sides.getByRole('heading', { name: 'Full KV' }).waitFor();
    await sides.getByText(/^kept \d+ of \d+ rows$/).waitFor();
    await sides.getByText(/all \d+ rows/).waitFor();
    // A word is marked if only one answer has it.
    const isSame = budgeted?.answer === full?.answer;
    expect((await sides.locator('mark').count()) === 0).toBe(isSame);

    await sides.getByRole('button', { name: 'Go on with this answer' }).first().click();
    await expect.poll(() => stored().find(({ id }) => id === budgeted?.id)?.chosen).toBe(true);
    await last.getByRole('button', { name: 'Another answer, drawn by chance' }).click();
    await answers(6);
    await page.getByText(/drawn by chance/).waitFor();
    await expect.poll(() => page.getByTestId('version').last().textContent()).toBe('3/3');
  }, 600_000);

  it('is there again after the engine was killed: its turns are read to the new one', async () => {
    const { page } = opened;
    const before = shownPath(stored());
    process.kill(opened.server.enginePid(), 'SIGKILL');
    await page.getByRole('button', { name: 'Load document' }).click({ timeout: 60_000 });
    const field = page.getByRole('textbox', { name: /^Ask / });
    await field.waitFor({ timeout: 180_000 });
    await askInComposer(page, 'Which is the highest?');
    await answers(7);
    const report = shownPath(stored()).at(-1)?.report;
    const first = before[0]?.report;
    const documentTokens = (first?.promptTokens ?? 0) - (first?.prefilledTokens ?? 0);
    const earlier = before.reduce((sum, { report }) => sum + (report?.generatedTokens ?? 0), 0);
    // Only the document was in the cache: three earlier questions and answers were read with this question.
    expect((report?.promptTokens ?? 0) - (report?.prefilledTokens ?? 0)).toBe(documentTokens);
    expect(report?.prefilledTokens).toBeGreaterThan(earlier + 3 * 10);
    expect(opened.outbound).toEqual([]);
    expect(opened.complaints).toEqual([]);
  }, 400_000);

  it('is done by the keyboard alone: palette, shortcuts, export, fork', async () => {
    const { page } = opened;
    const { keyboard } = page;
    const inPalette = async (words: string) => {
      const palette = page.getByRole('dialog', { name: 'Command palette' });
      await keyboard.press('Control+k');
      await palette.waitFor();
      await keyboard.type(words);
      await page.locator('[role=option][data-highlighted]').waitFor();
      await keyboard.press('Enter');
    };
    await keyboard.press('Control+/');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await keyboard.press('Control+k');
    await page.getByRole('option', { name: /^New chat/ }).waitFor();
    await keyboard.type('no such thing');
    await page.getByText('No action, chat or document is called like that.').waitFor();
    await keyboard.press('Escape');

    const markdown = await downloaded(page, () => inPalette('exp mark'));
    const path = shownPath(stored());
    expect(markdown.name).toBe('Which tower is green_.md');
    expect(markdown.content).toMatch(/^# Which tower is green\?\n\nAbout towers\.md\.\n\n> Which tower is green\?\n\n/);
    for (const { question, answer } of path) expect(markdown.content).toContain(`> ${question}\n\n${answer}\n\n`);
    // Below each answer stands its evidence, or that there is none in the document; then its numbers.
    expect(markdown.content.match(/\n\n(- \\\[.+"|\*Not found in the document.*\*)\n/g)?.length).toBeGreaterThan(0);
    expect(markdown.content.match(/ended by itself\*\n/g)).toHaveLength(path.length);
    expect(markdown.content).not.toContain('Which tower is blue?');
    const json = JSON.parse((await downloaded(page, () => inPalette('export json'))).content);
    expect(json.turns.map(({ id, question, answer }: Turn) => [id, question, answer])).toEqual(
      stored().map(({ id, question, answer }) => [id, question, answer]),
    );

    await inPalette('fork');
    await page.getByText(/^Forked into/).waitFor();
    const chats = page
      .getByRole('navigation')
      .getByRole('button', { name: 'Which tower is green? (fork)', exact: true });
    await chats.waitFor();
    expect(await page.getByRole('article').first().textContent()).toContain('Which tower is green?');
    await inPalette('rename chat');
    await page.getByRole('textbox', { name: 'Title' }).fill('My towers');
    await keyboard.press('Enter');
    await page.getByRole('navigation').getByRole('button', { name: 'My towers', exact: true }).waitFor();
    await keyboard.press('Control+n');
    await page.getByRole('heading', { name: 'towers.md is read' }).waitFor();
    await keyboard.press('Control+b');
    await page.getByRole('navigation').waitFor({ state: 'hidden' });
    await keyboard.press('Control+b');
    await page.getByRole('navigation').waitFor();
    expect(opened.complaints).toEqual([]);
  }, 300_000);
});

inChromium('two answers', () => {
  const opened = useBrowser();
  let server: FakeServer;
  afterEach(() => server?.close());

  async function asked(script: FakeScript): Promise<Watched> {
    server = await startFakeServer(script, webRoot);
    const { app } = server;
    const pages = [{ label: '1', start: 0, end: 5 }];
    const parsed = { title: 'a', format: 'txt' as const, notes: [], text: 'hello', pages };
    const tokensOf = { total: 380, pages: [380], countedWith: 'none' };
    app.documents.add({ parsed, fileName: 'a.txt', fileBytes: 1, sha256: 'x', tokens: tokensOf });
    const watched = await openWindow(opened.browser, linkTo(server));
    await watched.page.getByRole('button', { name: 'Read document' }).click();
    await askInComposer(watched.page, 'When?');
    await stats(watched.page).waitFor();
    return watched;
  }

  it('have the words marked that only one of them has', async () => {
    const script: FakeScript = { pieces: ['It was ', 'founded in 1887.'], log: [] };
    const { page, complaints } = await asked(script);
    script.pieces = ['It was ', 'founded in 1878', ' by Ann.'];
    await page.getByRole('button', { name: 'With twice the budget' }).click();
    const sides = page.getByRole('region', { name: 'Two answers side by side' });
    await sides.getByText('4 words of 12 differ, marked in both.').waitFor();
    expect(await sides.locator('mark').allTextContents()).toEqual(['1887', '1878 by Ann']);
    expect(script.log?.at(-1)).toMatchObject({ mode: 'rocketkv-mt', rocket: { tokenBudget: 256 } });
    await page.setViewportSize({ width: 720, height: 560 });
    await page.setViewportSize({ width: 1280, height: 800 });
    await sides.getByRole('button', { name: 'Close the comparison' }).click();
    await page.getByRole('button', { name: 'Compare' }).click();
    await sides.waitFor();
    expect(complaints).toEqual([]);
  }, 120_000);

  it('that were to name many things are one click from full KV, and only where rows were left out', async () => {
    const script: FakeScript = { pieces: ['Ann ', 'and Bob.'], log: [] };
    const { page, complaints } = await asked(script);
    const hint = page.getByTestId('many-hint');
    expect(await hint.count()).toBe(0);
    await askInComposer(page, 'List every founder.');
    await hint.getByText(/404 of 500 rows were left out/).waitFor();
    script.pieces = ['Ann, Bob ', 'and Cyd.'];
    await hint.getByRole('button', { name: 'Ask again with full KV' }).press('Enter');
    const sides = page.getByRole('region', { name: 'Two answers side by side' });
    await sides.getByText(/words? of \d+ differ/).waitFor();
    expect(script.log?.at(-1)).toMatchObject({ mode: 'full', question: 'List every founder.' });
    await sides.getByRole('button', { name: 'Close the comparison' }).click();
    await article(page, 'List every founder.').getByText('Ann, Bob and Cyd.').waitFor();
    expect(await hint.count()).toBe(0);
    // The answer with rows left out again: full KV's is there already.
    await page.getByRole('button', { name: 'Branch before' }).click();
    await article(page, 'List every founder.').getByText('Ann and Bob.').waitFor();
    expect(await hint.count()).toBe(0);
    expect(complaints).toEqual([]);
  }, 120_000);

  it('are shown as text, whatever they say', async () => {
    const payload = '<img src=x onerror="window.hacked=1"> [x](javascript:window.hacked=1)';
    const script: FakeScript = { pieces: [payload] };
    const { page, outbound, complaints } = await asked(script);
    script.pieces = [`${payload} and <script>window.hacked=1</script>`];
    await page.getByRole('button', { name: 'With full KV' }).click();
    await page.getByText(/words of \d+ differ/).waitFor();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(await page.locator('article :is(img, script, a)').count()).toBe(0);
    expect([...outbound, ...complaints]).toEqual([]);
  }, 120_000);
});
