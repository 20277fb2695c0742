/** The main job in a real browser against the real server, engine and embedded model, on a document short enough for two cores. */
import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDatabase } from '../../electron/app-host/library/database.ts';
import type { MapPage, TurnReport } from '../../electron/contract/app-types.ts';
import { dropFile, openWindow } from './browser.ts';
import { inChromium, useRealWindow } from './opened-window.ts';

/** The text and name of a dropped file must be inert wherever they are shown. */
const payload = '<img src=x onerror="window.hacked=1"><script>window.hacked=2</script>';
const fileName = `"><img src=x onerror=window.hacked=3>.md`;
const sections = Array.from(
  { length: 8 },
  (_, i) =>
    `## Section ${i + 1} ${i === 2 ? payload : ''}\n\nThe lighthouse number ${i + 1} stands ${20 + i} metres high above the sea. ` +
    'It is painted in red and white, has a keeper who lives beside it, and is open to visitors on the first Sunday of a month.\n',
);
const text = `# Lighthouses ${payload}\n\n${sections.join('\n')}`;

inChromium('the window', () => {
  const opened = useRealWindow(32);
  /** Files of documents that are kept on disk. */
  const kept = () => readdirSync(join(opened.dataDir, 'kv')).filter((name) => !name.endsWith('.part'));
  /** How many times the model read a document: the library stores the time of each reading. */
  function readings(): number {
    const database = openDatabase(join(opened.dataDir, 'library.sqlite'));
    const row = database.prepare("SELECT count(*) AS n FROM speeds WHERE kind = 'reading'").get() as { n: number };
    database.close();
    return row.n;
  }

  it('adds by drop, shows what reading takes, reads, answers, and shows the engine’s numbers', async () => {
    const { page, outbound, complaints, messages } = opened;
    await page.getByRole('heading', { name: 'Ask a whole document' }).waitFor();
    await page.getByText(/reads up to 8,192 tokens/).waitFor({ timeout: 120_000 });
    expect(new URL(page.url()).hash).toBe('');

    await dropFile(page, fileName, text);
    const read = page.getByRole('button', { name: 'Read document' });
    await read.waitFor({ timeout: 120_000 });
    await page.getByText(/^Fits SmolLM2/).waitFor();

    // The smallest budget, so that stage 1 has something to drop in a short text.
    await page.getByRole('slider', { name: 'Token budget' }).press('Home');
    await expect.poll(() => page.getByTestId('budget').textContent()).toBe('128');
    await read.click();
    const field = page.getByRole('textbox', { name: /^Ask / });
    await field.waitFor({ timeout: 180_000 });

    // The field grows with its lines, up to eight, and says how many tokens the question has.
    await field.fill('line\n'.repeat(20));
    expect((await field.boundingBox())?.height).toBe(200);
    await field.fill('How high is the lighthouse number 3?');
    await expect.poll(() => page.getByTestId('draft-tokens').textContent()).toMatch(/^\d+ tokens$/);
    expect((await field.boundingBox())?.height).toBe(32);
    await field.press('Enter');
    await page.getByTestId('answer-stats').waitFor({ timeout: 180_000 });
    await page.getByRole('heading', { name: 'Map of the document' }).waitFor();

    // What the panel shows is what the engine counted and the server stored.
    const database = openDatabase(join(opened.dataDir, 'library.sqlite'));
    const row = database.prepare('SELECT answer, report, map FROM turns').get() as Record<string, string>;
    database.close();
    const { counters, plan } = JSON.parse(row.report ?? '') as TurnReport;
    expect(counters.budgets).toMatchObject({ tokenBudget: 128, dense: false });
    expect(counters.rowsKept).toBeLessThan(counters.rowsTotal);
    const shown = async (part: string) => Number(await page.getByTestId(`memory-${part}`).getAttribute('data-bytes'));
    expect({
      weights: await shown('weights'),
      document: await shown('document'),
      compact: await shown('compact'),
      summaries: await shown('summaries'),
      full: await shown('full'),
    }).toEqual({
      weights: plan.weights,
      document: counters.documentBytes,
      compact: counters.compactBytes,
      summaries: counters.summaryBytes,
      full: counters.fullBytes,
    });
    expect(await page.getByTestId('rows-read').textContent()).toBe(
      `Each token reads ${counters.rowsRead} of ${counters.rowsTotal.toLocaleString('en-US')} rows per head.`,
    );
    const map = JSON.parse(row.map ?? '[]') as MapPage[];
    expect(map.length).toBeGreaterThan(5);
    expect(row.answer?.trim()).not.toBe('');

    // An idle engine sends no telemetry.
    await page.waitForTimeout(500);
    const said = messages();
    await page.waitForTimeout(1500);
    expect(messages()).toBe(said);

    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(outbound).toEqual([]);
    expect(complaints).toEqual([]);
  }, 600_000);

  it('is there after a reload and after a restart of the server', async () => {
    const page = opened.browser.contexts()[0]?.pages()[0];
    if (!page) throw new Error('the window is gone');
    const question = page.getByRole('log').getByText('How high is the lighthouse number 3?');
    const answer = await page.locator('article .prose').innerText();
    await page.reload();
    await question.waitFor();
    expect(await page.locator('article .prose').innerText()).toBe(answer);
    await page.getByTestId('headline').waitFor();
    await page.getByRole('textbox', { name: /^Ask / }).waitFor();
    await page.getByTestId('kept-bytes').waitFor({ timeout: 60_000 });

    await opened.server.stop();
    const again = await openWindow(opened.browser, await opened.server.start());
    await again.page.getByRole('log').getByText('How high is the lighthouse number 3?').waitFor();
    // The engine was restarted; the KV that the first one computed is on disk, and the window says so.
    await again.page.getByText('It is not in memory now.').waitFor({ timeout: 120_000 });
    await again.page.getByText(/^ready in seconds/).waitFor({ timeout: 120_000 });
    await again.page.keyboard.press('Control+,');
    await again.page.getByRole('dialog', { name: 'Settings' }).waitFor();
    await again.page.keyboard.press('Escape');
    // The same question on a new branch: the KV is loaded, the text is not read again, and the answer is the same as before the restart.
    await again.page.getByRole('button', { name: 'Edit the question' }).click();
    await again.page.getByRole('textbox', { name: 'Edit the question' }).press('Enter');
    await expect
      .poll(() => opened.server.turns().map(({ state }) => state), { timeout: 180_000 })
      .toEqual(['done', 'done']);
    const [first, second] = opened.server.turns();
    expect(second?.answer).toBe(first?.answer);
    expect(second?.report?.counters).toEqual(first?.report?.counters);
    expect(readings()).toBe(1);
    expect(again.outbound).toEqual([]);
    expect(again.complaints).toEqual([]);
  }, 300_000);

  it('reads again what was damaged on disk, says so, and keeps it anew', async () => {
    await opened.server.stop();
    const [name = ''] = kept();
    const file = join(opened.dataDir, 'kv', name);
    const { size, mode } = statSync(file);
    expect(mode & 0o777).toBe(0o600);
    expect(statSync(join(opened.dataDir, 'kv')).mode & 0o777).toBe(0o700);
    truncateSync(file, size - 1000);
    const { page, outbound, complaints } = await openWindow(opened.browser, await opened.server.start());
    await page.getByRole('button', { name: 'Load document' }).click({ timeout: 120_000 });
    await page
      .getByText(/The KV cache on disk is damaged: .* The document was read again\./)
      .waitFor({ timeout: 180_000 });
    expect(readings()).toBe(2);
    await expect.poll(() => statSync(file, { throwIfNoEntry: false })?.size, { timeout: 60_000 }).toBe(size);
    expect([...outbound, ...complaints]).toEqual([]);
  }, 300_000);

  it.skipIf(process.platform !== 'linux')(
    'survives the death of the engine in the middle of an answer',
    async () => {
      const page = opened.browser.contexts().at(-1)?.pages()[0];
      if (!page) throw new Error('the window is gone');
      const field = page.getByRole('textbox', { name: /^Ask / });
      await field.waitFor({ timeout: 180_000 });
      await field.fill('Who lives beside the lighthouse?');
      await field.press('Enter');
      await expect.poll(() => page.getByTestId('engine-state').textContent(), { interval: 20 }).toBe('Answering');
      process.kill(opened.server.enginePid(), 'SIGKILL');
      await page.getByText(/The engine ended by SIGKILL/).waitFor({ timeout: 30_000 });
      await page.getByTestId('engine-state').getByText('Ready').waitFor({ timeout: 60_000 });
      // One button reads the document into the new engine and asks again.
      await page.getByRole('button', { name: 'Ask again' }).click();
      await expect.poll(() => page.getByTestId('answer-stats').count(), { timeout: 180_000 }).toBe(2);
    },
    400_000,
  );

  it('refuses a link that was used already', async () => {
    const page = opened.browser.contexts().at(-1)?.pages()[0];
    const { origin } = new URL(page?.url() ?? '');
    const other = await openWindow(opened.browser, `${origin}/#launch=used-before`);
    await other.page.getByRole('heading', { name: 'This window is not signed in' }).waitFor();
    expect(new URL(other.page.url()).hash).toBe('');
  }, 60_000);
});
