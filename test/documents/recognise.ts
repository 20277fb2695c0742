/**
 * Text recognition of twenty scanned two-column pages: words found, time, memory, and how soon a cancel ends it. Too long for the tests.
 * Run: node --import tsx test/documents/recognise.ts
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDocument } from '../../electron/document-host/document-client.ts';
import { pictureOfPage, scanPdf, shareOfWords, turned, twoColumnPage } from '../fixtures/documents/scans.ts';
import { watchedHost } from '../fixtures/documents/watched-host.ts';

const pages = 20;
const choice = { recognise: 'pages-without-text' } as const;
const text = readFileSync(new URL('../../assets/samples/report.md', import.meta.url), 'utf8')
  .replace(/[^\x20-\x7e\n]/g, ' ')
  .replace(/[|`*#>_-]+/g, ' ')
  .replace(/\s+/g, ' ')
  .slice(0, 4500)
  .replace(/\S*$/, '')
  .trim();

const folder = mkdtempSync(join(tmpdir(), 'rocketdoc-recognise-'));
try {
  const page = await twoColumnPage(text);
  for (const dpi of [200, 300]) {
    const picture = turned(await pictureOfPage(page, 0, dpi), 1);
    const path = join(folder, `scan-${dpi}.pdf`);
    writeFileSync(path, await scanPdf(Array.from({ length: pages }, () => picture)));
    await measure(path, dpi);
    await cancel(path);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(path: string, dpi: number): Promise<void> {
  const peak = watchedHost();
  const startedAt = performance.now();
  const document = await parseDocument(path, { choice, startHost: peak.startHost });
  const seconds = (performance.now() - startedAt) / 1000;
  const shares = document.pages.map(({ start, end }) => shareOfWords(text, document.text.slice(start, end)));
  console.log(
    `${dpi} dpi: ${pages} pages in ${seconds.toFixed(1)} s (${(seconds / pages).toFixed(2)} s a page), words found: least ${Math.min(...shares).toFixed(4)} of a page, memory at most ${peak.megabytes()} MB`,
  );
}

/** Cancels after the third page. */
async function cancel(path: string): Promise<void> {
  const stop = new AbortController();
  let abortedAt = 0;
  const peak = watchedHost();
  await parseDocument(path, {
    choice,
    signal: stop.signal,
    startHost: peak.startHost,
    onProgress: ({ step, done }) => {
      if (step !== 'recognising' || done < 3 || stop.signal.aborted) return;
      abortedAt = performance.now();
      stop.abort();
    },
  }).catch(() => {});
  await peak.ended;
  console.log(`cancelled after 3 pages: the reader had ended ${Math.round(performance.now() - abortedAt)} ms later`);
}
