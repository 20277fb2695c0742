/** Opens what the tests of the window need, a browser, a server and a window on it, and closes it after them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe } from 'vitest';
import type { AppOptions } from '../../electron/app-host/create-app-host.ts';
import { closeLibrary } from '../../electron/app-host/library/database.ts';
import { ModelStore } from '../../electron/app-host/library/model-store.ts';
import { openLibrary } from '../../electron/app-host/library/open-library.ts';
import { SettingsStore } from '../../electron/app-host/library/settings-store.ts';
import { type FakeServer, startFakeServer } from '../fixtures/app-server.ts';
import type { FakeScript } from '../fixtures/fake-engine.ts';
import { chromiumPath, launchBrowser, openWindow, type Watched, webRoot } from './browser.ts';
import { RealServer } from './real-server.ts';

/** describe for tests that need a Chromium; they are skipped where there is none. */
export const inChromium = describe.skipIf(!chromiumPath);

/** The returned object is filled before the first test of the describe that calls this. */
export function useBrowser(): { browser: Browser } {
  const opened = {} as { browser: Browser };
  beforeAll(async () => {
    opened.browser = await launchBrowser();
  }, 60_000);
  afterAll(() => opened.browser?.close());
  return opened;
}

const smallModelId = 'embedded-smollm2-135m';

export const linkTo = ({ port, tokens }: FakeServer) => `http://127.0.0.1:${port}/#launch=${tokens.newLaunchCode()}`;

type OpenedFake = Watched & { browser: Browser; server: FakeServer };
/** A window on the real server around a fake engine. */
export function useFakeWindow(
  script: FakeScript,
  options: () => Partial<AppOptions> = () => ({}),
  root = webRoot,
): OpenedFake {
  const opened = useBrowser() as OpenedFake;
  beforeAll(async () => {
    opened.server = await startFakeServer(script, root, options());
    Object.assign(opened, await openWindow(opened.browser, linkTo(opened.server)));
  }, 120_000);
  afterAll(() => opened.server?.close());
  return opened;
}

type OpenedReal = Watched & { browser: Browser; server: RealServer; dataDir: string };
/** A window on `npm run serve` with the real engine, whose answers have at most `maxNew` tokens; `more`: further options of it. */
export function useRealWindow(
  maxNew: number,
  more: (dataDir: string) => Promise<string[]> = async () => [],
): OpenedReal {
  const opened = useBrowser() as OpenedReal;
  beforeAll(async () => {
    opened.dataDir = mkdtempSync(join(tmpdir(), 'rocketdoc-app-'));
    const { database } = await openLibrary(join(opened.dataDir, 'library.sqlite'));
    new SettingsStore(database).set({ maxNew });
    // Chooses the smallest embedded model, as a person would under Models, so that a test takes seconds.
    new ModelStore(database).choose(smallModelId);
    closeLibrary(database);
    opened.server = new RealServer(opened.dataDir, await more(opened.dataDir));
    Object.assign(opened, await openWindow(opened.browser, await opened.server.start()));
  }, 120_000);
  afterAll(async () => {
    await opened.server?.stop();
    if (opened.dataDir) rmSync(opened.dataDir, { recursive: true, force: true });
  });
  return opened;
}
