/** The library in a real browser, with the real document host and store; the engine is a fake one that reads at once. */
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { dropFile } from './browser.ts';
import { inChromium, useFakeWindow } from './opened-window.ts';

const payload = '<img src=x onerror="window.hacked=1">';

inChromium('the library', () => {
  const opened = useFakeWindow({ pieces: ['The rent is 950.'] });
  let page: Page;
  beforeAll(() => {
    page = opened.page;
  });

  /** The document's row, which appears when the file is in the library. */
  const row = (name: string) => library().getByRole('button', { name: new RegExp(`^${name}.*section`) });
  const library = () => page.getByRole('navigation', { name: 'Library' });

  it('takes a text that is pasted', async () => {
    await library().getByText('No documents yet. Drop one on the window.').waitFor();
    await library().getByRole('button', { name: 'Paste text as a document' }).click();
    const dialog = page.getByRole('dialog', { name: 'Paste text as a document' });
    await dialog.getByRole('textbox', { name: 'Text' }).fill(`# A letter\n\nThe rent is 950 now. \`${payload}\`\n`);
    await dialog.getByRole('button', { name: 'Add to the library' }).click();
    await row('A letter').waitFor({ timeout: 60_000 });
    const [document] = opened.server.app.documents.list();
    expect(opened.server.app.documents.text(document?.id ?? '', null).text).toContain(
      `The rent is 950 now. \`${payload}\``,
    );
  }, 120_000);

  it('finds words in names and text, and says when there are none', async () => {
    await dropFile(page, 'lease.md', '# Rent\n\nThe rent is 900.\n\n# Keys\n\nThere are three keys.\n');
    const field = library().getByRole('searchbox');
    await field.fill('rent is 9');
    // A document that is added after typing is found too.
    await library().getByText('Found in 2 documents').waitFor({ timeout: 60_000 });
    expect(await library().locator('mark').allTextContents()).toEqual(expect.arrayContaining(['rent', 'is', '950']));
    // A hit opens the document beside the chat, at its page.
    await library()
      .getByRole('button', { name: /^A letter # A letter/ })
      .click();
    await page.getByRole('heading', { name: 'A letter.md' }).first().waitFor();
    await page
      .getByRole('region', { name: 'Text of A letter.md' })
      .getByText(/The rent is 950 now/)
      .waitFor();
    await field.fill('lease');
    await library().getByText('Found in 1 document').waitFor();
    await field.fill('nothing like this');
    await library()
      .getByText(/^No document has “nothing like this” in its name or text/)
      .waitFor();
    await field.fill('');
    await row('A letter').waitFor();
  }, 120_000);

  it('reads several documents as one and is asked about them together', async () => {
    await library().getByRole('button', { name: 'Ask several documents together' }).click();
    await library()
      .getByRole('checkbox', { name: /lease\.md/ })
      .check();
    await library()
      .getByRole('checkbox', { name: /A letter\.md/ })
      .check();
    await library().getByRole('button', { name: 'Ask 2 together' }).click();
    await page.getByRole('heading', { name: 'lease.md and 1 more' }).first().waitFor();
    const [joined] = opened.server.app.documents.list();
    expect(joined).toMatchObject({ name: 'lease.md and 1 more', joined: 2 });
    expect(opened.server.app.documents.text(joined?.id ?? '', null).text).toMatch(/900[\s\S]*950/);
    // There is no model here to count tokens with.
    opened.server.app.documents.setTokens(joined?.id ?? '', { total: 40, pages: [20, 10, 10], countedWith: 'none' });
    await page.reload();
    await page.getByRole('button', { name: 'Read document' }).click();
    const question = page.getByRole('textbox', { name: /^Ask / });
    await question.fill('What is the rent?');
    await question.press('Enter');
    await page.getByText('The rent is 950.').waitFor();
    await page.reload();
    await library()
      .getByText(/^2 documents/)
      .waitFor();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect([...opened.outbound, ...opened.complaints]).toEqual([]);
  }, 120_000);
});
