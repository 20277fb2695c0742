/** A PDF with a password, in a real browser: the window asks for it when the file is added, and again after a reload, to show pages. */
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { pdfBytes } from '../fixtures/documents/pdf-inputs.ts';
import { inChromium, useFakeWindow } from './opened-window.ts';

const password = 'open sesame';

inChromium('a protected PDF', () => {
  const opened = useFakeWindow({ pieces: ['It was 1887.'] });
  let page: Page;
  beforeAll(() => {
    page = opened.page;
  });

  const library = () => page.getByRole('navigation', { name: 'Library' });
  const field = () =>
    page.getByRole('textbox', { name: 'Password of locked.pdf' }).or(page.getByLabel('Password of locked.pdf'));
  const showDocument = () => page.getByRole('tab', { name: 'Document' }).click();
  /** Whether the first page is drawn: not all of it is white. */
  const isDrawn = () =>
    page.getByTestId('pdf-page-1').evaluate(async (element) => {
      const image = element instanceof HTMLImageElement ? element : element.querySelector('img');
      if (!image?.complete || image.naturalWidth === 0) return false;
      const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
      const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
      context.drawImage(image, 0, 0);
      return context.getImageData(0, 0, canvas.width, canvas.height).data.some((value, i) => i % 4 < 3 && value < 100);
    });

  it('asks for its password, says when it is wrong, and is added with it', async () => {
    const bytes = await pdfBytes((pdf) => pdf.fontSize(40).text('The Trust was founded in 1887.'), {
      userPassword: password,
      ownerPassword: 'owner',
      pdfVersion: '1.7',
    });
    await page
      .getByTestId('add-files')
      .setInputFiles({ name: 'locked.pdf', mimeType: 'application/pdf', buffer: bytes });
    await library()
      .getByText('locked.pdf is protected by a password. Enter it to open the file.')
      .waitFor({ timeout: 60_000 });
    await field().fill('wrong');
    await library().getByRole('button', { name: 'Open' }).click();
    await library().getByText('not right').waitFor({ timeout: 60_000 });
    await field().fill(password);
    await library().getByRole('button', { name: 'Open' }).click();
    await library()
      .getByRole('button', { name: /^locked\.pdf.*1 page/ })
      .waitFor({ timeout: 60_000 });
  }, 200_000);

  it('shows its pages while this window lives', async () => {
    await showDocument();
    await page.getByRole('region', { name: 'Pages of locked.pdf' }).waitFor({ timeout: 60_000 });
    await expect.poll(isDrawn, { timeout: 30_000 }).toBe(true);
  }, 120_000);

  it('asks again in a window that was loaded anew: nobody kept the password', async () => {
    await page.reload();
    await showDocument();
    await page.getByText('The pages of this PDF are protected.').waitFor({ timeout: 60_000 });
    const stored = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
    expect(stored).not.toContain(password);
    const inspector = page
      .getByRole('complementary')
      .or(page.getByRole('tabpanel', { name: 'Document' }))
      .first();
    await inspector.getByLabel('Password of locked.pdf').fill('not this one');
    await page.getByRole('button', { name: 'Show the pages' }).click();
    await page.getByText('This password does not open the pages.').waitFor({ timeout: 30_000 });
    await page.getByLabel('Password of locked.pdf').fill(password);
    await page.getByRole('button', { name: 'Show the pages' }).click();
    await page.getByRole('region', { name: 'Pages of locked.pdf' }).waitFor({ timeout: 60_000 });
    await expect.poll(isDrawn, { timeout: 30_000 }).toBe(true);
  }, 200_000);

  it('shows its text to who has no password', async () => {
    await page.reload();
    await showDocument();
    await page.getByRole('button', { name: 'Show the text' }).click();
    await page
      .getByRole('region', { name: 'Text of locked.pdf' })
      .getByText('The Trust was founded in 1887.')
      .waitFor();
    expect({ outbound: opened.outbound, complaints: opened.complaints }).toEqual({ outbound: [], complaints: [] });
  }, 120_000);
});
