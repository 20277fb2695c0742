/**
 * Electron's package comes without its binary. A person who starts the window from a terminal is asked once whether to download it; without
 * it the same window opens in the browser.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { cacheDir, modulesDir, root } from '../setup/paths.mjs';

export interface Terminal {
  /** Whether a person can answer: input and output are a terminal. */
  isThere: boolean;
  print: (line: string) => void;
  ask: (question: string, signal: AbortSignal) => Promise<string>;
  /** Downloads the binary and builds what it runs; false: that failed, and the reason was printed. */
  install: (signal: AbortSignal) => Promise<boolean>;
  /** A file that remembers that the person declined. */
  declinedFile: string;
}

export const here: Terminal = {
  isThere: process.stdin.isTTY === true && process.stderr.isTTY === true,
  print: (line) => void process.stderr.write(`${line}\n`),
  async ask(question, signal) {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await lines.question(question, { signal });
    } finally {
      lines.close();
    }
  },
  // The second step is the one that npm start begins with: with Electron there is more to build.
  install: async (signal) =>
    (await runs([join(modulesDir, 'electron', 'install.js')], signal)) &&
    (await runs([join(root, 'electron', 'setup', 'ready.mjs'), 'start'], signal)),
  declinedFile: join(cacheDir, 'electron-declined'),
};

const hint = 'The window opens in your browser; for one of its own install Electron with: npx install-electron';

/** Returns whether Electron is installed now. */
export async function offerElectron(signal: AbortSignal, terminal: Terminal = here): Promise<boolean> {
  const { isThere, print, ask, install, declinedFile } = terminal;
  if (isThere && !existsSync(declinedFile)) {
    print('RocketDoc has a window of its own in Electron, whose program is not installed: about 120 MB from GitHub.');
    const answer = await ask('Install it now? [y/N] ', signal);
    if (/^y(es)?$/i.test(answer.trim())) {
      if (await install(signal)) return true;
      print('Electron could not be installed.');
    } else {
      mkdirSync(dirname(declinedFile), { recursive: true });
      writeFileSync(declinedFile, 'npm start asks no more; npx install-electron installs it.\n');
    }
  }
  print(hint);
  return false;
}

/** Runs node with these arguments and shows its output. */
function runs(words: string[], signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], signal });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
}
