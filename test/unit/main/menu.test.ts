/** The menu shows the keys of the window's commands and no others; a click runs the command with that key. */
import type { MenuItemConstructorOptions } from 'electron';
import { expect, it, vi } from 'vitest';
import { menuTemplate } from '../../../electron/main/menu.ts';
import { shortcuts } from '../../../renderer/features/palette/shortcuts.ts';

vi.mock('electron', () => import('./fake-electron.ts'));

const opened = vi.fn();
const command = vi.fn();
const template = menuTemplate({ openDocuments: opened, command });
const items = template.flatMap(({ submenu }) =>
  Array.isArray(submenu) ? (submenu as MenuItemConstructorOptions[]) : [],
);
/** The accelerator in tinykeys' notation. */
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

it('has the window do what that key does, and has only one of its own', () => {
  const own: string[] = [];
  for (const item of items.filter(({ accelerator }) => accelerator)) {
    command.mockClear();
    (item.click as (() => void) | undefined)?.();
    if (item.registerAccelerator === false) {
      const [name] = command.mock.calls[0] as [keyof typeof shortcuts];
      expect(shortcuts[name].chords).toContain(chordOf(item));
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
