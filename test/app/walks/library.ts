/** How files come into the library, and what is done with many. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../../electron/contract/errors.ts';
import { pdfBytes, scannedPdf } from '../../fixtures/documents/pdf-inputs.ts';
import { dropBytes } from '../browser.ts';
import { addSample, addText, ask, button, hold, library, onSample, settled, walk } from './screens.ts';

export const firstScreen = () => {
  const opening = hold();
  return walk('first-screen', { ...onSample(), opening: opening.held }, async function* (page, server, script) {
    await page.getByTestId('engine-state').getByText('Opening the model').waitFor();
    yield 'starting';
    opening.release();
    script.opening = undefined;
    await page.getByText(/reads up to/).waitFor();
    yield 'first-run';
    await page.evaluate(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([''], 'a.pdf'));
      document.body.dispatchEvent(new DragEvent('dragenter', { dataTransfer, bubbles: true }));
    });
    await page.getByRole('region', { name: 'Drop' }).waitFor();
    yield 'dropping';
    const sending = hold();
    await page.route('**/upload*', async (route) => {
      await sending.held;
      await route.continue();
    });
    await dropBytes(page, 'Minutes of the harbour board, 1887 to 1902 (scanned).pdf', await scannedPdf(2));
    await library(page).getByText('Adding').waitFor();
    yield 'adding';
    sending.release();
    await library(page).getByRole('alert').waitFor({ timeout: 60_000 });
    yield 'scanned-pdf';
    await button(page, 'Dismiss').click();
    await dropBytes(page, 'contract.pdf', await pdfBytes((pdf) => pdf.text('Secret.'), { userPassword: 'harbour' }));
    await library(page).getByRole('textbox', { name: 'Password of contract.pdf' }).waitFor({ timeout: 60_000 });
    yield 'password-pdf';
    script.failOpen = new AppError(
      'MODEL_MISSING',
      'The model file SmolLM2-135M-Instruct.Q4_1.gguf is not there any more.',
    );
    await server.app.supervisor.reopen();
    await page.getByRole('main').getByRole('alert').waitFor();
    yield 'model-missing';
    script.failOpen = new AppError(
      'MODEL_CHECKSUM',
      'The model file SmolLM2-135M-Instruct.Q4_1.gguf is damaged: its checksum is not the one that was published.',
    );
    await server.app.supervisor.reopen();
    await page
      .getByText(/checksum/)
      .first()
      .waitFor();
    yield 'model-damaged';
  });
};

/** A library that was damaged, and a PDF whose pages are protected. */
export const protectedPdf = () =>
  walk(
    'protected-pdf',
    onSample(),
    async function* (page) {
      await page.getByText(/The library was damaged/).waitFor();
      yield 'library-damaged';
      await button(page, 'Dismiss').click();
      await dropBytes(page, 'contract.pdf', await pdfBytes((pdf) => pdf.text('Secret.'), { userPassword: 'harbour' }));
      const password = page.getByLabel('Password of contract.pdf');
      await password.fill('harbour');
      await library(page).getByRole('button', { name: 'Open' }).click();
      await button(page, /^contract\.pdf/)
        .first()
        .waitFor({ timeout: 60_000 });
      await page.reload();
      await page.getByRole('tab', { name: 'Document' }).click();
      await page.getByText('The pages of this PDF are protected.').waitFor();
      yield 'password-pages';
      await password.fill('wharf');
      await button(page, 'Show the pages').click();
      await page.getByText('This password does not open the pages.').waitFor();
      yield 'password-wrong';
    },
    async () => {
      const dataDir = mkdtempSync(join(tmpdir(), 'rocketdoc-test-'));
      writeFileSync(join(dataDir, 'library.sqlite'), 'no library at all\n'.repeat(500));
      return { dataDir };
    },
  );

export const manyDocuments = () =>
  walk('many-documents', onSample(), async function* (page, server) {
    await addSample(server);
    addText(server, 'lease.md', 6, 900);
    addText(server, 'handbook.md', 12, 2400);
    await page.reload();
    await button(page, 'Paste text as a document').click();
    await page.getByRole('textbox', { name: 'Text' }).fill('# A letter\n\nThe rent is 950 now.');
    await settled(page);
    yield 'paste-text';
    await page.keyboard.press('Escape');
    await page.getByRole('searchbox').fill('keeper');
    await library(page)
      .getByText(/^Found in/)
      .waitFor();
    yield 'search';
    await page.getByRole('searchbox').fill('nothing like this');
    await library(page)
      .getByText(/^No document has/)
      .waitFor();
    yield 'search-empty';
    await page.getByRole('searchbox').fill('');
    await button(page, 'Ask several documents together').click();
    for (const name of [/lease/, /handbook/]) await library(page).getByRole('checkbox', { name }).check();
    yield 'picking-documents';
    await button(page, 'Ask 2 together').click();
    await page
      .getByRole('heading', { name: /and 1 more/ })
      .first()
      .waitFor();
    const [joined] = server.app.documents.list();
    const counts = { total: 3300, pages: Array.from({ length: 18 }, () => 180), countedWith: 'none' };
    server.app.documents.setTokens(joined?.id ?? '', counts);
    await page.reload();
    await button(page, 'Read document').click();
    await ask(page, 'What is the rent of house number 3?');
    await page.getByTestId('answer-stats').waitFor();
    await settled(page);
    yield 'joined-documents';
  });
