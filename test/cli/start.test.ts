/** npm start on a machine without Electron's binary: it serves the window for the browser, and ends with the command. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it, vi } from 'vitest';
import { electronFile } from '../../electron/setup/electron-binary.mjs';
import { build } from '../build.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'rocketdoc-start-'));
let start: ChildProcess | undefined;
afterAll(() => {
  start?.kill('SIGTERM');
  rmSync(home, { recursive: true, force: true });
});

it.skipIf(electronFile() !== undefined || process.platform === 'win32')(
  'says how to get Electron, serves the window, and ends with its server',
  async () => {
    build('window');
    const { DISPLAY: _d, WAYLAND_DISPLAY: _w, ...env } = process.env; // without a screen no browser is opened
    const args = ['out/main/start.js'];
    start = spawn(process.execPath, args, {
      cwd: root,
      env: { ...env, HOME: home },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [start.stdout, start.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    await vi.waitFor(() => expect(said).toContain('#launch='), { timeout: 60_000, interval: 100 });
    expect(said).toContain('npx install-electron');
    const link = /http:\/\/127\.0\.0\.1:\d+\//.exec(said)?.[0] ?? '';
    expect((await fetch(`${link}health`)).status).toBe(200);
    start.kill('SIGTERM');
    await once(start, 'exit');
    await expect(fetch(`${link}health`)).rejects.toThrow();
  },
);
