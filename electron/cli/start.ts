/** `npm start`: opens the window, in Electron if its binary is installed or wanted, else in the system's browser. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { electronFile } from '../setup/electron-binary.mjs';
import type { Arguments, Command } from './arguments.ts';
import { offerElectron } from './offer-electron.ts';
import { runCommand } from './report-error.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const command: Command = {
  run: 'npm start --',
  usage: '[options] [file...]',
  about:
    'Opens the window, in Electron where its binary is installed, else in the browser. Files are opened in it, or offered there.',
  flags: {
    models: { value: '<folder>', help: 'GGUF files in it can be chosen in the window', multiple: true },
  },
};

async function start(args: Arguments, signal: AbortSignal): Promise<number> {
  if (electronFile() === undefined) await offerElectron(signal);
  const electron = electronFile();
  const words = [...args.texts('models').map((folder) => `--models=${folder}`), ...args.positionals];
  if (electron !== undefined) return run(electron, [root, ...words], signal);
  return run(process.execPath, [join(root, 'out', 'main', 'serve.js'), ...words], signal);
}

/** Runs a program. Signals that stop this process are passed on to the child, and this process waits until the child has ended. */
function run(file: string, args: string[], signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'inherit' });
    // In a terminal Ctrl+C reaches the child too; a second signal does no harm.
    signal.addEventListener('abort', () => child.kill('SIGINT'), { once: true });
    process.once('SIGTERM', () => child.kill('SIGTERM'));
    child.on('error', reject);
    child.on('close', (code) => resolve(signal.aborted ? 0 : (code ?? 1)));
  });
}

await runCommand(command, start);
