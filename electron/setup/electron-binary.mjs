// Electron's package holds no binary; `npx install-electron` fetches it from GitHub into the package. Node built-ins only.
// @ts-check
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { modulesDir } from './paths.mjs';
import { readText } from './staleness.mjs';

/** Its executable, where it is installed. @param {string} [dir] of the package */
export function electronFile(dir = join(modulesDir, 'electron')) {
  const name = readText(join(dir, 'path.txt'))?.trim();
  if (!name) return undefined;
  const file = join(dir, 'dist', name);
  return existsSync(file) ? file : undefined;
}
