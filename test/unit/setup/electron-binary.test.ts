import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { electronFile } from '../../../electron/setup/electron-binary.mjs';

it("finds Electron's binary only where all of it is there", () => {
  const dir = mkdtempSync(join(tmpdir(), 'rocketdoc-electron-'));
  expect(electronFile(dir)).toBeUndefined();
  writeFileSync(join(dir, 'path.txt'), 'electron');
  expect(electronFile(dir)).toBeUndefined();
  mkdirSync(join(dir, 'dist'));
  writeFileSync(join(dir, 'dist', 'electron'), '');
  expect(electronFile(dir)).toBe(join(dir, 'dist', 'electron'));
  rmSync(dir, { recursive: true, force: true });
});
