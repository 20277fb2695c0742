/** PDFs with many pages, and with pages that are made to take long. */
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { defaultDocumentLimits } from '../../../electron/contract/documents.ts';
import { parseDocument } from '../../../electron/document-host/document-client.ts';
import { handMadePdf } from '../../fixtures/documents/pdf-inputs.ts';
import { at, onePagePdf, streamObject } from '../../fixtures/documents/pdf-pages.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { watchedHost } from '../../fixtures/documents/watched-host.ts';
import { pageText, parse } from './parsing.ts';

const write = temporaryFiles();

/** A PDF whose page tree has nodes of a hundred pages; each page has its number as text. */
function longPdf(nPages: number, content = (n: number) => at(20, 200, `Page number ${n} of the register.`)): Buffer {
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
      streamObject(content(i + 1)),
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

  it('of 45,000 pages are read by the document host within its memory, each page with its text', {
    timeout: 180_000,
  }, async () => {
    const line = 'The keeper of the light wrote down the wind, the rain and the ships that passed.';
    const content = (n: number): string =>
      `BT /F1 6 Tf 8 TL 20 280 Td (Page number ${n} of the register.) Tj T* ${`(${line}) Tj T* `.repeat(12)}ET`;
    const path = write('register.pdf', longPdf(45_000, content));
    const host = watchedHost();
    const startedAt = performance.now();
    const document = await parseDocument(path, { startHost: host.startHost });
    const seconds = (performance.now() - startedAt) / 1000;
    console.log(`45,000 pages: ${seconds.toFixed(1)} s, ${document.text.length} characters, ${host.megabytes()} MB`);
    expect(document.pages).toHaveLength(45_000);
    const page = document.pages[39_999];
    expect(page?.label).toBe('40000');
    expect(pageText(document, page)).toMatch(/^Page number 40000 of the register\.[\s\S]*that passed\.$/);
    expect(host.megabytes()).toBeLessThan(defaultDocumentLimits.maxRssBytes / 1e6);
  });

  it('that say they hold ten million objects in one stream stay within the memory', { timeout: 120_000 }, async () => {
    const n = 10_000_000;
    const numbers: Buffer[] = [];
    for (let first = 7; first < n; first += 100_000)
      numbers.push(
        Buffer.from(Array.from({ length: Math.min(100_000, n - first) }, (_each, i) => `${first + i} 0 `).join('')),
      );
    const head = Buffer.concat(numbers);
    const packed = deflateSync(Buffer.concat([head, Buffer.from('1 ')]), { level: 1 });
    // The stream of objects comes after the page's own. No table names it, so a reader has to search the file for objects.
    const page = onePagePdf(at(60, 700, 'Shown text'), { catalog: '/Names 777 0 R' }).toString('latin1');
    const end = page.indexOf('xref\n');
    const bytes = Buffer.concat([
      Buffer.from(page.slice(0, end), 'latin1'),
      Buffer.from(
        `6 0 obj<</Type/ObjStm/N ${n - 7}/First ${head.length}/Filter/FlateDecode/Length ${packed.length}>>stream\n`,
      ),
      packed,
      Buffer.from(`\nendstream endobj\ntrailer<</Root 1 0 R/Size ${n}/Info ${n - 1} 0 R>>\n%%EOF\n`),
    ]);
    const host = watchedHost();
    const document = await parseDocument(write('objects.pdf', bytes), { startHost: host.startHost });
    console.log(`ten million objects: ${host.megabytes()} MB`);
    expect(document.text).toContain('Shown text');
    expect(host.megabytes()).toBeLessThan(defaultDocumentLimits.maxRssBytes / 1e6);
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
    expect(found.size).toBeGreaterThan(9000); // some strings touch and become one word
  });

  it('with one endless word do not take long to find its hyphens', { timeout: 60_000 }, async () => {
    // The letters are so small that all of them stand on the page.
    const content = `BT /F1 0.03 Tf 0.035 TL 60 750 Td ${'(abcdefghij-) Tj T* '.repeat(20_000)}ET`;
    const { text } = await parse(write('endless.pdf', onePagePdf(content)));
    expect(text.length).toBeGreaterThan(150_000);
  });
});
