/**
 * Opens the link in a browser. The link has the launch code, and other users of the machine can see the arguments of every process: so the
 * browser is given the path of a page that only the owner can read, which leads to the link. If a browser of the Chromium family is found,
 * it opens as a window of its own (no tabs, no address bar), else in the default browser. Without a screen nothing is opened; the link is
 * printed in any case.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

interface Machine {
  platform: NodeJS.Platform;
  env: NodeJS.ProcessEnv;
  exists: (file: string) => boolean;
  /** Resolves once it is clear whether the command has opened the link. */
  run: (command: string, args: string[]) => Promise<boolean>;
}

const here: Machine = { platform: process.platform, env: process.env, exists: existsSync, run };

/** @param dir where the page is written, for the owner alone. False: nothing was opened. */
export async function openWindow(link: string, dir: string, machine: Machine = here): Promise<boolean> {
  const { platform, env } = machine;
  if (platform === 'linux' && !env.DISPLAY && !env.WAYLAND_DISPLAY) return false;
  const page = pageTo(link, dir);
  const browser = appModeBrowser(machine);
  if (browser !== undefined && (await machine.run(browser, [`--app=${pathToFileURL(page)}`]))) return true;
  const opener = platform === 'darwin' ? 'open' : platform === 'win32' ? 'explorer' : 'xdg-open';
  return machine.run(opener, [page]);
}

/** Writes the page, which stays until the next one is written: its launch code works once. */
function pageTo(link: string, dir: string): string {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const page = join(dir, 'open.html');
  rmSync(page, { force: true }); // an existing file would keep its mode
  writeFileSync(page, openingPage(link), { mode: 0o600, flag: 'wx' });
  return page;
}

function openingPage(link: string): string {
  const url = new URL(link).href; // URL has encoded quotes and angle brackets
  return `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>RocketDoc</title>
<script>location.replace(${JSON.stringify(url)})</script><a href="${url}">Open RocketDoc</a>
`;
}

/** The first installed browser of the Chromium family. */
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

/** A browser that cannot run (no sandbox for root, a broken profile) ends at once with a failure. */
function run(command: string, args: string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'ignore', detached: true });
    const timer = setTimeout(() => resolve(true), settleMs);
    timer.unref();
    child.on('error', () => resolve(false));
    // explorer ends with 1 when it succeeded
    child.on('exit', (code) => resolve(code === 0 || command === 'explorer'));
    child.unref();
  });
}
