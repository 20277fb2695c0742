/** The window's position and size, kept in one small file. A file that cannot be read counts as absent. */
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { BrowserWindow, Rectangle } from 'electron';
import { z } from 'zod';

export const minimumSize = { width: 720, height: 560 };
const defaultSize = { width: 1280, height: 800 };

const pixels = z.int().min(-100_000).max(100_000);
const stateSchema = z.strictObject({
  x: pixels,
  y: pixels,
  width: pixels.min(minimumSize.width),
  height: pixels.min(minimumSize.height),
  maximised: z.boolean(),
});
export type WindowState = z.infer<typeof stateSchema>;

/** `bounds` without x and y: the system chooses the position. */
export interface WindowPlace {
  bounds: { width: number; height: number } | Rectangle;
  maximised: boolean;
}

/** How many pixels of the window must be on a screen for a person to be able to drag it. */
const graspable = 100;

/** `workAreas`: those of the screens present now; the screen that the window was on may be gone. */
export function loadWindowState(file: string, workAreas: readonly Rectangle[]): WindowPlace {
  const state = read(file);
  if (!state) return { bounds: defaultSize, maximised: false };
  const { maximised, ...bounds } = state;
  if (workAreas.some((area) => isGraspable(bounds, area))) return { bounds, maximised };
  return { bounds: { width: bounds.width, height: bounds.height }, maximised };
}

function isGraspable(bounds: Rectangle, area: Rectangle): boolean {
  const wide = Math.min(bounds.x + bounds.width, area.x + area.width) - Math.max(bounds.x, area.x);
  // Its top edge must be there, because windows are dragged by it.
  return wide >= graspable && bounds.y >= area.y - 8 && bounds.y <= area.y + area.height - graspable;
}

function read(file: string): WindowState | undefined {
  try {
    return stateSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Writes the file whole or not at all. On a full disk only the window's position is lost. */
export function saveWindowState(file: string, window: Pick<BrowserWindow, 'getNormalBounds' | 'isMaximized'>): void {
  const state: WindowState = { ...window.getNormalBounds(), maximised: window.isMaximized() };
  const part = `${file}.${randomUUID()}.part`;
  try {
    writeFileSync(part, JSON.stringify(state), { mode: 0o600 });
    renameSync(part, file);
  } catch {
    rmSync(part, { force: true });
  }
}
