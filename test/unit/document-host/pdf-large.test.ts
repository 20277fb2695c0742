/** Many pages, and pages that are built to take long. */
import { describe, expect, it } from 'vitest';
import { handMadePdf } from '../../fixtures/documents/pdf-inputs.ts';
import { at, onePagePdf, streamObject } from '../../fixtures/documents/pdf-pages.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { pageText, parse } from './parsing.ts';

const write = temporaryFiles();

/** A page tree of nodes with a hundred pages each; page n says its number. */
function longPdf(nPages: number): Buffer {
  const perNode = 100;
  const nNodes = Math.ceil(nPages / perNode);
  const firstPage = 4 + nNodes;
  const references = (first: number, n: number, step = 1): string =>
    Array.from({ length: n }, (_each, i) => `${first + i * step} 0 R`).join(' ');
  const inNode = (node: number): number => Math.min(perNode, nPages - node * perNode);
  return handMadePdf([
    '<</Type/Catalog/Pages 2 0 R>>',
    `<</Type/Pages/Count ${nPages}/Kids[${references(4, nNodes)}]>>`,
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
    ...Array.from(
      { length: nNodes },
      (_each, node) =>
        `<</Type/Pages/Parent 2 0 R/Count ${inNode(node)}/MediaBox[0 0 300 300]/Resources<</Font<</F1 3 0 R>>>>` +
        `/Kids[${references(firstPage + 2 * perNode * node, inNode(node), 2)}]>>`,
    ),
    ...Array.from({ length: nPages }, (_each, i) => [
      `<</Type/Page/Parent ${4 + Math.floor(i / perNode)} 0 R/Contents ${firstPage + 2 * i + 1} 0 R>>`,
      streamObject(at(20, 200, `Page number ${i + 1} of the register.`)),
    ]).flat(),
  ]);
}

describe('large PDFs', () => {
  it('of five thousand pages have the right text on each', { timeout: 60_000 }, async () => {
    const document = await parse(write('long.pdf', longPdf(5000)));
    expect(document.pages).toHaveLength(5000);
    for (const n of [1, 100, 101, 2500, 4999, 5000]) {
      expect(pageText(document, document.pages[n - 1])).toBe(`Page number ${n} of the register.`);
    }
  });

  it('with a hundred thousand annotations on a page say how many are not read', { timeout: 60_000 }, async () => {
    const one = '<</Type/Annot/Subtype/Text/Rect[20 690 30 700]/Contents(x)>>';
    const bytes = onePagePdf(at(60, 700, 'A page.'), { page: `/Annots[${one.repeat(100_000)}]` });
    const { text, notes } = await parse(write('annotated.pdf', bytes));
    expect(text.startsWith('A page.')).toBe(true);
    expect(notes).toMatchObject([
      { kind: 'comments', count: 5000, page: 1 },
      { kind: 'other', count: 95_000, page: 1 },
    ]);
  });

  it('with ten thousand strings scattered over a page keep every one', { timeout: 60_000 }, async () => {
    const content = Array.from({ length: 10_000 }, (_each, i) =>
      at((i * 7919) % 560, 20 + ((i * 104729) % 800), `w${i}`, 3),
    ).join('');
    const { text } = await parse(write('scattered.pdf', onePagePdf(content)));
    const found = new Set(text.match(/w\d+/g));
    expect(found.size).toBeGreaterThan(9000); // some touch and are one word
  });

  it('with one endless word do not take long to find its hyphens', { timeout: 60_000 }, async () => {
    const content = `BT /F1 12 Tf 14 TL 60 700 Td ${'(abcdefghij-) Tj T* '.repeat(20_000)}ET`;
    const { text } = await parse(write('endless.pdf', onePagePdf(content)));
    expect(text.length).toBeGreaterThan(150_000);
  });
});
