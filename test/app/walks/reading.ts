/** From a document's card to its being in memory, and what may come between. */
import { AppError } from '../../../electron/contract/errors.ts';
import { sampleNumbers } from '../../fixtures/engine-numbers.ts';
import { addSample, addText, button, composer, hold, onSample, walk } from './screens.ts';

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
