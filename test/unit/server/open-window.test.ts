import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { appModeBrowser, openWindow } from '../../../electron/server/open-window.ts';

const link = 'http://127.0.0.1:4680/#launch=code';
const dir = join(mkdtempSync(join(tmpdir(), 'rocketdoc-open-')), 'data');
const page = join(dir, 'open.html');

function machine(platform: NodeJS.Platform, env: NodeJS.ProcessEnv, there: string[], failing: string[] = []) {
  const ran: string[][] = [];
  return {
    ran,
    platform,
    env,
    exists: (file: string) => there.includes(file),
    run: async (command: string, args: string[]) => {
      ran.push([command, ...args]);
      return !failing.includes(command);
    },
  };
}
const screen = { DISPLAY: ':0', PATH: '/usr/local/bin:/usr/bin' };

it('opens a window of its own where a browser can', async () => {
  const linux = machine('linux', screen, ['/usr/bin/chromium', '/usr/bin/xdg-open']);
  expect(await openWindow(link, dir, linux)).toBe(true);
  expect(linux.ran).toEqual([['/usr/bin/chromium', `--app=${pathToFileURL(page)}`]]);
});

it('falls back to the default browser when there is none, or when it refuses', async () => {
  const none = machine('linux', screen, []);
  expect(await openWindow(link, dir, none)).toBe(true);
  expect(none.ran).toEqual([['xdg-open', page]]);
  const refusing = machine('linux', screen, ['/usr/bin/chromium'], ['/usr/bin/chromium']);
  expect(await openWindow(link, dir, refusing)).toBe(true);
  expect(refusing.ran).toEqual([
    ['/usr/bin/chromium', `--app=${pathToFileURL(page)}`],
    ['xdg-open', page],
  ]);
});

it('opens nothing where there is no screen, and says when nothing worked', async () => {
  const box = machine('linux', { PATH: '/usr/bin' }, ['/usr/bin/chromium']);
  expect(await openWindow(link, dir, box)).toBe(false);
  expect(box.ran).toEqual([]);
  expect(await openWindow(link, dir, machine('linux', screen, [], ['xdg-open']))).toBe(false);
});

it('knows where browsers are on each system', () => {
  const edge = join('C:\\Programs', 'Microsoft', 'Edge', 'Application', 'msedge.exe');
  expect(appModeBrowser(machine('win32', { PROGRAMFILES: 'C:\\Programs' }, [edge]))).toBe(edge);
  const chrome = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
  expect(appModeBrowser(machine('darwin', {}, [chrome]))).toBe(chrome);
});

it('gives the launch code to no process: a page for the owner alone leads to the link', async () => {
  const linux = machine('linux', screen, ['/usr/bin/chromium'], ['/usr/bin/chromium']);
  await openWindow(link, dir, linux);
  expect(linux.ran.flat().join(' ')).not.toContain('code');
  expect(readFileSync(page, 'utf8')).toContain(`location.replace("${link}")`);
  if (process.platform !== 'win32') expect(statSync(page).mode & 0o777).toBe(0o600);
});
