/// <reference lib="dom" />
/** While a document is read the rest of the window stays usable, in a real browser; the engine is a fake one whose reading is held. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { smallModelFile } from '../cli/run-command.ts';
import { embeddedPlace } from '../fixtures/app-server.ts';
import type { FakeScript } from '../fixtures/fake-engine.ts';
import { dropFile } from './browser.ts';
import { inChromium, useFakeWindow } from './opened-window.ts';

inChromium('reading a document', () => {
  const script: FakeScript = { pieces: ['The rent ', 'is 950.'] };
  // Only the model's vocabulary is used: tokens of added files are counted with it.
  const opened = useFakeWindow(script, () => ({ embedded: [embeddedPlace(smallModelFile, 'SmolLM2-135M-Instruct')] }));
  let page: Page;
  let goOn = () => {};

  const library = () => page.getByRole('navigation', { name: 'Library' });
  const row = (name: string) => library().getByRole('button', { name: new RegExp(`^${name}\\.md`) });
  const reading = () => page.getByRole('region', { name: 'Reading' });
  const composer = () => page.getByRole('textbox', { name: /^Ask / });
  const readButton = () => page.getByRole('button', { name: 'Read document' });

  async function ask(question: string): Promise<void> {
    await composer().fill(question);
    await composer().press('Enter');
    const article = page.getByRole('article').filter({ hasText: question }).last();
    await article.getByTestId('answer-stats').waitFor({ timeout: 30_000 });
    expect(await article.innerText()).toContain('The rent is 950.');
  }

  beforeAll(async () => {
    page = opened.page;
    await dropFile(page, 'first.md', '# First\n\nThe rent is 950.\n');
    await row('first').waitFor({ timeout: 120_000 });
    await readButton().click();
    await composer().waitFor();
    await dropFile(page, 'second.md', '# Second\n\nThe deposit is 1,900.\n');
    await row('second').waitFor({ timeout: 120_000 });
    script.reading = new Promise((resolve) => {
      goOn = resolve;
    });
    await readButton().click();
  }, 300_000);
  afterAll(() => goOn());

  it('says how far it is, how fast, and how long yet', async () => {
    await reading()
      .getByText('164 of 400 tokens, 312 tok/s, 10 s left')
      .or(reading().getByText('10.1 s left'))
      .waitFor();
    await reading().getByText('41 %').waitFor();
    await row('second').getByText('reading 41 %').waitFor();
  });

  it('leaves everything else to be done meanwhile: another answer, a new document, search, settings, names', async () => {
    await row('first').click();
    await ask('What is the rent?');
    await dropFile(page, 'third.md', '# Third\n\nThree keys.\n');
    await row('third').waitFor({ timeout: 120_000 });
    await page
      .getByText(/^Fits /)
      .first()
      .waitFor();
    await library().getByRole('searchbox').fill('deposit');
    await library().getByText('Found in 1 document').waitFor();
    await library().getByRole('searchbox').fill('');
    await page.keyboard.press('Control+,');
    await page.getByRole('dialog', { name: 'Settings' }).waitFor();
    await page.keyboard.press('Escape');
    await row('second').hover();
    await library()
      .getByRole('button', { name: /^Actions for second/ })
      .click();
    await page.getByRole('menuitem', { name: 'Rename' }).click();
    const dialog = page.getByRole('dialog', { name: 'Rename document' });
    // The old name is selected, so typing replaces it.
    await expect.poll(() => page.evaluate(() => window.getSelection()?.toString())).toBe('second.md');
    await page.keyboard.type('deposit.md');
    await dialog.getByRole('button', { name: 'Rename' }).click();
    await row('deposit').getByText('reading 41 %').waitFor();
  }, 120_000);

  it('pauses, keeps what is read, and is cancelled without a trace', async () => {
    await row('deposit').click();
    await reading().getByRole('button', { name: 'Pause' }).click();
    await reading().getByText('164 of 400 tokens are read and stay.').waitFor();
    await row('first').click();
    await ask('And now?');
    await row('deposit').click();
    await reading().getByRole('button', { name: 'Go on' }).click();
    await reading().getByRole('button', { name: 'Cancel' }).click();
    await readButton().waitFor();
    await row('deposit').getByText('not in memory').waitFor();
    expect(opened.server.app.jobs.list).toEqual([]);
  }, 120_000);

  it('is read when it is asked for again', async () => {
    await readButton().click();
    await reading().waitFor();
    goOn();
    await composer().waitFor({ timeout: 30_000 });
    await row('deposit')
      .getByText(/^in memory/)
      .waitFor();
    await ask('What is the deposit?');
    expect({ outbound: opened.outbound, complaints: opened.complaints }).toEqual({ outbound: [], complaints: [] });
  }, 120_000);

  it('asks before a chat with answers is removed, and not for an empty one', async () => {
    const actions = (title: string) => library().getByRole('button', { name: `Actions for chat: ${title}` });
    const remove = async (title: string) => {
      await actions(title).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('menuitem', { name: 'Remove' }).click();
    };
    await page.keyboard.press('Control+n');
    await actions('Chat 2').waitFor();
    await remove('Chat 2');
    await actions('Chat 2').waitFor({ state: 'detached' });
    await remove('What is the deposit?');
    const dialog = page.getByRole('dialog', { name: 'Remove chat' });
    await dialog.getByText('is removed with 1 question and what was answered').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await actions('What is the deposit?').waitFor();
    await remove('What is the deposit?');
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await actions('What is the deposit?').waitFor({ state: 'detached' });
  }, 60_000);
});
