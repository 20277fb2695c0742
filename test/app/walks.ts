/**
 * Every screen and state of the window, in one list, and the ways that lead there: with the real server, library and document host,
 * and a fake engine where a state must be held still or is hard to reach. Walked by the screenshots.
 */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { AppError } from '../../electron/contract/errors.ts';
import { parseDocument } from '../../electron/document-host/document-client.ts';
import { type FakeServer, startFakeServer } from '../fixtures/app-server.ts';
import { pdfBytes, scannedPdf } from '../fixtures/documents/pdf-inputs.ts';
import { largeNumbers, sampleNumbers } from '../fixtures/engine-numbers.ts';
import type { FakeScript } from '../fixtures/fake-engine.ts';
import { dropBytes, root, webRoot } from './browser.ts';

/** first-run is the empty library too; offline is what all of them are. */
export const screens = [
  'starting',
  'first-run',
  'dropping',
  'adding',
  'scanned-pdf',
  'password-pdf',
  'model-missing',
  'model-damaged',
  'pre-flight',
  'page-range',
  'too-long',
  'out-of-memory',
  'reading',
  'paused',
  'reading-failed',
  'ready',
  'answering',
  'answered',
  'stopped',
  'failed-answer',
  'engine-restarting',
  'engine-gave-up',
  'not-in-memory',
  'citations',
  'document-pages',
  'document-text',
  'editing-question',
  'branches',
  'comparison',
  'chat-menu',
  'rename-chat',
  'document-menu',
  'remove-document',
  'link',
  'notice',
  'paste-text',
  'search',
  'search-empty',
  'picking-documents',
  'joined-documents',
  'settings',
  'palette',
  'palette-empty',
  'shortcuts',
  'budget-dragged',
  'full-kv',
  'large-pre-flight',
  'large-answered',
  'medium-window',
  'narrow-chat',
  'narrow-library',
  'narrow-memory',
  'zoomed',
  'connection-lost',
  'not-signed-in',
] as const;
export type Screen = (typeof screens)[number];

/** Yields each time that a screen stands. */
export interface Walk {
  name: string;
  server: () => Promise<FakeServer>;
  script: FakeScript;
  steps: (page: Page, server: FakeServer, script: FakeScript) => AsyncGenerator<Screen, void, void>;
}

const sampleFile = join(root, 'assets', 'samples', 'report.pdf');
const answer = [
  'The Trust was founded in 1887 by **Josiah Penhallow**, who "asked the harbour towns for a penny on every barrel of herring". ',
  'Its head office is at 14 Cooper’s Wharf.\n\n',
  '- It keeps lighthouses and weather stations.\n',
  '- He was, it says, "a friend of the queen of Norway".\n\n',
  'More is on [its own page](https://trust.example/history).',
].join('');
const pieces = answer.match(/[\s\S]{1,9}/g) ?? [];

const hold = () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { held, release };
};

const button = (page: Page, name: string | RegExp) =>
  page.getByRole('button', { name, exact: typeof name === 'string' });
const composer = (page: Page) => page.getByRole('textbox', { name: /^Ask / });
const library = (page: Page) => page.getByRole('navigation', { name: 'Library' });
const settled = (page: Page) => page.waitForTimeout(250);

async function ask(page: Page, question: string): Promise<void> {
  await composer(page).fill(question);
  await composer(page).press('Enter');
}

/** The sample as it is read; the fake engine has no vocabulary to count with. */
async function addSample({ app }: FakeServer, tokens = 5300): Promise<string> {
  const parsed = await parseDocument(sampleFile);
  const pages = parsed.pages.map(() => Math.round(tokens / parsed.pages.length));
  const file = await app.uploads.copy(sampleFile);
  const { name: fileName, bytes: fileBytes, sha256 } = file;
  const counts = { total: tokens, pages, countedWith: 'none' };
  const { id } = app.documents.add({ parsed, fileName, fileBytes, sha256, tokens: counts });
  await app.uploads.keep(file, id);
  return id;
}

function addText({ app }: FakeServer, name: string, sections: number, tokens: number): string {
  const part = (i: number) =>
    `Section ${i + 1}\n\nThe rent of house number ${i + 1} is ${900 + i} a month, and the keeper has its keys.\n\n`;
  const text = Array.from({ length: sections }, (_, i) => part(i)).join('');
  let at = 0;
  const pages = Array.from({ length: sections }, (_, i) => {
    const start = at;
    at += part(i).length;
    return { label: `Section ${i + 1}`, start, end: at };
  });
  const parsed = { title: name, format: 'md' as const, warnings: [], text, pages };
  const each = Math.round(tokens / sections);
  const counts = { total: tokens, pages: pages.map(() => each), countedWith: 'none' };
  return app.documents.add({ parsed, fileName: name, fileBytes: 4096, sha256: name, tokens: counts }).id;
}

