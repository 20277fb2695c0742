/** What the import made of a file, in a real browser: the line, its notes, the links to their pages; reading again, and cancelling that. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../../electron/app-host/library/database.ts';
import type { StartHost } from '../../electron/document-host/document-client.ts';
import { forkDocumentHost } from '../../electron/document-host/start-document-host.ts';
import { greyPng, pdfBytes } from '../fixtures/documents/pdf-inputs.ts';
import { dropBytes } from './browser.ts';
import { inChromium, useFakeWindow } from './opened-window.ts';

inChromium('the receipt of an import', () => {
  /** While held, a document host takes the file and never answers. */
  let isHeld = false;
  const ended: number[] = [];
  const startDocumentHost: StartHost = (options) =>
    isHeld
      ? { pid: 1, post: () => {}, onMessage: () => {}, onExit: () => {}, kill: () => ended.push(performance.now()) }
      : forkDocumentHost(options);
  const opened = useFakeWindow({ pieces: ['It is 950.'] }, () => ({ startDocumentHost }));
  let page: Page;
  let bytes: Buffer;
  beforeAll(async () => {
    page = opened.page;
    bytes = await pdfBytes(
      (pdf) => {
        pdf.addPage().fontSize(40).text('The rent is 950 a month.');
        pdf.addPage().image(greyPng(), 50, 50, { width: 300 });
        pdf.addPage().fontSize(40).text('Three keys were handed over.');
      },
      { autoFirstPage: false },
    );
  });

  const line = '3 pages; 1 page without text';
  const card = () => page.getByRole('region', { name: 'Before reading' });
  const part = () => card().getByRole('button', { name: '1 page without text' });
  const drop = () => dropBytes(page, 'lease.pdf', bytes);

  it('is said when the file is in, and stands on its card', async () => {
    await drop();
    await page.getByText(`lease.pdf: ${line}.`).waitFor({ timeout: 60_000 });
    await expect.poll(() => card().getByTestId('receipt').textContent()).toContain(line);
  });

  it('opens its notes by the keyboard, and a note its page', async () => {
    await part().focus();
    await page.keyboard.press('Enter');
    await card()
      .getByRole('listitem')
      .getByText(/has no text/)
      .waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Pages of lease.pdf' }).waitFor({ timeout: 60_000 });
    await expect.poll(() => page.getByRole('textbox', { name: 'Page, of 3' }).inputValue()).toBe('2');
    // The receipt stands beside the document too.
    await page
      .getByRole('tabpanel', { name: 'Document' })
      .getByRole('button', { name: '1 page without text' })
      .waitFor();
  });

  it('is there after a rename, after a reload, and when the file comes again', async () => {
    const id = opened.server.app.documents.list()[0]?.id ?? '';
    opened.server.app.documents.rename(id, 'The lease');
    await page.reload();
    await page.getByRole('heading', { name: 'The lease' }).first().waitFor();
    await part().waitFor();
    await drop();
    await page.getByText(`The lease is in the library already: ${line}.`).waitFor({ timeout: 60_000 });
  });

  it('offers to read anew what an older reader read; who cancels that stops the reader within a second', async () => {
    const library = openDatabase(join(opened.server.dataDir, 'library.sqlite'));
    library.exec("UPDATE documents SET reader = 0, notes = '[]'");
    library.close();
    await page.reload();
    isHeld = true;
    await card().getByRole('button', { name: 'Read the file anew' }).click();
    const stop = card().getByRole('button', { name: 'Stop adding The lease' });
    await stop.waitFor();
    await expect.poll(() => card().getByText('Adding').count()).toBe(1);
    expect(ended).toEqual([]);
    const before = performance.now();
    await stop.click();
    await expect.poll(() => ended.length).toBe(1);
    expect((ended[0] ?? 0) - before).toBeLessThan(5000);
    await card().getByRole('button', { name: 'Read the file anew' }).waitFor();
    isHeld = false;
    await card().getByRole('button', { name: 'Read the file anew' }).click();
    await page.getByText(`The lease was read anew, and its text is the same: ${line}.`).waitFor({ timeout: 60_000 });
    await part().waitFor();
    expect(await card().getByRole('button', { name: 'Read the file anew' }).count()).toBe(0);
  });

  it('complains about nothing meanwhile', () => {
    expect(opened.complaints).toEqual([]);
    expect(opened.outbound).toEqual([]);
  });
});
