import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { offerElectron, type Terminal } from '../../../electron/cli/offer-electron.ts';

let dir = '';
let said: string[] = [];
let installs = 0;
let asked = 0;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rocketdoc-offer-'));
  said = [];
  installs = 0;
  asked = 0;
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const { signal } = new AbortController();
const terminal = (answer: string, more: Partial<Terminal> = {}): Terminal => ({
  isThere: true,
  print: (line) => said.push(line),
  ask: async () => {
    asked++;
    return answer;
  },
  install: async () => ++installs > 0,
  declinedFile: join(dir, 'deep', 'declined'),
  ...more,
});

it.each(['y', 'Y', 'yes', ' Yes '])('installs Electron for “%s”', async (answer) => {
  expect(await offerElectron(signal, terminal(answer))).toBe(true);
  expect(installs).toBe(1);
  expect(said.join('\n')).toContain('about 120 MB from GitHub');
});

it.each(['', 'n', 'no', 'yellow'])('opens the browser for “%s”, and asks no more', async (answer) => {
  expect(await offerElectron(signal, terminal(answer))).toBe(false);
  expect(installs).toBe(0);
  expect(said.at(-1)).toContain('npx install-electron');
  expect(existsSync(join(dir, 'deep', 'declined'))).toBe(true);
  expect(await offerElectron(signal, terminal('y'))).toBe(false);
  expect(asked).toBe(1);
});

it('asks nobody where there is no terminal', async () => {
  expect(await offerElectron(signal, terminal('y', { isThere: false }))).toBe(false);
  expect([asked, installs]).toEqual([0, 0]);
  expect(said).toEqual([expect.stringContaining('npx install-electron')]);
});

it('says so where it cannot be installed, opens the browser, and asks again the next time', async () => {
  expect(await offerElectron(signal, terminal('y', { install: async () => false }))).toBe(false);
  expect(said).toContain('Electron could not be installed.');
  expect(await offerElectron(signal, terminal('y'))).toBe(true);
});
