import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { parseDocument } from '../../../electron/document-host/document-client.ts';
import { pdfBytes } from '../../fixtures/documents/pdf-inputs.ts';
import {
  pictureOfPage,
  pngOfPicture,
  scanPdf,
  shareOfWords,
  turned,
  twoColumnPage,
} from '../../fixtures/documents/scans.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { failure, pageText, parse } from './parsing.ts';

const write = temporaryFiles();
// A page takes a core some seconds; this machine may have other things to do.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 });
const asked = { recognise: 'pages-without-text' } as const;

const text = readFileSync(new URL('../../../assets/samples/report.md', import.meta.url), 'utf8')
  .replace(/[^\x20-\x7e\n]/g, ' ')
  .replace(/[|`*#>_-]+/g, ' ')
  .replace(/\s+/g, ' ')
  .slice(0, 1400)
  .replace(/\S*$/, '')
  .trim();
let page: Buffer; // the text as a page with a text layer

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
      // The first words of the page come first, the last ones last: no column was read across.
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

  it('asks for the data of a language that is not there', async () => {
    const path = write('german.pdf', await scanPdf([await scan(72, 0)]));
    const error = await failure(parse(path, { choice: { ...asked, languages: ['eng', 'deu'] } }), 'INVALID_ARGUMENT');
    expect(error.message).toContain('deu');
  });
});
