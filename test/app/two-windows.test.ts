/** Two windows on one library: what is changed in one, or by a program, shows in the other within a second. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dropFile, openWindow, type Watched } from './browser.ts';
import { inChromium, linkTo, useFakeWindow } from './opened-window.ts';

const soonMs = 1000;

inChromium('two windows', () => {
  const opened = useFakeWindow({ pieces: 'The rent is 950.'.split(/(?<= )/), pauseMs: 150 });
  let other: Watched;
  let first: Page;
  let second: Page;
  beforeAll(async () => {
    other = await openWindow(opened.browser, linkTo(opened.server));
    [first, second] = [opened.page, other.page];
    await second.getByText('No documents yet').waitFor();
  }, 60_000);
  afterAll(() => other?.page.context().close());

  const app = () => opened.server.app;
  const library = (page: Page) => page.getByRole('navigation', { name: 'Library' });
  const row = (page: Page, name: string) =>
    library(page).getByRole('button', { name: new RegExp(`^${name}.*section`) });
  const composer = (page: Page) => page.getByRole('textbox', { name: /^Ask / });
  const setting = (page: Page, label: string) => page.getByRole('dialog', { name: 'Settings' }).getByLabel(label);
  async function openSettings(page: Page): Promise<void> {
    await page.keyboard.press('Control+,');
    await page.getByRole('dialog', { name: 'Settings' }).getByRole('tab', { name: 'Appearance' }).click();
  }
  /** Expects that a change that has been made shows within a second. */
  async function soon(shows: () => Promise<unknown>): Promise<void> {
    const at = performance.now();
    await shows();
    expect(performance.now() - at).toBeLessThan(soonMs);
  }

  it('the same file, dropped on both at once, is one document of both', async () => {
    const text = '# Rent\n\nThe rent is 950 now.\n';
    await Promise.all([dropFile(first, 'lease.md', text), dropFile(second, 'lease.md', text)]);
    await row(first, 'lease.md').waitFor({ timeout: 60_000 });
    await row(second, 'lease.md').waitFor({ timeout: 60_000 });
    expect(app().documents.list()).toHaveLength(1);
    expect(await row(first, 'lease.md').count()).toBe(1);
    expect(await row(second, 'lease.md').count()).toBe(1);
  }, 120_000);

  it('a file that one adds is listed by the other, under the name that it is given', async () => {
    await dropFile(first, 'letter.md', '# A letter\n\nThe keys are three.\n');
    await row(first, 'letter.md').waitFor({ timeout: 60_000 });
    await soon(() => row(second, 'letter.md').waitFor());
    await library(second).getByRole('button', { name: 'Actions for letter.md' }).click();
    await second.getByRole('menuitem', { name: 'Rename' }).click();
    const name = second.getByRole('textbox', { name: 'Name' });
    await name.fill('A letter of May');
    await name.press('Enter');
    await soon(() => row(first, 'A letter of May').waitFor());
  }, 120_000);

  it('settings, and what is chosen for a document', async () => {
    for (const page of [first, second]) await openSettings(page);
    await setting(first, 'Theme').selectOption('dark');
    await soon(() => second.locator('html[data-theme=dark]').waitFor());
    await soon(() => expect.poll(() => setting(second, 'Theme').inputValue()).toBe('dark'));
    await setting(second, 'Theme').selectOption('light');
    await soon(() => first.locator('html[data-theme=light]').waitFor());
    for (const page of [first, second]) await page.keyboard.press('Escape');

    const [{ id = '' } = {}] = app().documents.list();
    // There is no model here to count tokens with.
    app().documents.setTokens(id, { total: 20, pages: [20], countedWith: app().counter.countedWith });
    for (const page of [first, second]) {
      await row(page, 'lease.md').click();
      await row(page, 'A letter of May').click();
    }
    await first.getByRole('slider', { name: 'Token budget' }).press('Home');
    const budget = await first.getByTestId('budget').textContent();
    await soon(() => expect.poll(() => second.getByTestId('budget').textContent()).toBe(budget));
  }, 120_000);

  it('chats: what is typed, asked and answered, their names, and that they are gone', async () => {
    await first.getByRole('button', { name: 'Read document' }).click();
    for (const page of [first, second]) await composer(page).waitFor();
    await composer(first).fill('What is the rent?');
    await expect.poll(() => app().chats.list(app().documents.list()[0]?.id ?? '').length).toBe(1);
    const [chat] = app().chats.list(app().documents.list()[0]?.id ?? '');
    await expect.poll(() => app().chats.draft(chat?.id ?? '')).toBe('What is the rent?');
    await library(second).getByRole('button', { name: 'Chat 1', exact: true }).click({ timeout: soonMs });
    await soon(() => expect.poll(() => composer(second).inputValue()).toBe('What is the rent?'));
    // Nothing is typed in the second window, so its draft follows the first one's.
    await composer(first).fill('What is the rent now?');
    await expect.poll(() => app().chats.draft(chat?.id ?? '')).toBe('What is the rent now?');
    await soon(() => expect.poll(() => composer(second).inputValue()).toBe('What is the rent now?'));

    await composer(first).press('Enter');
    await expect.poll(() => app().chats.turns(chat?.id ?? '').length).toBe(1);
    // The other window shows the question, and the answer while it grows.
    const article = second.getByRole('article').filter({ hasText: 'What is the rent now?' });
    await soon(() => article.waitFor());
    await article.getByText('The rent', { exact: false }).last().waitFor();
    await article.getByText('The rent is 950.').waitFor();
    await expect.poll(() => composer(second).inputValue()).toBe('');

    // A question asked in the second window shows in the first.
    await composer(second).fill('And the keys?');
    await composer(second).press('Enter');
    await expect.poll(() => app().chats.turns(chat?.id ?? '').length).toBe(2);
    await soon(() => first.getByRole('article').filter({ hasText: 'And the keys?' }).waitFor());
    await expect
      .poll(
        () =>
          app()
            .chats.turns(chat?.id ?? '')
            .at(-1)?.state,
      )
      .toBe('done');

    app().chats.rename(chat?.id ?? '', 'About the rent');
    await soon(() => library(first).getByRole('button', { name: 'About the rent', exact: true }).waitFor());
    await soon(() => library(second).getByRole('button', { name: 'About the rent', exact: true }).waitFor());
    app().chats.remove(chat?.id ?? '');
    await soon(() =>
      library(second).getByRole('button', { name: 'About the rent', exact: true }).waitFor({ state: 'detached' }),
    );
    await soon(() => expect.poll(() => second.getByRole('article').count()).toBe(0));
  }, 120_000);

  it('are listed as signed in; one signs the other out, which says so', async () => {
    await first.keyboard.press('Control+,');
    const settings = first.getByRole('dialog', { name: 'Settings' });
    await settings.getByRole('tab', { name: 'Programs' }).click();
    const signedIn = settings.getByRole('list', { name: 'Signed-in browsers' }).getByRole('listitem');
    await expect.poll(() => signedIn.count()).toBe(2);
    const third = await openWindow(opened.browser, linkTo(opened.server));
    await soon(() => expect.poll(() => signedIn.count()).toBe(3));
    await signedIn
      .last()
      .getByRole('button', { name: /^Sign out: Chrome/ })
      .click();
    await soon(() => third.page.getByRole('heading', { name: 'This window is not signed in' }).waitFor());
    await soon(() => expect.poll(() => signedIn.count()).toBe(2));
    await first.keyboard.press('Escape');
    await third.page.context().close();
  }, 120_000);

  it('a document that one removes is gone in the other, which shows the next', async () => {
    await library(first).getByRole('button', { name: 'Actions for A letter of May' }).click();
    await first.getByRole('menuitem', { name: 'Remove' }).click();
    await first.getByRole('dialog', { name: 'Remove document' }).getByRole('button', { name: 'Remove' }).click();
    await expect.poll(() => app().documents.list().length).toBe(1);
    await soon(() => row(second, 'A letter of May').waitFor({ state: 'detached' }));
    await soon(() => second.getByRole('heading', { name: 'lease.md' }).first().waitFor());
    expect([...opened.complaints, ...other.complaints]).toEqual([]);
  }, 120_000);
});