const grants = [{ id: 'sample', name: 'report.pdf', isSample: true, path: sampleFile }];
const modelTitle = 'SmolLM2-135M-Instruct';
const started = (script: FakeScript, title = modelTitle) =>
  startFakeServer(script, webRoot, { modelTitle: title, grants });

function walk(name: string, script: FakeScript, steps: Walk['steps'], title = modelTitle): Walk {
  return { name, script, steps, server: () => started(script, title) };
}

const beginning = () => {
  const opening = hold();
  return walk(
    'beginning',
    { pieces, numbers: sampleNumbers, opening: opening.held },
    async function* (page, server, script) {
      await page.getByTestId('engine-state').getByText('Opening the model').waitFor();
      yield 'starting';
      opening.release();
      script.opening = undefined;
      await page.getByText(/reads up to/).waitFor();
      yield 'first-run';
      await page.evaluate(() => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([''], 'a.pdf'));
        document.body.dispatchEvent(new DragEvent('dragenter', { dataTransfer, bubbles: true }));
      });
      await page.getByRole('region', { name: 'Drop' }).waitFor();
      yield 'dropping';
      const sending = hold();
      await page.route('**/upload*', async (route) => {
        await sending.held;
        await route.continue();
      });
      await dropBytes(page, 'Minutes of the harbour board, 1887 to 1902 (scanned).pdf', await scannedPdf(2));
      await library(page).getByText('Adding').waitFor();
      yield 'adding';
      sending.release();
      await library(page).getByRole('alert').waitFor({ timeout: 60_000 });
      yield 'scanned-pdf';
      await button(page, 'Dismiss').click();
      await dropBytes(page, 'contract.pdf', await pdfBytes((pdf) => pdf.text('Secret.'), { userPassword: 'harbour' }));
      await library(page).getByRole('textbox', { name: 'Password of contract.pdf' }).waitFor({ timeout: 60_000 });
      yield 'password-pdf';
      script.failOpen = new AppError(
        'MODEL_MISSING',
        'The model file SmolLM2-135M-Instruct.Q4_1.gguf is not there any more.',
      );
      await server.app.supervisor.reopen();
      await page.getByRole('main').getByRole('alert').waitFor();
      yield 'model-missing';
      script.failOpen = new AppError(
        'MODEL_CHECKSUM',
        'The model file SmolLM2-135M-Instruct.Q4_1.gguf is damaged: its checksum is not the one that was published.',
      );
      await server.app.supervisor.reopen();
      await page
        .getByText(/checksum/)
        .first()
        .waitFor();
      yield 'model-damaged';
    },
  );
};

