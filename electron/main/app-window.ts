/** The window: its rights (no more than a web page's), its position, and what happens when its page dies. */
import { join } from 'node:path';
import { app, BrowserWindow, dialog, nativeTheme, screen } from 'electron';
import { appOrigin } from './origin.ts';
import { loadWindowState, minimumSize, saveWindowState } from './window-state.ts';

export interface WindowFiles {
  preload: string;
  icon: string;
}

const saveMs = 500;

export function openAppWindow({ preload, icon }: WindowFiles): BrowserWindow {
  const stateFile = join(app.getPath('userData'), 'window.json');
  const areas = screen.getAllDisplays().map((display) => display.workArea);
  const { bounds, maximised } = loadWindowState(stateFile, areas);
  const window = new BrowserWindow({
    ...bounds,
    minWidth: minimumSize.width,
    minHeight: minimumSize.height,
    show: false,
    title: 'RocketDoc',
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#1b1d20' : '#ffffff',
    autoHideMenuBar: true,
    icon,
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      webSecurity: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      safeDialogs: true,
      devTools: !app.isPackaged,
    },
  });
  if (maximised) window.maximize();
  window.once('ready-to-show', () => window.show());
  keepState(window, stateFile);
  reloadWhenGone(window);
  void window.loadURL(`${appOrigin}/`);
  return window;
}

function keepState(window: BrowserWindow, file: string): void {
  let timer: NodeJS.Timeout | undefined;
  const save = () => saveWindowState(file, window);
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(save, saveMs);
  };
  window.on('resize', soon);
  window.on('move', soon);
  window.on('close', () => {
    clearTimeout(timer);
    save();
  });
}

const maxReloads = 3;
const reloadWindowMs = 5 * 60_000;

/** Loads a page that died again; the app host's work goes on and is shown again. If the page keeps dying, the person is asked. */
function reloadWhenGone(window: BrowserWindow): void {
  let reloads: number[] = [];
  window.webContents.on('render-process-gone', (_, { reason }) => {
    if (reason === 'clean-exit' || window.isDestroyed()) return;
    const now = Date.now();
    reloads = reloads.filter((at) => now - at < reloadWindowMs);
    if (reloads.length < maxReloads) {
      reloads.push(now);
      window.webContents.reload();
      return;
    }
    const choice = dialog.showMessageBoxSync(window, {
      type: 'error',
      message: 'The window stopped working several times.',
      detail: 'Documents and chats are safe. Loading it again may help; if it does not, restart the computer.',
      buttons: ['Load again', 'Quit'],
      cancelId: 1,
    });
    if (choice === 1) return app.quit();
    reloads = [];
    window.webContents.reload();
  });
}
