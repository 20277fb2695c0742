/** The menu shows every key that the window knows, and no other; the window itself answers them. */
import type { BrowserWindow, MenuItemConstructorOptions } from 'electron';
import { expect, it, vi } from 'vitest';
import { menuTemplate } from '../../../electron/main/menu.ts';
import { shortcuts } from '../../../renderer/features/palette/shortcuts.ts';
import { FakeContents } from './fake-electron.ts';

vi.mock('electron', () => import('./fake-electron.ts'));

const contents = new FakeContents();
const opened = vi.fn();
const about = vi.fn();
const template = menuTemplate({
  openDocuments: opened,
  about,
  window: () => ({ webContents: contents }) as unknown as BrowserWindow,
});
const items = template.flatMap(({ submenu }) =>
  Array.isArray(submenu) ? (submenu as MenuItemConstructorOptions[]) : [],
);
/** As tinykeys names it. */
const chordOf = ({ accelerator = '' }: MenuItemConstructorOptions) =>
  accelerator.replace('CmdOrCtrl', '$mod').replace(/\+(\w)$/, (key) => key.toLowerCase());

it('has an item for each shortcut of the window', () => {
  const chords = items.map(chordOf);
  expect(
    Object.values(shortcuts)
      .map(({ chords: [first = ''] }) => first)
      .filter((chord) => !chords.includes(chord)),
  ).toEqual([]);
});

it('presses exactly those keys, and has only one of its own', () => {
  const known = Object.values(shortcuts).flatMap(({ chords }) => chords);
  const own: string[] = [];
  for (const item of items.filter(({ accelerator }) => accelerator)) {
    contents.keys = [];
    (item.click as (() => void) | undefined)?.();
    if (item.registerAccelerator === false) {
      expect(known).toContain(chordOf(item));
      const keyCode = item.accelerator?.split('+').at(-1);
      expect(contents.keys).toMatchObject([
        { type: 'keyDown', keyCode },
        { type: 'keyUp', keyCode },
      ]);
    } else own.push(item.accelerator ?? '');
  }
  expect(own).toEqual(['CmdOrCtrl+O']);
  expect(opened).toHaveBeenCalledTimes(1);
});

it('quits, zooms, edits and goes full screen by the system’s own items', () => {
  const roles = [...template, ...items].map(({ role }) => role);
  for (const role of ['editMenu', 'resetZoom', 'zoomIn', 'zoomOut', 'togglefullscreen', 'quit'] as const)
    expect(roles).toContain(role);
});
