/** A large document on a GPU, windows of other sizes, and a window that lost its server. */
import { embeddedPlace } from '../../fixtures/app-server.ts';
import { largeNumbers, windowNumbers } from '../../fixtures/engine-numbers.ts';
import { addText, ask, button, chatted, onSample, settled, walk } from './screens.ts';

export const largeModel = () =>
  walk(
    'large-model',
    { ...onSample(), numbers: largeNumbers },
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
      // A window of 1280 x 800 pixels at a zoom of 200 % has this size.
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
    { embedded: [embeddedPlace('no-model.gguf', 'Llama 3.1 8B Instruct')] },
  );

/** A model with sliding windows: the panel says which layers are compressed and what the others keep. */
export const windowed = () =>
  walk(
    'windowed',
    { ...onSample(), numbers: windowNumbers },
    async function* (page, server) {
      addText(server, 'annual-reports-1990-2023.md', 240, 96_300);
      await page.reload();
      await button(page, 'Read document').click();
      await ask(page, 'What is the rent of house number 3?');
      await page.getByTestId('answer-stats').waitFor();
      await settled(page);
      yield 'windowed-answered';
      await page.getByTestId('other-layers').scrollIntoViewIfNeeded();
      await settled(page);
      yield 'windowed-layers';
    },
    { embedded: [embeddedPlace('no-model.gguf', 'Gemma 3 12B')] },
  );

export const lostConnection = () =>
  walk('lost-connection', onSample(), async function* (page, server) {
    await chatted(page, server);
    await server.close();
    await page
      .getByTestId('engine-state')
      .getByText(/Connection lost/)
      .waitFor();
    yield 'connection-lost';
  });
