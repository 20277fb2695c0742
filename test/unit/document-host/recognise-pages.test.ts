import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { parseDocument } from '../../../electron/document-host/document-client.ts';
import { pdfBytes } from '../../fixtures/documents/pdf-inputs.ts';
import {
  pictureOfPage,
  pngOfPicture,
  quarterTurned,
  scanPdf,
  shareOfWords,
  tiffOf,
  turned,
  twoColumnPage,
} from '../../fixtures/documents/scans.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { failure, pageText, parse } from './parsing.ts';

const write = temporaryFiles();
// Recognising a page takes a core some seconds, and more on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 });
const asked = { recognise: 'pages-without-text' } as const;

const text = readFileSync(new URL('../../../assets/samples/report.md', import.meta.url), 'utf8')
  .replace(/[^\x20-\x7e\n]/g, ' ')
  .replace(/[|`*#>_-]+/g, ' ')
  .replace(/\s+/g, ' ')
  .slice(0, 1400)
  .replace(/\S*$/, '')
  .trim();
let page: Buffer; // a PDF page with the text as text, not as a picture

beforeAll(async () => {
  page = await twoColumnPage(text);
});

const scan = async (dpi: number, degrees: number) => turned(await pictureOfPage(page, 0, dpi), degrees);

describe('recognise-pages', () => {
  it('reads two scanned columns at 200 and 300 dpi, skewed by a degree either way: 97 % of the words, column after column', async () => {
    const path = write('scan.pdf', await scanPdf([await scan(200, 1), await scan(300, -1)]));
    const document = await parse(path, { choice: asked });
    for (const span of document.pages) {
      expect(shareOfWords(text, pageText(document, span))).toBeGreaterThanOrEqual(0.97);
      expect(span.recognised?.confidence).toBeGreaterThan(0.8);
      // First and last words are in their places: lines were not read across both columns.
      expect(pageText(document, span).slice(0, 30)).toBe(text.slice(0, 30));
      expect(pageText(document, span).slice(-15)).toBe(text.slice(-15));
    }
    expect(document.notes.map(({ kind, count }) => ({ kind, count }))).toEqual([
      { kind: 'pages-recognised', count: 2 },
    ]);
  });

  it('leaves pages with text as they are, and names those without any word', async () => {
    const bytes = await pdfBytes((pdf) => {
      pdf.text('Typed page.').addPage();
    });
    const document = await parse(write('typed.pdf', bytes), { choice: asked });
    expect(document.pages.map(({ recognised }) => recognised)).toEqual([undefined, undefined]);
    expect(document.notes.map(({ kind, page }) => ({ kind, page }))).toEqual([{ kind: 'pages-without-text', page: 2 }]);
  });

  it('does nothing unasked, and says how to ask', async () => {
    const path = write('unasked.pdf', await scanPdf([await scan(72, 0)]));
    const error = await failure(parse(path), 'DOC_NO_TEXT');
    expect(error.advice).toBe('recognise-text');
  });

  it('tells pages from steps, and is cancelled while it recognises', async () => {
    const picture = await scan(150, 0);
    const path = write('many.pdf', await scanPdf(Array.from({ length: 12 }, () => picture)));
    const stop = new AbortController();
    const seen: { step: string; total: number }[] = [];
    const parsing = parseDocument(path, {
      choice: asked,
      signal: stop.signal,
      onProgress: ({ step, done, total }) => {
        seen.push({ step, total });
        if (step === 'recognising' && done >= 1) stop.abort();
      },
    });
    await failure(parsing, 'CANCELLED');
    expect(seen.at(-1)).toEqual({ step: 'recognising', total: 12 });
  });

  it('reads a picture as a document of one page', async () => {
    const path = write('letter.png', pngOfPicture(await scan(200, 0)));
    const document = await parse(path, { choice: asked });
    expect(document.format).toBe('picture');
    expect(shareOfWords(text, document.text)).toBeGreaterThanOrEqual(0.97);
    expect(document.pages[0]?.recognised?.confidence).toBeGreaterThan(0.8);
    expect((await failure(parse(path), 'DOC_NO_TEXT')).advice).toBe('recognise-text');
  });

  it('reads pages that lie on a side or stand on their head, as a page of a PDF and as a picture', async () => {
    const upright = await scan(200, 0);
    const right = quarterTurned(upright);
    const over = quarterTurned(right);
    const document = await parse(write('sides.pdf', await scanPdf([right, over, quarterTurned(over)])), {
      choice: asked,
    });
    const texts = document.pages.map((span) => pageText(document, span));
    texts.push((await parse(write('over.png', pngOfPicture(over)), { choice: asked })).text);
    for (const found of texts) {
      expect(shareOfWords(text, found)).toBeGreaterThanOrEqual(0.95);
      expect(found.slice(0, 30)).toBe(text.slice(0, 30));
    }
  });

  it('reads a TIFF file page by page, and ends damaged ones in a sentence', async () => {
    const picture = await scan(200, 0);
    const blank = { ...picture, pixels: new Uint8Array(picture.pixels.length).fill(255) };
    const path = write('fax.tif', tiffOf([picture, blank, picture], 200));
    const document = await parse(path, { choice: asked });
    expect(document.pages.map(({ label }) => label)).toEqual(['1', '2', '3']);
    expect(shareOfWords(text, pageText(document, document.pages[2]))).toBeGreaterThanOrEqual(0.97);
    expect(document.notes.map(({ kind, count }) => ({ kind, count }))).toEqual([
      { kind: 'pages-recognised', count: 2 },
      { kind: 'pages-without-text', count: 1 },
    ]);
    await failure(parse(path), 'DOC_NO_TEXT');
    const small = { width: 8, height: 8, pixels: new Uint8Array(64) };
    await failure(parse(write('circle.tif', tiffOf([small, small], 72, true)), { choice: asked }), 'DOC_FORMAT');
    await failure(parse(write('cut.tif', tiffOf([small], 72).subarray(0, 30)), { choice: asked }), 'DOC_FORMAT');
    const huge = tiffOf([{ ...small, width: 100_000, height: 100_000 }], 72);
    await failure(parse(write('huge.tif', huge), { choice: asked }), 'DOC_TOO_LARGE');
  });

  it("takes a second language out of the person's folder, packed, and says when it is damaged", async () => {
    const own = createRequire(import.meta.url).resolve('@tesseract.js-data/eng/4.0.0_best_int/eng.traineddata.gz');
    const path = write('zzz.traineddata.gz', readFileSync(own));
    const languageFolder = dirname(path);
    const choice = { ...asked, languages: ['eng', 'zzz'] };
    const scanned = write('two.png', pngOfPicture(await scan(200, 0)));
    const document = await parse(scanned, { choice, languageFolder });
    expect(shareOfWords(text, document.text)).toBeGreaterThanOrEqual(0.97);
    writeFileSync(path, readFileSync(own).subarray(0, 5000));
    const error = await failure(parse(scanned, { choice, languageFolder }), 'INVALID_ARGUMENT');
    expect(error.message).toContain('zzz.traineddata.gz');
  });

  it('asks for the data of a language that is not there', async () => {
    const path = write('german.pdf', await scanPdf([await scan(72, 0)]));
    const error = await failure(parse(path, { choice: { ...asked, languages: ['eng', 'deu'] } }), 'INVALID_ARGUMENT');
    expect(error.message).toContain('deu');
  });
});
