/**
 * Electron's package comes without its binary. Who starts the window from a terminal is asked once whether to fetch it; who does not
 * want it, or cannot have it, gets the same window in the browser.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { cacheDir, modulesDir, root } from '../setup/paths.mjs';

export interface Terminal {
  /** Whether somebody is there to answer. */
  isThere: boolean;
  say: (line: string) => void;
  ask: (question: string, signal: AbortSignal) => Promise<string>;
  /** Fetches the binary and builds what it runs; false: it did not work, and why was said. */
  install: (signal: AbortSignal) => Promise<boolean>;
  /** Remembers a no. */
  declinedFile: string;
}

export const here: Terminal = {
  isThere: process.stdin.isTTY === true && process.stderr.isTTY === true,
  say: (line) => void process.stderr.write(`${line}\n`),
  async ask(question, signal) {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await lines.question(question, { signal });
    } finally {
      lines.close();
    }
  },
  // Then once more what npm start begins with: there is something to build now.
  install: async (signal) =>
    (await runs([join(modulesDir, 'electron', 'install.js')], signal)) &&
    (await runs([join(root, 'electron', 'setup', 'ready.mjs'), 'start'], signal)),
  declinedFile: join(cacheDir, 'electron-declined'),
};

const hint = 'The window opens in your browser; for one of its own install Electron with: npx install-electron';

/** Whether Electron is there now. */
export async function offerElectron(signal: AbortSignal, terminal: Terminal = here): Promise<boolean> {
  const { isThere, say, ask, install, declinedFile } = terminal;
  if (isThere && !existsSync(declinedFile)) {
    say('RocketDoc has a window of its own in Electron, whose program is not installed: about 120 MB from GitHub.');
    const answer = await ask('Install it now? [y/N] ', signal);
    if (/^y(es)?$/i.test(answer.trim())) {
      if (await install(signal)) return true;
      say('Electron could not be installed.');
    } else {
      mkdirSync(dirname(declinedFile), { recursive: true });
      writeFileSync(declinedFile, 'npm start asks no more; npx install-electron installs it.\n');
    }
  }
  say(hint);
  return false;
}

/** node with these words, its output shown. */
function runs(words: string[], signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], signal });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
}
