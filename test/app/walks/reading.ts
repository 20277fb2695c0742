/** A document from its pre-flight card until it is in memory, and what can go wrong on the way. */

import { AppError } from '../../../electron/contract/errors.ts';
import type { ImportNote } from '../../../electron/contract/import-notes.ts';
import type { StartHost } from '../../../electron/document-host/document-client.ts';
import { sampleNumbers } from '../../fixtures/engine-numbers.ts';
import { addSample, addText, button, composer, hold, onSample, settled, walk } from './screens.ts';

export const reading = () =>
  walk('reading', onSample(), async function* (page, server, script) {
    await addSample(server);
    await page.reload();
    await button(page, 'Read document').waitFor();
    yield 'pre-flight';
    await button(page, 'Page range').click();
    await page.getByRole('textbox', { name: 'From' }).waitFor();
    yield 'page-range';
    const read = hold();
    script.reading = read.held;
    await button(page, 'Read document').click();
    await page.getByText(/41 %/).first().waitFor();
    yield 'reading';
    await button(page, 'Pause').click();
    await button(page, 'Go on').waitFor();
    yield 'paused';
    await button(page, 'Cancel').click();
    await button(page, 'Read document').waitFor();
    read.release();
    script.reading = undefined;
    script.failRead = new AppError(
      'HOST_OOM',
      'There is not enough memory to read this document: 146 MB were wanted, 98 MB were free. Close other programs, or read fewer pages.',
    );
    await button(page, 'Read document').click();
    await page.getByText(/not enough memory/).waitFor();
    yield 'reading-failed';
    script.failRead = undefined;
    await button(page, 'Read document').click();
    await composer(page).waitFor();
    yield 'ready';
    addText(server, 'A very long name of a handbook that does not fit into its column (second edition).md', 40, 21_320);
    await page.reload();
    await page.getByText(/too many/).waitFor();
    yield 'too-long';
    const plan = { ...sampleNumbers.plan, total: 9.1e9, deviceTotal: 9.1e9, documentKv: 8.7e9, available: 7.4e9 };
    script.numbers = { ...sampleNumbers, plan };
    addText(server, 'ledger.md', 12, 4200);
    await page.reload();
    await page
      .getByText(/too much/)
      .first()
      .waitFor();
    yield 'out-of-memory';
  });

const noted: ImportNote[] = [
  { kind: 'pages-without-text', count: 3, page: 4, sentence: 'Pages 4-5, 9 have no text (blank or scanned).' },
  {
    kind: 'unknown-glyphs',
    count: 12,
    page: 7,
    sentence: '12 characters on the page have no known letter. Each is shown as \uFFFD.',
  },
  {
    kind: 'unknown-glyphs',
    count: 2,
    page: 11,
    sentence: '2 characters on the page have no known letter. Each is shown as \uFFFD.',
  },
  { kind: 'form-fields', count: 4, page: 2, sentence: 'The page has a form; its 4 filled fields stand in the text.' },
  { kind: 'attachments', count: 1, names: ['terms.txt'], sentence: 'A file is attached and was not read: terms.txt.' },
  { kind: 'comments', count: 6, page: 3, sentence: '6 comments stand in the text where they were made.' },
];

/** What the import made of a file, and its pages recognised. */
export const receipts = () => {
  const reader = hold();
  let report = (_: unknown) => {};
  /** A document host that stops in the middle of its pages. */
  const startDocumentHost: StartHost = () => ({
    pid: 1,
    onExit: () => {},
    kill: () => {},
    onMessage: (listener) => {
      report = listener;
    },
    post: () => {
      queueMicrotask(() => report({ type: 'progress', step: 'recognising', done: 1, total: 3 }));
      void reader.held.then(() => {
        const text = 'The rent is 950 a month.\n\nThree keys were handed over on 1 May.';
        const pages = [
          { label: '1', start: 0, end: 26, recognised: { confidence: 0.94 } },
          { label: '2', start: 26, end: text.length },
        ];
        const notes = [
          {
            kind: 'pages-recognised',
            count: 1,
            page: 1,
            sentence: 'The text of page 1 was recognised from its picture.',
          },
        ];
        report({ type: 'text', chunk: text });
        report({ type: 'result', title: 'report', format: 'pdf', pages, notes });
      });
    },
  });
  return walk(
    'receipts',
    onSample(),
    async function* (page, server) {
      await addSample(server, 5300, noted);
      await page.reload();
      const card = page.getByRole('region', { name: 'Before reading' });
      await button(page, 'Read document').waitFor();
      await card.getByRole('button', { name: '14 characters without a known letter' }).click();
      await settled(page);
      yield 'receipt';
      await card.getByRole('button', { name: 'Show page 7 in the document' }).click();
      const view = page.getByRole('tabpanel', { name: 'Document' });
      await view.getByRole('button', { name: '3 pages without text' }).click();
      await page.getByTestId('pdf-page-7').waitFor();
      await settled(page);
      yield 'receipt-in-view';
      await card.getByRole('button', { name: 'Recognise the text of 3 pages' }).click();
      await card.getByText('Recognising text, 1 of 3').waitFor();
      await settled(page);
      yield 'recognising';
      reader.release();
      await page.getByText(/has another text now/).waitFor();
      await button(page, 'Show the text').click();
      await view.getByTestId('recognised').waitFor();
      await settled(page);
      yield 'recognised';
    },
    { startDocumentHost },
  );
};
