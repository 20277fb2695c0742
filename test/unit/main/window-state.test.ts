import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { loadWindowState, saveWindowState } from '../../../electron/main/window-state.ts';

const dir = mkdtempSync(join(tmpdir(), 'rocketdoc-window-'));
const file = join(dir, 'window.json');
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const screen = { x: 0, y: 0, width: 1920, height: 1040 };
const right = { x: 1920, y: 0, width: 1920, height: 1040 };
const windowAt = (x: number, y: number, isMaximized = false) => ({
  getNormalBounds: () => ({ x, y, width: 1000, height: 700 }),
  isMaximized: () => isMaximized,
});
const first = { bounds: { width: 1280, height: 800 }, maximised: false };

it('keeps size, place and whether it fills the screen', () => {
  expect(loadWindowState(file, [screen])).toEqual(first);
  saveWindowState(file, windowAt(40, 30, true));
  expect(loadWindowState(file, [screen])).toEqual({
    bounds: { x: 40, y: 30, width: 1000, height: 700 },
    maximised: true,
  });
  expect(readdirSync(dir)).toEqual(['window.json']);
});

it.each([
  ['on a screen that is gone', 2500, 100],
  ['above every screen', 100, -400],
  ['a sliver at the edge', -980, 100],
  ['with its top below the edge', 100, 1030],
])('a window %s comes back where the system puts it', (_, x, y) => {
  saveWindowState(file, windowAt(x, y));
  expect(loadWindowState(file, [screen])).toEqual({ bounds: { width: 1000, height: 700 }, maximised: false });
  if (x === 2500) expect(loadWindowState(file, [screen, right]).bounds).toMatchObject({ x, y });
});

it.each(['', '{', 'null', '[]', '{"x":1}', '{"x":0,"y":0,"width":1,"height":1,"maximised":false}', '\0'])(
  'a file that holds %j is as good as none',
  (text) => {
    writeFileSync(file, text);
    expect(loadWindowState(file, [screen])).toEqual(first);
  },
);

it('a folder that cannot be written costs the place and nothing else', () => {
  const nowhere = join(dir, 'missing', 'window.json');
  saveWindowState(nowhere, windowAt(1, 1));
  expect(existsSync(nowhere)).toBe(false);
});
