import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { claimDataFolder } from '../../../../electron/app-host/library/claim.ts';

const dir = mkdtempSync(join(tmpdir(), 'rocketdoc-claim-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('lets one in, tells the next why not, and lets it in afterwards', () => {
  const release = claimDataFolder(join(dir, 'new', 'folder'));
  expect(() => claimDataFolder(join(dir, 'new', 'folder'))).toThrow(/Another RocketDoc is open/);
  release();
  claimDataFolder(join(dir, 'new', 'folder'))();
});

it('is free again when the process that had it was killed', async () => {
  const file = fileURLToPath(new URL('../../../../electron/app-host/library/claim.ts', import.meta.url));
  const code = `import(${JSON.stringify(file)}).then(({ claimDataFolder }) => {
    claimDataFolder(${JSON.stringify(dir)});
    console.log('mine');
    setInterval(() => {}, 1000);
  });`;
  const owner = spawn(process.execPath, ['--import', 'tsx', '--eval', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(owner.stdout, 'data');
  expect(() => claimDataFolder(dir)).toThrow(/Another RocketDoc is open/);
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  claimDataFolder(dir)();
});
