/**
 * The application menu. What the window does by itself has its keys in the window, which the browser needs too: such an item shows
 * the keys and presses them, so that there is one list of what keys do.
 */
import { app, type BrowserWindow, Menu, type MenuItemConstructorOptions } from 'electron';

export interface MenuActions {
  openDocuments: () => void;
  /** Shown by the window, which knows the model and the device. */
  about: () => void;
  window: () => BrowserWindow | undefined;
}

const isMac = process.platform === 'darwin';

export function setMenu(actions: MenuActions): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(actions)));
}

export function menuTemplate({ openDocuments, about, window }: MenuActions): MenuItemConstructorOptions[] {
  const key = (label: string, keyCode: string, withShift = false): MenuItemConstructorOptions => ({
    label,
    accelerator: withShift ? `CmdOrCtrl+Shift+${keyCode}` : `CmdOrCtrl+${keyCode}`,
    registerAccelerator: false, // the window hears the key itself
    click: () => {
      const modifiers = [isMac ? ('meta' as const) : ('control' as const), ...(withShift ? ['shift' as const] : [])];
      const contents = window()?.webContents;
      contents?.sendInputEvent({ type: 'keyDown', keyCode, modifiers });
      contents?.sendInputEvent({ type: 'keyUp', keyCode, modifiers });
    },
  });
  const settings = key('Settings', ',');
  const stop: MenuItemConstructorOptions = {
    label: 'Stop the answer',
    accelerator: 'Escape',
    registerAccelerator: false,
    click: () => {
      const contents = window()?.webContents;
      contents?.sendInputEvent({ type: 'keyDown', keyCode: 'Escape' });
      contents?.sendInputEvent({ type: 'keyUp', keyCode: 'Escape' });
    },
  };
  const aboutItem: MenuItemConstructorOptions = { label: 'About RocketDoc', click: about };
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
        key('New chat', 'N'),
        stop,
        separator,
        key('Models', 'M', true),
        separator,
        ...(isMac ? [{ role: 'close' } as const] : [settings, separator, { role: 'quit' } as const]),
      ],
    },
    { role: 'editMenu' },
    {
      label: 'View',
      submenu: [
        key('Commands', 'K'),
        key('Library', 'B'),
        key('KV cache panel', 'J'),
        separator,
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        separator,
        { role: 'togglefullscreen' },
        ...(app.isPackaged ? [] : [separator, { role: 'toggleDevTools' } as const]),
      ],
    },
    { role: 'help', submenu: [key('Keyboard shortcuts', '/'), ...(isMac ? [] : [aboutItem])] },
  ];
}
