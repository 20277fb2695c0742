/**
 * The application menu. The window handles the keys of its own commands, as it must in a browser: such a menu item only shows the keys, and
 * a click sends the command to the window.
 */
import { app, Menu, type MenuItemConstructorOptions } from 'electron';
import type { MenuCommand } from '../contract/shell.ts';

export interface MenuActions {
  openDocuments: () => void;
  /** Sends a command to the window, which carries it out. */
  command: (command: MenuCommand) => void;
}

const isMac = process.platform === 'darwin';

export function setMenu(actions: MenuActions): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(actions)));
}

export function menuTemplate({ openDocuments, command }: MenuActions): MenuItemConstructorOptions[] {
  const item = (name: MenuCommand, label: string, accelerator: string): MenuItemConstructorOptions => ({
    label,
    accelerator,
    registerAccelerator: false, // the window handles the key itself
    click: () => command(name),
  });
  const settings = item('settings', 'Settings', 'CmdOrCtrl+,');
  const aboutItem: MenuItemConstructorOptions = { label: 'About RocketDoc', click: () => command('about') };
  const separator: MenuItemConstructorOptions = { type: 'separator' };
  const appMenu: MenuItemConstructorOptions = {
    label: app.name,
    submenu: [aboutItem, separator, settings, separator, { role: 'hide' }, separator, { role: 'quit' }],
  };
  return [
    ...(isMac ? [appMenu] : []),
    {
      label: 'File',
      submenu: [
        { label: 'Open document…', accelerator: 'CmdOrCtrl+O', click: openDocuments },
        item('newChat', 'New chat', 'CmdOrCtrl+N'),
        item('stop', 'Stop the answer', 'Escape'),
        separator,
        item('models', 'Models', 'CmdOrCtrl+Shift+M'),
        separator,
        ...(isMac ? [{ role: 'close' } as const] : [settings, separator, { role: 'quit' } as const]),
      ],
    },
    { role: 'editMenu' },
    {
      label: 'View',
      submenu: [
        item('palette', 'Commands', 'CmdOrCtrl+K'),
        item('library', 'Library', 'CmdOrCtrl+B'),
        item('inspector', 'KV cache panel', 'CmdOrCtrl+J'),
        separator,
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        separator,
        { role: 'togglefullscreen' },
        ...(app.isPackaged ? [] : [separator, { role: 'toggleDevTools' } as const]),
      ],
    },
    { role: 'help', submenu: [item('shortcuts', 'Keyboard shortcuts', 'CmdOrCtrl+/'), ...(isMac ? [] : [aboutItem])] },
  ];
}
