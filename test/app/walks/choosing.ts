/** What is chosen beside and above the chat: settings, budgets, tuning, models, commands. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servePrograms } from '../../../electron/api/programs.ts';
import { embeddedPlaces } from '../../../electron/app-host/start-up.ts';
import { AppError } from '../../../electron/contract/errors.ts';
import { smallModelFile } from '../../cli/run-command.ts';
import { freePort } from '../../fixtures/api-server.ts';
import { type FileServer, startFileServer } from '../../fixtures/file-server.ts';
import { root } from '../browser.ts';
import { button, chatted, hold, onSample, run, settled, walk } from './screens.ts';

const sections = ['Answering', 'Compression', 'Memory', 'Machine', 'Recognition', 'Programs', 'Appearance'] as const;

export const settings = () =>
  walk('settings', onSample(), async function* (page, server) {
    await chatted(page, server);
    await page.keyboard.press('Control+,');
    const dialog = page.getByRole('dialog', { name: 'Settings' });
    for (const name of sections) {
      await dialog.getByRole('tab', { name }).click();
      await settled(page);
      yield `settings-${name.toLowerCase() as Lowercase<typeof name>}`;
    }
    const search = dialog.getByRole('searchbox', { name: 'Search settings' });
    await search.fill('kernel');
    yield 'settings-found';
    await dialog.getByLabel('Pooling kernel').fill('62');
    await page.keyboard.press('Enter');
    await dialog.getByText('An odd number from 1 to 1,023.').waitFor();
    yield 'settings-refused';
    await search.fill('no such thing');
    await dialog.getByText(/No setting is called like that/).waitFor();
    yield 'settings-none-found';
    await search.fill('font');
    await dialog.getByLabel('Font size').selectOption('Largest');
    await search.fill('');
    await dialog.getByRole('tab', { name: 'Compression' }).click();
    await settled(page);
    yield 'settings-largest';
    await dialog.getByRole('tab', { name: 'Appearance' }).click();
    await dialog.getByLabel('Font size').selectOption('Normal');
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
    await run(page, 'about');
    const about = page.getByRole('dialog', { name: 'About RocketDoc' });
    await about.getByText(/parts by others/).waitFor();
    yield 'about';
    await about.getByRole('searchbox', { name: 'Search licences' }).fill('variable/inter');
    await about.getByText('@fontsource-variable/inter').click();
    await about.getByText('SIL OPEN FONT LICENSE').first().waitFor();
    yield 'about-licence';
    await page.keyboard.press('Escape');
  });

/** The settings for other programs: the port is open, a new key is shown, and another one is in use. */
export const programs = () =>
  walk('programs', onSample(), async function* (page, server) {
    const { app } = server;
    app.settings.set({ programsPort: await freePort() });
    const running = await servePrograms(app);
    try {
      await page.reload();
      await button(page, /^Try the sample/).waitFor();
      await page.keyboard.press('Control+,');
      const dialog = page.getByRole('dialog', { name: 'Settings' });
      await dialog.getByRole('tab', { name: 'Programs' }).click();
      await dialog.getByLabel('Programs may ask').selectOption('on');
      await dialog.getByText(`http://127.0.0.1:${app.settings.get().programsPort}/v1`).waitFor();
      await settled(page);
      yield 'programs-on';
      for (const name of ['An editor with a rather long name, for the notes of the whole house', 'A script']) {
        await dialog.getByPlaceholder('Name of the program').fill(name);
        await dialog.getByRole('button', { name: 'New key' }).click();
        await dialog.getByRole('button', { name: `Revoke the key of ${name}` }).waitFor();
      }
      await settled(page);
      yield 'programs-key';
    } finally {
      await running.close();
    }
  });

