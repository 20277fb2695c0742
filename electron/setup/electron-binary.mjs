// Finds Electron's binary, which its npm package does not contain: `npx install-electron` downloads it from GitHub into the package. Uses
// node built-ins only.
// @ts-check
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { modulesDir } from './paths.mjs';
import { readText } from './staleness.mjs';

/** The path of Electron's executable; undefined: it is not installed. @param {string} [dir] of the package */
export function electronFile(dir = join(modulesDir, 'electron')) {
  const name = readText(join(dir, 'path.txt'))?.trim();
  if (!name) return undefined;
  const file = join(dir, 'dist', name);
  return existsSync(file) ? file : undefined;
}
