/** Questions, answers, and what is done with them. */
import { AppError } from '../../../electron/contract/errors.ts';
import { answer, ask, button, chatted, hold, inPieces, library, onSample, settled, walk } from './screens.ts';

/** Markdown of every kind that a model may write. */
const everyProse = [
  '## The founding\n\nThe Trust was founded in **1887**. It keeps:\n\n1. the lights\n2. the *boats*\n   - two of them\n\n',
  '| Place | Metres | Since |\n|---|---|---|\n| Corvane | 41 | 1887 |\n| Little Orrin | 28 | 1902 |\n\n',
  '> The head office of the Trust is at 14 Cooper’s Wharf\n\n',
  'In code it is `trust.founded`:\n\n```python\ndef founded(trust):\n    return trust["founded"]  # 1887\n```\n\n',
  '---\n\nThe sum is $a^2 + b^2$, ~~or not~~.\n',
].join('');

export const chatting = () =>
  walk('chatting', onSample(), async function* (page, server, script) {
    await chatted(page, server);
    await page.getByText('unverified').waitFor();
    yield 'answered';
    script.answering = hold().held;
    await ask(page, 'Where is its head office? Say also which lights it keeps, and since when.');
    await page.getByText('Cache that this answer works on').waitFor();
    await page.getByText('Its head office is at').nth(1).waitFor();
    yield 'answering';
    await page.keyboard.press('Escape');
    await page.getByText(/^Stopped/).waitFor();
    yield 'stopped';
    script.answering = undefined;
    script.dieAfter = 9;
    const opening = hold();
    script.opening = opening.held;
    await button(page, 'Ask again').click();
    await page.getByText(/The engine ended by SIGSEGV/).waitFor();
    await page.getByTestId('engine-state').getByText('starting again').waitFor();
    yield 'engine-restarting';
    opening.release();
    script.opening = undefined;
    script.dieAfter = undefined;
    await page.getByTestId('engine-state').getByText('Ready').waitFor();
    await settled(page);
    yield 'failed-answer';
    script.failOpen = new AppError(
      'ENGINE_CRASH',
      'The engine ended by SIGSEGV.\nIt last said:\nGGML_ASSERT(ctx) failed',
    );
    await server.app.supervisor.reopen();
    await button(page, 'Start the engine again').waitFor();
    yield 'engine-gave-up';
  });

export const depth = () =>
  walk('depth', onSample(), async function* (page, server, script) {
    await chatted(page, server);
    const prose = page.locator('article .prose');
    await prose.getByRole('button', { name: 'Show p. 1 in the document' }).first().click();
    await page.getByTestId('passage').first().waitFor();
    await settled(page);
    yield 'citations';
    await page.getByRole('textbox', { name: /^Page, of / }).fill('7');
    await page.keyboard.press('Enter');
    await settled(page);
    yield 'document-pages';
    await button(page, 'Show the text').click();
    await page.getByRole('region', { name: /^Text of / }).waitFor();
    await settled(page);
    yield 'document-text';
    await page.getByRole('tab', { name: 'Memory' }).click();
    await page.locator('article').hover();
    await button(page, 'Edit the question').click();
    yield 'editing-question';
    await page.getByRole('textbox', { name: 'Edit the question' }).fill('Who founded it?');
    await page.keyboard.press('Enter');
    await page.getByTestId('version').waitFor();
    await page.getByTestId('answer-stats').waitFor();
    yield 'branches';
    script.pieces = inPieces(answer.replace('in 1887', 'in 1878').replace('a penny', 'a shilling'));
    await button(page, 'With twice the budget').click();
    await page.getByText(/words? of/).waitFor();
    yield 'comparison';
    await page.setViewportSize({ width: 720, height: 560 });
    await settled(page);
    yield 'comparison-narrow';
    await page.setViewportSize({ width: 1280, height: 800 });
    await button(page, 'Close the comparison').click();
    const chat = library(page).getByRole('button', { name: /^Actions for chat/ });
    await chat.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Export as Markdown' }).waitFor();
    await settled(page);
    yield 'chat-menu';
    await page.getByRole('menuitem', { name: 'Rename' }).click();
    await page.getByRole('dialog', { name: 'Rename chat' }).waitFor();
    await settled(page);
    yield 'rename-chat';
    await page.keyboard.press('Escape');
    await chat.first().focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    await page.getByRole('dialog', { name: 'Remove chat' }).waitFor();
    await settled(page);
    yield 'remove-chat';
    await page.keyboard.press('Escape');
    await library(page).getByRole('button', { name: 'Actions for report.pdf' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Remove' }).waitFor();
    await settled(page);
    yield 'document-menu';
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    await page.getByRole('dialog', { name: 'Remove document' }).waitFor();
    await settled(page);
    yield 'remove-document';
    await page.keyboard.press('Escape');
    await button(page, 'its own page').click();
    await page.getByRole('dialog', { name: 'An address in the text' }).waitFor();
    await settled(page);
    yield 'link';
    await page.keyboard.press('Escape');
    await button(page, 'Fork the chat here').click();
    await page.getByText(/^Forked into/).waitFor();
    yield 'notice';
    await button(page, 'Dismiss').click();
    await ask(page, 'List every light that the Trust keeps.');
    await button(page, 'Ask again with full KV').waitFor();
    await settled(page);
    yield 'many-hint';
    await page.getByRole('combobox', { name: 'Mode of the next question' }).selectOption('full');
    await page.getByText(/^Full KV reads every row/).waitFor();
    yield 'full-kv';
    script.pieces = inPieces(everyProse);
    await ask(page, 'Say all of it in every form.');
    // Answers that are scrolled out of sight are not in the page: the numbers looked for are those below the table.
    await page
      .locator('article', { has: page.locator('table') })
      .getByTestId('answer-stats')
      .waitFor();
    await settled(page);
    yield 'prose';
  });