export const budgets = () =>
  walk('budgets', onSample(), async function* (page, server, script) {
    await chatted(page, server);
    await page.getByRole('checkbox', { name: 'Only for this document' }).click();
    await page.getByText(/^It has its own/).waitFor();
    yield 'own-choice';
    const fit = page.getByRole('form', { name: 'Fit into memory' });
    await fit.getByRole('textbox', { name: 'Memory that may be used' }).fill('64');
    await fit.getByRole('button', { name: 'Fit' }).click();
    await page
      .getByTestId('fit')
      .getByText(/fits|takes/)
      .waitFor();
    yield 'fit';
    const map = page.getByTestId('document-map');
    await map.scrollIntoViewIfNeeded();
    await map.getByRole('img', { name: 'Kept' }).locator('rect[data-page="4"]').first().hover();
    await page.getByText(/^Page 5, passage/).waitFor();
    yield 'map-hover';

    script.agreement = (tokenBudget) =>
      Array.from({ length: 42 }, (_, i) => ({
        kl: (1 + Math.sin(i) ** 2) / tokenBudget ** 1.2,
        sameTop1: i * tokenBudget > 400,
        recall: null,
        mass: null,
      }));
    await button(page, 'Tune on this document').click();
    const tuning = page.getByRole('dialog', { name: 'Tune the token budget' });
    await settled(page);
    yield 'tune-begin';
    const measuring = hold();
    script.measuring = measuring.held;
    await button(page, 'Measure').click();
    await tuning.getByText('1 of 6 answers are measured.').waitFor();
    yield 'tune-running';
    measuring.release();
    await tuning.getByTestId('recommendation').waitFor();
    await settled(page);
    yield 'tune-done';
  });

function refuseLetter(path: string): undefined {
  if (path.endsWith('letter.gguf'))
    throw new AppError('MODEL_FORMAT', 'letter.gguf is not a GGUF model: it begins with “<htm”.');
}

export const modelList = () => {
  let files: FileServer;
  return walk(
    'model-list',
    { ...onSample(), inspect: refuseLetter },
    async function* (page, server) {
      await chatted(page, server);
      await page.keyboard.press('Control+Shift+M');
      const dialog = page.getByRole('dialog', { name: 'Models' });
      const row = (title: string) => dialog.getByRole('listitem', { name: title });
      await row('Qwen2.5-Coder-0.5B-Instruct').getByText('In use').waitFor();
      await row('letter')
        .getByText(/is not a GGUF model/)
        .waitFor();
      await settled(page);
      yield 'models';
      await row('A model that cannot be reached')
        .getByRole('button', { name: /^Download/ })
        .click();
      await row('A model that cannot be reached')
        .getByText(/cannot reach/)
        .waitFor();
      await row('A model that cannot be reached').scrollIntoViewIfNeeded();
      yield 'models-failed';
      const fetched = row('A model near by');
      await fetched.getByRole('button', { name: /^Download/ }).click();
      await fetched.getByText(/^[1-9]\d? %/).waitFor();
      files.script.pauseMs = 500;
      await fetched.scrollIntoViewIfNeeded();
      yield 'models-downloading';
      await fetched.getByRole('button', { name: /^Pause/ }).click();
      await fetched.getByText(/^Paused at/).waitFor();
      yield 'models-paused';
      files.script.pauseMs = 0;
      await fetched.getByRole('button', { name: /^Go on/ }).click();
      await fetched.getByRole('button', { name: 'Use A model near by', exact: true }).click({ timeout: 60_000 });
      await fetched.getByText(/must be read again/).waitFor();
      yield 'models-switching';
      await page.keyboard.press('Escape');
      await files.close();
    },
    async () => {
      const dir = mkdtempSync(join(tmpdir(), 'rocketdoc-test-'));
      const bytes = readFileSync(smallModelFile);
      files = await startFileServer({ bytes, etag: '"one"', pauseMs: 4 });
      const { models } = JSON.parse(readFileSync(join(root, 'assets', 'models', 'catalogue.json'), 'utf8'));
      const near = {
        ...models[0],
        ...{ id: 'near', title: 'A model near by', note: '', url: files.url, fileName: 'near.gguf' },
        ...{ bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') },
      };
      const far = {
        ...near,
        id: 'far',
        title: 'A model that cannot be reached',
        fileName: 'far.gguf',
        url: 'http://127.0.0.1:1/f',
      };
      const wrong = { ...near, id: 'wrong', url: 'ftp://127.0.0.1/f' };
      const catalogueFile = join(dir, 'catalogue.json');
      writeFileSync(catalogueFile, JSON.stringify({ models: [...models, near, far, wrong] }));
      const mine = join(dir, 'mine');
      mkdirSync(mine);
      writeFileSync(join(mine, 'letter.gguf'), '<html>this is no model</html>');
      return { dataDir: join(dir, 'data'), embedded: embeddedPlaces(), catalogueFile, modelFolders: [mine] };
    },
  );
};