const reading = () =>
  walk('reading', { pieces, numbers: { ...sampleNumbers } }, async function* (page, server, script) {
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

/** A chat of two questions on the sample. */
async function chatted(page: Page, server: FakeServer): Promise<void> {
  await addSample(server);
  await page.reload();
  await button(page, 'Read document').click();
  await ask(page, 'Who founded the Trust, and when?');
  await page.getByTestId('answer-stats').waitFor();
}

const chatting = () =>
  walk('chatting', { pieces, numbers: sampleNumbers }, async function* (page, server, script) {
    await chatted(page, server);
    await page.getByText('unverified').waitFor();
    yield 'answered';
    script.pauseMs = 300;
    await ask(page, 'Where is its head office? Say also which lights it keeps, and since when.');
    await page.getByText('Cache that this answer works on').waitFor();
    await page.waitForTimeout(1200);
    yield 'answering';
    await page.keyboard.press('Escape');
    await page.getByText(/^Stopped/).waitFor();
    yield 'stopped';
    script.pauseMs = 0;
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
    yield 'not-in-memory';
    script.failOpen = new AppError(
      'ENGINE_CRASH',
      'The engine ended by SIGSEGV.\nIt last said:\nGGML_ASSERT(ctx) failed',
    );
    await server.app.supervisor.reopen();
    await button(page, 'Start the engine again').waitFor();
    yield 'engine-gave-up';
  });

const depth = () =>
  walk('depth', { pieces, numbers: sampleNumbers }, async function* (page, server, script) {
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
    script.pieces =
      answer
        .replace('in 1887', 'in 1878')
        .replace('a penny', 'a shilling')
        .match(/[\s\S]{1,9}/g) ?? [];
    await button(page, 'With twice the budget').click();
    await page.getByText(/words? of/).waitFor();
    yield 'comparison';
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
    await page.keyboard.press('Control+,');
    await page.getByRole('dialog', { name: 'Settings' }).waitFor();
    await settled(page);
    yield 'settings';
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page.getByRole('option', { name: /^New chat/ }).waitFor();
    await settled(page);
    yield 'palette';
    await page.keyboard.type('no such thing');
    await page.getByText(/No action, chat or document/).waitFor();
    yield 'palette-empty';
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+/');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await settled(page);
    yield 'shortcuts';
    await page.keyboard.press('Escape');
    await button(page, 'Fork the chat here').click();
    await page.getByText(/^Forked into/).waitFor();
    yield 'notice';
    await button(page, 'Dismiss').click();
    await page.getByRole('combobox', { name: 'Mode of the next question' }).selectOption('full');
    await page.getByText(/^Full KV reads every row/).waitFor();
    yield 'full-kv';
  });

const many = () =>
  walk('many', { pieces, numbers: sampleNumbers }, async function* (page, server) {
    await addSample(server);
    addText(server, 'lease.md', 6, 900);
    addText(server, 'handbook.md', 12, 2400);
    await page.reload();
    await button(page, 'Paste text as a document').click();
    await page.getByRole('textbox', { name: 'Text' }).fill('# A letter\n\nThe rent is 950 now.');
    await settled(page);
    yield 'paste-text';
    await page.keyboard.press('Escape');
    await page.getByRole('searchbox').fill('keeper');
    await library(page)
      .getByText(/^Found in/)
      .waitFor();
    yield 'search';
    await page.getByRole('searchbox').fill('nothing like this');
    await library(page)
      .getByText(/^No document has/)
      .waitFor();
    yield 'search-empty';
    await page.getByRole('searchbox').fill('');
    await button(page, 'Ask several documents together').click();
    for (const name of [/lease/, /handbook/]) await library(page).getByRole('checkbox', { name }).check();
    yield 'picking-documents';
    await button(page, 'Ask 2 together').click();
    await page
      .getByRole('heading', { name: /and 1 more/ })
      .first()
      .waitFor();
    const [joined] = server.app.documents.list();
    const counts = { total: 3300, pages: Array.from({ length: 18 }, () => 180), countedWith: 'none' };
    server.app.documents.setTokens(joined?.id ?? '', counts);
    await page.reload();
    await button(page, 'Read document').click();
    await ask(page, 'What is the rent of house number 3?');
    await page.getByTestId('answer-stats').waitFor();
    await settled(page);
    yield 'joined-documents';
  });

const large = () =>
  walk(
    'large',
    { pieces, numbers: largeNumbers },
    async function* (page, server) {
      addText(server, 'annual-reports-1990-2023.md', 312, 128_440);
      await page.reload();
      await button(page, 'Read document').waitFor();
      yield 'large-pre-flight';
      await button(page, 'Read document').click();
      await ask(page, 'What is the rent of house number 3?');
      await page.getByTestId('answer-stats').waitFor();
      await settled(page);
      yield 'large-answered';
      const slider = await page.getByRole('slider', { name: 'Token budget' }).boundingBox();
      if (slider) {
        await page.mouse.move(slider.x + slider.width / 2, slider.y + slider.height / 2);
        await page.mouse.down();
        await page.mouse.move(slider.x + 60, slider.y + slider.height / 2, { steps: 4 });
        await settled(page);
        yield 'budget-dragged';
        await page.mouse.up();
      }
      await page.setViewportSize({ width: 1000, height: 700 });
      await button(page, /^Memory and document/).click();
      await settled(page);
      yield 'medium-window';
      await page.keyboard.press('Escape');
      await page.setViewportSize({ width: 720, height: 560 });
      await settled(page);
      yield 'narrow-chat';
      await page.keyboard.press('Control+b');
      await settled(page);
      yield 'narrow-library';
      await page.keyboard.press('Control+b');
      await page.keyboard.press('Control+j');
      await settled(page);
      yield 'narrow-memory';
      await page.keyboard.press('Escape');
      // 1280 x 800 at 200 %.
      await page.setViewportSize({ width: 640, height: 400 });
      await settled(page);
      yield 'zoomed';
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.evaluate(() => window.sessionStorage.clear());
      await page.goto(`${new URL(page.url()).origin}/#launch=used-before`);
      await page.reload();
      await page.getByRole('heading', { name: 'This window is not signed in' }).waitFor();
      yield 'not-signed-in';
    },
    'Llama 3.1 8B Instruct',
  );

const lost = () =>
  walk('lost', { pieces, numbers: sampleNumbers }, async function* (page, server) {
    await chatted(page, server);
    await server.close();
    await page
      .getByTestId('engine-state')
      .getByText(/Connection lost/)
      .waitFor();
    yield 'connection-lost';
  });

export const walks: readonly (() => Walk)[] = [beginning, reading, chatting, depth, many, large, lost];
