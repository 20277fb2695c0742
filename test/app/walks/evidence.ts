/** The evidence under an answer: places of the document that say it, and statements that are not found. */
import type { Page } from 'playwright-core';
import { addText, ask, button, chatted, inPieces, onSample, settled, walk } from './screens.ts';

const places = (page: Page) => page.getByTestId('evidence').last().getByRole('button');
const sentence = (page: Page) => page.getByTestId('evidence-sentence').last();

export const evidence = () =>
  walk('evidence', onSample(), async function* (page, server, script) {
    await chatted(page, server);
    script.pieces = inPieces(
      'The Trust was founded in 1887. Its head office is at 14 Cooper’s Wharf. The chair of the Trust is Margit Ollerenshaw.',
    );
    await ask(page, 'What does the report tell of the Trust?');
    await places(page).nth(2).waitFor();
    await places(page).nth(1).hover();
    await settled(page);
    yield 'evidence-pointed';
    await page.mouse.move(0, 0);
    await places(page).first().focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await settled(page);
    yield 'evidence-focused';
    await page.keyboard.press('Enter');
    await page.getByTestId('passage').first().waitFor();
    await settled(page);
    yield 'evidence-opened';
    script.pieces = inPieces(
      'The Trust was founded in 1887 by Josiah Penhallow of Bremen. Its towers are covered with gold leaf by sailors.',
    );
    await ask(page, 'Who founded the Trust, and what are its towers covered with?');
    await page.getByText(/^Not found in the document: .*gold leaf/).waitFor();
    await sentence(page).waitFor();
    await settled(page);
    yield 'evidence-partly';
    script.pieces = inPieces('A ticket for the ferry costs 93 pounds.');
    await ask(page, 'What does a ticket for the ferry cost?');
    await page.getByText('Not found in the document', { exact: true }).waitFor();
    await page.getByTestId('unsupported').getByText('93').waitFor();
    await settled(page);
    yield 'evidence-none';
  });

/** Places with long names, in a window without room for them. */
export const evidenceNamed = () =>
  walk('evidence-named', onSample(), async function* (page, server, script) {
    const title = (i: number) =>
      `Chapter ${i + 1}: Of the houses in the ${['north', 'south', 'west'][i % 3]} of the town`;
    addText(server, 'houses-of-the-town.md', 40, 4_300, title);
    await page.reload();
    await button(page, 'Read document').click();
    script.pieces = inPieces(
      'House number 3 has a rent of 902 a month. House number 7 has a rent of 906 a month. House number 12 has a rent of 911 a month.',
    );
    await ask(page, 'What is the rent of these houses?');
    await places(page).nth(2).waitFor();
    await settled(page);
    yield 'evidence-named';
    await page.setViewportSize({ width: 400, height: 640 });
    await settled(page);
    yield 'evidence-narrow';
  });
