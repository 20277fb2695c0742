/** A document of 45,000 pages in a real browser: its card, a citation that stands on page 40,000, and the way to any page. */
import { beforeAll, expect, it } from 'vitest';
import { inChromium, useFakeWindow } from './opened-window.ts';

const nPages = 45_000;
const cited = 40_000;
const sentence = `The keeper of tower ${cited} is called Penhallow and owns three keys.`;

inChromium('a document of 45,000 pages', () => {
  const opened = useFakeWindow({ pieces: [`“${sentence}”`] });
  beforeAll(async () => {
    const texts = Array.from({ length: nPages }, (_, i) =>
      i + 1 === cited ? `${sentence}\n\n` : `Page ${i + 1} is about tower ${i + 1}, which stands in a row of many.\n\n`,
    );
    let at = 0;
    const pages = texts.map((text, i) => {
      const start = at;
      at += text.length;
      return { label: `${i + 1}`, start, end: at };
    });
    const note = {
      kind: 'unknown-glyphs' as const,
      count: 1,
      page: cited,
      sentence: 'A character has no known letter.',
    };
    const parsed = { title: 'towers', format: 'txt' as const, notes: [note], text: texts.join(''), pages };
    const tokens = { total: 5000, pages: pages.map(() => 0), countedWith: 'none' };
    opened.server.app.documents.add({ parsed, fileName: 'towers.txt', fileBytes: at, sha256: 'towers', tokens });
    await opened.page.reload();
  }, 120_000);

  const view = () => opened.page.getByRole('region', { name: 'Text of towers.txt' });
  const inSight = () => opened.page.getByRole('textbox', { name: /^(Page|Section), of 45,000$/ });

  it('opens at the page that a note is about', async () => {
    const { page } = opened;
    const card = page.getByRole('region', { name: 'Before reading' });
    await card.getByRole('button', { name: '1 character without a known letter' }).click({ timeout: 60_000 });
    await card.getByRole('button', { name: `Show section ${cited} in the document` }).click();
    await view().getByText(sentence).waitFor({ timeout: 60_000 });
  });

  it('opens at any page that is asked for', async () => {
    await inSight().fill('3');
    await opened.page.keyboard.press('Enter');
    await view().getByText('Page 3 is about tower 3,').waitFor({ timeout: 60_000 });
    await inSight().fill(`${nPages}`);
    await opened.page.keyboard.press('Enter');
    await view().getByText(`Page ${nPages} is about`).waitFor({ timeout: 60_000 });
  });

  it('opens where a citation on page 40,000 leads', async () => {
    const { page } = opened;
    await page.getByRole('button', { name: 'Read document' }).click();
    const composer = page.getByRole('textbox', { name: /^Ask / });
    await composer.fill('Who keeps the tower with three keys?');
    await composer.press('Enter');
    const chip = page.getByRole('button', { name: `Show p. ${cited} in the document` }).first();
    await chip.click({ timeout: 60_000 });
    await expect
      .poll(() => page.getByTestId('passage').first().textContent(), { timeout: 60_000 })
      .toContain('Penhallow');
    expect(opened.complaints).toEqual([]);
  });
});
