import { join } from 'node:path';
import { expect, it } from 'vitest';
import { appModeBrowser, openWindow } from '../../../electron/server/open-window.ts';

const link = 'http://127.0.0.1:4680/#launch=code';

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
  expect(await openWindow(link, linux)).toBe(true);
  expect(linux.ran).toEqual([['/usr/bin/chromium', `--app=${link}`]]);
});

it('falls back to the default browser when there is none, or when it refuses', async () => {
  const none = machine('linux', screen, []);
  expect(await openWindow(link, none)).toBe(true);
  expect(none.ran).toEqual([['xdg-open', link]]);
  const refusing = machine('linux', screen, ['/usr/bin/chromium'], ['/usr/bin/chromium']);
  expect(await openWindow(link, refusing)).toBe(true);
  expect(refusing.ran).toEqual([
    ['/usr/bin/chromium', `--app=${link}`],
    ['xdg-open', link],
  ]);
});

it('opens nothing where there is no screen, and says when nothing worked', async () => {
  const box = machine('linux', { PATH: '/usr/bin' }, ['/usr/bin/chromium']);
  expect(await openWindow(link, box)).toBe(false);
  expect(box.ran).toEqual([]);
  expect(await openWindow(link, machine('linux', screen, [], ['xdg-open']))).toBe(false);
});

it('knows where browsers are on each system', () => {
  const edge = join('C:\\Programs', 'Microsoft', 'Edge', 'Application', 'msedge.exe');
  expect(appModeBrowser(machine('win32', { PROGRAMFILES: 'C:\\Programs' }, [edge]))).toBe(edge);
  const chrome = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
  expect(appModeBrowser(machine('darwin', {}, [chrome]))).toBe(chrome);
});
