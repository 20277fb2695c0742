/**
 * Shows the link: as a window of its own where a browser of the Chromium family is found (no tabs, no address bar), else in the
 * default browser. Where there is no screen, nothing is opened; the link is printed anyway.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

interface Machine {
  platform: NodeJS.Platform;
  env: NodeJS.ProcessEnv;
  exists: (file: string) => boolean;
  /** Resolves once it is clear whether the command took the link. */
  run: (command: string, args: string[]) => Promise<boolean>;
}

const here: Machine = { platform: process.platform, env: process.env, exists: existsSync, run };

export async function openWindow(link: string, machine: Machine = here): Promise<boolean> {
  const { platform, env } = machine;
  if (platform === 'linux' && !env.DISPLAY && !env.WAYLAND_DISPLAY) return false;
  const browser = appModeBrowser(machine);
  if (browser !== undefined && (await machine.run(browser, [`--app=${link}`]))) return true;
  const opener = platform === 'darwin' ? 'open' : platform === 'win32' ? 'explorer' : 'xdg-open';
  return machine.run(opener, [link]);
}

/** The first of the Chromium family that is installed. */
export function appModeBrowser({ platform, env, exists }: Pick<Machine, 'platform' | 'env' | 'exists'>) {
  return candidates(platform, env).find(exists);
}

function candidates(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): string[] {
  if (platform === 'darwin') {
    const names = ['Google Chrome', 'Chromium', 'Microsoft Edge', 'Brave Browser'];
    return names.map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);
  }
  if (platform === 'win32') {
    const folders = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].filter((dir) => dir !== undefined);
    const files = [
      ['Google', 'Chrome', 'Application', 'chrome.exe'],
      ['Microsoft', 'Edge', 'Application', 'msedge.exe'],
      ['Chromium', 'Application', 'chrome.exe'],
    ];
    return files.flatMap((parts) => folders.map((folder) => join(folder, ...parts)));
  }
  const names = [
    'google-chrome',
    'google-chrome-stable',
    'chromium',
    'chromium-browser',
    'microsoft-edge',
    'brave-browser',
  ];
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return names.flatMap((name) => folders.map((folder) => join(folder, name)));
}

const settleMs = 3000;

/** A browser that refuses (no sandbox for root, a broken profile) ends at once with a failure. */
function run(command: string, args: string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'ignore', detached: true });
    const timer = setTimeout(() => resolve(true), settleMs);
    timer.unref();
    child.on('error', () => resolve(false));
    // explorer says 1 when all went well
    child.on('exit', (code) => resolve(code === 0 || command === 'explorer'));
    child.unref();
  });
}
