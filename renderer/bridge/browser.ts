/** The rest of the browser that the app uses: theme, window width, keys, what is remembered in this browser, the clipboard. */
import { tinykeys } from 'tinykeys';
import type { Settings } from '../../electron/contract/settings.ts';

import { isDraggingOut } from './desktop.ts';

export type WindowWidth = 'wide' | 'medium' | 'narrow';

export function watchWidth(listener: (width: WindowWidth) => void): void {
  const wide = window.matchMedia('(min-width: 1100px)');
  const medium = window.matchMedia('(min-width: 800px)');
  const tell = () => listener(wide.matches ? 'wide' : medium.matches ? 'medium' : 'narrow');
  wide.addEventListener('change', tell);
  medium.addEventListener('change', tell);
  tell();
}

const systemDark = () => window.matchMedia('(prefers-color-scheme: dark)');

/** Returns what is shown then. */
export function applyTheme(theme: Settings['theme']): 'light' | 'dark' {
  const isDark = theme === 'dark' || (theme === 'system' && systemDark().matches);
  const shown = isDark ? 'dark' : 'light';
  document.documentElement.dataset.theme = shown;
  remember('theme', theme);
  return shown;
}

/** Before the server has said anything: what it said last time. */
export function applyRememberedTheme(): 'light' | 'dark' {
  const theme = recall('theme');
  return applyTheme(theme === 'dark' || theme === 'light' ? theme : 'system');
}

/** What the style sheet makes of both: tokens.css and index.css. */
export function applyAppearance({ fontSize, motion }: Pick<Settings, 'fontSize' | 'motion'>): void {
  const { dataset } = document.documentElement;
  dataset.fontSize = fontSize;
  dataset.motion = motion;
  remember('fontSize', fontSize);
  remember('motion', motion);
}

/** Before the server has said anything, so that nothing jumps when it does. */
export function applyRememberedAppearance(): void {
  const { dataset } = document.documentElement;
  for (const name of ['fontSize', 'motion'] as const) {
    const value = recall(name);
    if (value !== null) dataset[name] = value;
  }
}

export function watchSystemTheme(listener: () => void): void {
  systemDark().addEventListener('change', listener);
}

/** Keys that work everywhere in the window, named as tinykeys does. Escape first closes what floats, and only that. */
export function watchKeys(keys: Record<string, () => void>): void {
  let floats = false;
  // Before anybody closes anything.
  const look = () => {
    floats = document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]') !== null;
  };
  window.addEventListener('keydown', look, { capture: true });
  const bindings = Object.entries(keys).map(([chord, action]): [string, (event: KeyboardEvent) => void] => [
    chord,
    (event) => {
      if (event.defaultPrevented || (chord === 'Escape' && floats)) return;
      event.preventDefault();
      action();
    },
  ]);
  tinykeys(window, Object.fromEntries(bindings));
}

/** Files dragged over or dropped anywhere on the window. */
export function watchDrops(events: { onOver: (isOver: boolean) => void; onFiles: (files: File[]) => void }): void {
  let depth = 0;
  const hasFiles = (event: DragEvent) => !isDraggingOut() && (event.dataTransfer?.types.includes('Files') ?? false);
  window.addEventListener('dragenter', (event) => {
    if (!hasFiles(event)) return;
    depth++;
    events.onOver(true);
  });
  window.addEventListener('dragleave', (event) => {
    if (!hasFiles(event)) return;
    depth = Math.max(0, depth - 1);
    if (depth === 0) events.onOver(false);
  });
  // Without these the browser would leave the app and open the file.
  window.addEventListener('dragover', (event) => event.preventDefault());
  window.addEventListener('drop', (event) => {
    event.preventDefault();
    depth = 0;
    events.onOver(false);
    const files = hasFiles(event) ? [...(event.dataTransfer?.files ?? [])] : [];
    if (files.length > 0) events.onFiles(files);
  });
}

export function focusOn(elementId: string): void {
  document.getElementById(elementId)?.focus();
}

/** The system's own dialog. */
export function pickFiles(onFiles: (files: File[]) => void): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = true;
  input.addEventListener('change', () => onFiles([...(input.files ?? [])]));
  input.click();
}

export function remember(name: string, value: string): void {
  try {
    window.localStorage.setItem(`rocketdoc.${name}`, value);
  } catch {
    // A full or forbidden storage: the layout is simply not remembered.
  }
}

export function recall(name: string): string | null {
  try {
    return window.localStorage.getItem(`rocketdoc.${name}`);
  } catch {
    return null;
  }
}

/** The browser's own download, into the folder that the person chose there. */
export function saveFile(fileName: string, content: BlobPart, mediaType: string): void {
  saveBlob(fileName, new Blob([content], { type: mediaType }));
}

interface Picture {
  fileName: string;
  width: number;
  height: number;
  /** `color` gives what a custom property means in the theme that is shown. */
  draw: (context: CanvasRenderingContext2D, color: (name: string) => string) => void;
}

/** As PNG, two pixels for each of `width` and `height`. */
export function savePicture({ fileName, width, height, draw }: Picture): void {
  const canvas = document.createElement('canvas');
  canvas.width = 2 * width;
  canvas.height = 2 * height;
  const context = canvas.getContext('2d');
  if (!context) return;
  context.scale(2, 2);
  const style = getComputedStyle(document.documentElement);
  draw(context, (name) => style.getPropertyValue(name).trim());
  canvas.toBlob((blob) => blob && saveBlob(fileName, blob), 'image/png');
}

function saveBlob(fileName: string, blob: Blob): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = fileName;
  link.click();
  // The download holds what it needs by then.
  window.setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

export async function copyText(text: string): Promise<boolean> {
  try {
    await window.navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** Over http from another machine a browser has no clipboard to write to, but copies what is selected. */
function copyBySelection(text: string): boolean {
  const focused = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed'; // nothing scrolls to it
  (focused?.closest('[role="dialog"]') ?? document.body).append(area); // a dialog keeps the focus within it
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}
