/** The list of all screens and states of the window, and the steps that the walks to them are made of. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { AppOptions } from '../../../electron/app-host/create-app-host.ts';
import type { ImportNote } from '../../../electron/contract/import-notes.ts';
import { parseDocument } from '../../../electron/document-host/document-client.ts';
import { embeddedPlace, type FakeServer, startFakeServer } from '../../fixtures/app-server.ts';
import { sampleNumbers } from '../../fixtures/engine-numbers.ts';
import type { FakeScript } from '../../fixtures/fake-engine.ts';
import { root, webRoot } from '../browser.ts';

/** first-run also shows the empty library. RocketDoc needs no network, so there is no screen for being offline. */
export const screens = [
  'starting',
  'first-run',
  'dropping',
  'adding',
  'scanned-pdf',
  'password-pdf',
  'model-missing',
  'model-damaged',
  'library-damaged',
  'password-pages',
  'password-wrong',
  'pre-flight',
  'receipt',
  'receipt-in-view',
  'recognising',
  'recognised',
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
  'engine-restarting',
  'failed-answer',
  'engine-gave-up',
  'prose',
  'evidence-pointed',
  'evidence-focused',
  'evidence-opened',
  'evidence-partly',
  'evidence-none',
  'evidence-named',
  'evidence-narrow',
  'citations',
  'document-pages',
  'document-text',
  'editing-question',
  'branches',
  'comparison',
  'comparison-narrow',
  'chat-menu',
  'rename-chat',
  'remove-chat',
  'document-menu',
  'remove-document',
  'link',
  'notice',
  'many-hint',
  'full-kv',
  'paste-text',
  'search',
  'search-empty',
  'picking-documents',
  'joined-documents',
  'settings-answering',
  'settings-compression',
  'settings-memory',
  'settings-machine',
  'settings-recognition',
  'settings-programs',
  'programs-on',
  'programs-key',
  'settings-appearance',
  'settings-refused',
  'settings-found',
  'settings-none-found',
  'settings-largest',
  'palette',
  'palette-empty',
  'shortcuts',
  'about',
  'about-licence',
  'own-choice',
  'fit',
  'map-hover',
  'tune-begin',
  'tune-running',
  'tune-done',
  'models',
  'models-failed',
  'models-downloading',
  'models-paused',
  'models-switching',
  'large-pre-flight',
  'large-answered',
  'windowed-answered',
  'windowed-layers',
  'budget-dragged',
  'medium-window',
  'narrow-chat',
  'narrow-library',
  'narrow-memory',
  'zoomed',
  'not-signed-in',
  'connection-lost',
] as const;
export type Screen = (typeof screens)[number];

export interface WindowFiles extends Pick<AppOptions, 'startDocumentHost'> {
  webRoot: string;
}

/** `steps` yields the name of a screen each time that one is shown. */
export interface Walk {
  name: string;
  /** The window is the built one. `of`: the window and the document reader of a package instead. */
  server: (of?: WindowFiles) => Promise<FakeServer>;
  script: FakeScript;
  steps: (page: Page, server: FakeServer, script: FakeScript) => AsyncGenerator<Screen, void, void>;
}

/** A walk with the real server, library and document host, and a fake engine: some states must be held, others are hard to reach. */
export function walk(
  name: string,
  script: FakeScript,
  steps: Walk['steps'],
  options: Partial<AppOptions> | (() => Promise<Partial<AppOptions>>) = {},
): Walk {
  const server: Walk['server'] = async ({ webRoot: from, ...hosts } = { webRoot }) =>
    startFakeServer(script, from, {
      ...hosts,
      embedded: [embeddedPlace('no-model.gguf', 'Qwen2.5-Coder-0.5B-Instruct')],
      grants: [{ id: 'sample', name: 'report.pdf', isSample: true, path: sampleFile }],
      ...(typeof options === 'function' ? await options() : options),
    });
  return { name, script, steps, server };
}

const sampleFile = join(root, 'assets', 'samples', 'report.pdf');

export const inPieces = (text: string) => text.match(/[\s\S]{1,9}/g) ?? [];
export const answer = [
  'The Trust was founded in 1887 by **Josiah Penhallow**, who "asked the harbour towns for a penny on every barrel of herring". ',
  'Its head office is at 14 Cooper’s Wharf.\n\n',
  '- It keeps lighthouses and weather stations.\n',
  '- He was, it says, "a friend of the queen of Norway".\n\n',
  'More is on [its own page](https://trust.example/history).',
].join('');
/** The fake engine on the sample, as a small model on a CPU would report. */
export const onSample = (): FakeScript => ({ pieces: inPieces(answer), numbers: { ...sampleNumbers } });

export const hold = () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { held, release };
};

export const button = (page: Page, name: string | RegExp) =>
  page.getByRole('button', { name, exact: typeof name === 'string' });
export const composer = (page: Page) => page.getByRole('textbox', { name: /^Ask / });
export const library = (page: Page) => page.getByRole('navigation', { name: 'Library' });
export const settled = (page: Page) => page.waitForTimeout(250);

export async function ask(page: Page, question: string): Promise<void> {
  await composer(page).fill(question);
  await composer(page).press('Enter');
}

/** Runs an action by its words in the command palette. */
export async function run(page: Page, action: string): Promise<void> {
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Search actions' }).fill(action);
  await page.locator('[role=option][data-highlighted]').waitFor();
  await page.keyboard.press('Enter');
}

/** Adds the sample with a given number of tokens: the fake engine has no vocabulary to count with. */
export async function addSample({ app }: FakeServer, tokens = 5300, notes: ImportNote[] = []): Promise<string> {
  const parsed = { ...(await parseDocument(sampleFile)), notes };
  const pages = parsed.pages.map(() => Math.round(tokens / parsed.pages.length));
  const file = await app.uploads.copy(sampleFile);
  const { name: fileName, bytes: fileBytes, sha256 } = file;
  const counts = { total: tokens, pages, countedWith: 'none' };
  const { id } = app.documents.add({ parsed, fileName, fileBytes, sha256, tokens: counts });
  await app.uploads.keep(file, id);
  return id;
}

export function addText(
  { app }: FakeServer,
  name: string,
  sections: number,
  tokens: number,
  title = (i: number) => `Section ${i + 1}`,
): string {
  const part = (i: number) =>
    `${title(i)}\n\nThe rent of house number ${i + 1} is ${900 + i} a month, and the keeper has its keys.\n\n`;
  const text = Array.from({ length: sections }, (_, i) => part(i)).join('');
  let at = 0;
  const pages = Array.from({ length: sections }, (_, i) => {
    const start = at;
    at += part(i).length;
    return { label: title(i), start, end: at };
  });
  const parsed = { title: name, format: 'md' as const, notes: [], text, pages };
  const each = Math.round(tokens / sections);
  const counts = { total: tokens, pages: pages.map(() => each), countedWith: 'none' };
  return app.documents.add({ parsed, fileName: name, fileBytes: 4096, sha256: name, tokens: counts }).id;
}

/** Adds and reads the sample, and has one question on it answered. */
export async function chatted(page: Page, server: FakeServer): Promise<void> {
  await addSample(server);
  await page.reload();
  await button(page, 'Read document').click();
  await ask(page, 'Who founded the Trust, and when?');
  await page.getByTestId('answer-stats').waitFor();
}
